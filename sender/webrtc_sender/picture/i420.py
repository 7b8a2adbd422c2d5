"""A raw I420 picture as bytes, and small pictures that can be copied into it. Pure; even coordinates only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plane:
    """One of the three planes inside a frame's bytes."""

    offset: int
    stride: int
    #: 1 for luma, 2 for the two chroma planes, which have half the size.
    divisor: int


@dataclass(frozen=True)
class Layout:
    """Where everything is, with the strides that GStreamer uses (video-info.c: rounded up to four bytes)."""

    width: int
    height: int

    @property
    def planes(self) -> tuple[Plane, Plane, Plane]:
        stride = _round_up(self.width, 4)
        chroma_stride = _round_up(_round_up(self.width, 2) // 2, 4)
        luma_size = stride * _round_up(self.height, 2)
        chroma_size = chroma_stride * _round_up(self.height, 2) // 2
        return (
            Plane(0, stride, 1),
            Plane(luma_size, chroma_stride, 2),
            Plane(luma_size + chroma_size, chroma_stride, 2),
        )

    @property
    def size(self) -> int:
        last = self.planes[2]
        return last.offset + last.stride * _round_up(self.height, 2) // 2


@dataclass(frozen=True)
class Sprite:
    """A small picture: for each plane, its rows."""

    width: int
    height: int
    rows: tuple[tuple[bytes, ...], ...]

    @staticmethod
    def cut(picture: bytes, layout: Layout, x: int, y: int, width: int, height: int) -> 'Sprite':
        rows = []
        for plane in layout.planes:
            left, across = x // plane.divisor, width // plane.divisor
            starts = (
                plane.offset + row * plane.stride + left
                for row in range(y // plane.divisor, (y + height) // plane.divisor)
            )
            rows.append(tuple(picture[start : start + across] for start in starts))
        return Sprite(width, height, tuple(rows))


def blit(frame: bytearray, planes, sprite: Sprite, x: int, y: int, picture_width: int) -> None:
    """Copies a sprite into the frame; what lies left or right of the picture is cut off."""
    for plane, rows in zip(planes, sprite.rows, strict=True):
        left = x // plane.divisor
        skip = max(0, -left)
        across = min(sprite.width // plane.divisor, picture_width // plane.divisor - left) - skip
        if across <= 0:
            continue
        start = plane.offset + (y // plane.divisor) * plane.stride + left + skip
        for row in rows:
            frame[start : start + across] = row[skip : skip + across]
            start += plane.stride


def _round_up(value: int, step: int) -> int:
    return (value + step - 1) // step * step
