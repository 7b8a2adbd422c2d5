"""What a viewer's pipeline is made of, as text for GStreamer: the pipeline, and the caps that say what is sent."""

from . import sdp
from .extensions import ExtensionIds

# One Ethernet frame less SRTP, TURN and tunnels.
MTU = 1200
# As many frames waiting for so long mean that the viewer's own pipeline hangs: drop, and begin again with a keyframe.
# Who has just joined is given more at once, which are gone in a moment.
QUEUED_FRAMES = 30
CROWDED_S = 0.3
# Above all that a newcomer may be given (rung.py).
MOST_FRAMES = 400

PAYLOADERS = {
    'H264': f'rtph264pay name=pay config-interval=0 aggregate-mode=zero-latency mtu={MTU}',
    'VP8': f'rtpvp8pay name=pay picture-id-mode=15-bit mtu={MTU}',
}
MEDIA_CAPS = {'H264': 'video/x-h264,stream-format=byte-stream,alignment=au', 'VP8': 'video/x-vp8'}

PIPELINE = (
    'appsrc name=frames is-live=true format=time min-latency=0 max-bytes=0 max-buffers={most} '
    'leaky-type=downstream caps={caps} ! {payloader} pt={payload} ssrc={ssrc} timestamp-offset={offset} '
    'webrtcbin name=webrtc bundle-policy=max-bundle'
)


def pipeline(codec: sdp.Codec, ssrc: int, offset: int) -> str:
    return PIPELINE.format(
        most=MOST_FRAMES,
        caps=MEDIA_CAPS[codec.name],
        payloader=PAYLOADERS[codec.name],
        payload=codec.payload,
        ssrc=ssrc,
        offset=offset,
    )


def rtp_caps(codec: sdp.Codec, ssrc: int, ids: ExtensionIds) -> str:
    """Nothing of the offer gets in here that sdp.py has not checked."""
    parameters = ''.join(f',{name}=(string){value}' for name, value in codec.parameters.items())
    return (
        f'application/x-rtp,media=(string)video,clock-rate=(int)90000,encoding-name=(string){codec.name},'
        f'payload=(int){codec.payload},ssrc=(uint){ssrc}{parameters}{ids.caps()}'
    )
