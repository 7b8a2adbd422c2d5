"""What webrtcbin does for each packet and this sender has no use for.

webrtcbin leads every stream through an encoder of forward error correction, also where none is wanted; that takes the
lists apart in which a frame's packets travel, and all elements behind it run once for each packet instead of once for
each frame. Without it a viewer costs a tenth less. Each ICE agent also looks for a UPnP router, with sockets and
warnings of its own; a sender that wants to be reached from outside has a TURN server.
"""

from .. import log
from ..gst import Gst
from .rest import elements_of


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


def leave_router_alone(webrtc) -> None:
    """Before gathering begins."""
    for source in elements_of(webrtc, 'nicesrc'):
        agent = source.get_property('agent')
        if agent and agent.find_property('upnp'):
            agent.set_property('upnp', False)
