"""Pictures from text: SVG drawn by GStreamer."""

from ..gst import Gst


def render(svg: str, width: int, height: int) -> bytes:
    """An SVG as an I420 picture."""
    pipeline = Gst.parse_launch(
        'appsrc name=svg caps=image/svg+xml ! rsvgdec ! videoconvert ! '
        f'video/x-raw,format=I420,width={width},height={height},colorimetry=bt709 ! appsink name=out sync=false'
    )
    source = pipeline.get_by_name('svg')
    pipeline.set_state(Gst.State.PLAYING)
    source.emit('push-buffer', Gst.Buffer.new_wrapped(svg.encode()))
    source.emit('end-of-stream')
    sample = pipeline.get_by_name('out').emit('try-pull-sample', 30 * Gst.SECOND)
    pipeline.set_state(Gst.State.NULL)
    if not sample:
        raise RuntimeError('rsvgdec made no picture')
    buffer = sample.get_buffer()
    return buffer.extract_dup(0, buffer.get_size())
