"""What webrtcbin does for each packet and this sender has no use for.

webrtcbin leads every stream through an encoder of forward error correction, also where none is wanted; that takes the
lists apart in which a frame's packets travel, and all elements behind it run once for each packet instead of once for
each frame. Without it a viewer costs a tenth less. Each ICE agent also looks for a UPnP router, with sockets and
warnings of its own; a sender that wants to be reached from outside has a TURN server. And it looks whether there is a
check to be made every 20 ms, which each join waits for.
"""

from .. import log
from ..gst import Gst
from .rest import elements_of

# The least that ICE allows (RFC 8445 §14.2).
PACING_MS = 5
# ICE goes on looking for so long after its last check; libnice's default is 5000.
IDLE_MS = 500


def skip_error_correction(webrtc) -> None:
    """Before the first frame. Leaves everything as it is where the elements are not those that are known."""
    for encoder in elements_of(webrtc, 'rtpulpfecenc'):
        inside = encoder.get_parent()
        entry, end = inside.get_static_pad('sink'), inside.get_static_pad('src')
        before, behind = (pad.get_peer() if pad else None for pad in (entry, end))
        if inside is webrtc or not before or not behind:
            log.debug('short-cut-not-taken')
            continue
        before.unlink(entry)
        end.unlink(behind)
        if before.link(behind) != Gst.PadLinkReturn.OK:
            before.link(entry)
            end.link(behind)


def hasten_checks(webrtc) -> None:
    """Before gathering begins."""
    _set(webrtc, 'upnp', False)
    _set(webrtc, 'stun-pacing-timer', PACING_MS)


def end_checks(webrtc) -> None:
    """When there is a connection: every 5 ms is then 1 % of a core."""
    _set(webrtc, 'idle-timeout', IDLE_MS)


def _set(webrtc, name: str, value) -> None:
    """A property of its ICE agent, where that has it."""
    for source in elements_of(webrtc, 'nicesrc'):
        agent = source.get_property('agent')
        if agent and agent.find_property(name):
            agent.set_property(name, value)
