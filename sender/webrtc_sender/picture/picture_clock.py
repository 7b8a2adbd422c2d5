"""The clock that the test pattern burns into the picture (src/protocol/picture-clock.ts has the layout)."""

COLUMNS = 32
ROWS = 2
PERIOD_MICROS = 2**40
DARK, LIGHT = 16, 235  # luma of black and white in video range


def block_size(picture_width: int) -> int:
    """Edge of one block in pixels."""
    return 16 if picture_width >= 512 else 8


def encode(micros: int, sequence: int) -> bytes:
    """The eight bytes: five of time, two of frame number, one of checksum."""
    body = (micros % PERIOD_MICROS).to_bytes(5, 'big') + (sequence & 0xFFFF).to_bytes(2, 'big')
    return body + bytes([checksum(body)])


def decode(clock: bytes) -> tuple[int, int] | None:
    """(micros, sequence), or None when the checksum does not fit."""
    if clock[7] != checksum(clock[:7]):
        return None
    return int.from_bytes(clock[:5], 'big'), int.from_bytes(clock[5:7], 'big')


def checksum(body: bytes) -> int:
    return (sum(body) & 0xFF) ^ 0x5A


def luma_rows(micros: int, sequence: int, block: int) -> list[bytes]:
    """One line of luma for each of the two rows of blocks; every line of a row is the same."""
    bits = f'{int.from_bytes(encode(micros, sequence), "big"):064b}'
    light, dark = bytes([LIGHT]) * block, bytes([DARK]) * block
    return [
        b''.join(light if bit == '1' else dark for bit in bits[row * COLUMNS : (row + 1) * COLUMNS])
        for row in range(ROWS)
    ]


def read_luma(luma: bytes, stride: int, picture_width: int) -> tuple[int, int] | None:
    """Reads the clock back from a luma plane, as a viewer does."""
    block = block_size(picture_width)
    value = 0
    for bit in range(COLUMNS * ROWS):
        x = bit % COLUMNS * block + block // 2
        y = bit // COLUMNS * block + block // 2
        value = value << 1 | (luma[y * stride + x] > 127)
    return decode(value.to_bytes(8, 'big'))
