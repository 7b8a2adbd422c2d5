"""Every packet twice or three times, a little later each, for a viewer whose link loses some.

    srtpenc -> tee -> (as before) -> funnel
                |`-> valve -> queue -> clocksync -> funnel
                 `-> valve -> queue -> clocksync -> funnel

The copies leave the tee encrypted: the same bytes, so that a browser that has the first drops the others as replays
and never knows of them, and no packet is numbered, kept or encrypted twice. A packet is then missed only when all are
lost; waiting for a retransmission instead takes a round trip and more. Retransmissions are copied too.

Put in when it is first needed; a valve closes when its copy no longer is. No Python runs for a packet.
"""

from functools import partial

from .. import log
from ..gst import Gst
from .rest import elements_of

# One after the other: far enough for most bursts of loss to be over, near enough for the frame not to be late.
GAP_S = 0.008
# Where it is not known how long a frame takes from the camera to the encoder's output.
USUAL_S = 0.02
BRANCH = (
    'valve name=valve drop=true ! queue leaky=upstream max-size-buffers=1000 max-size-bytes=0 max-size-time=0 '
    '! clocksync name=sync'
)


class Copies:
    """Of one connection."""

    def __init__(self, webrtc) -> None:
        self._tees = [
            tee
            for encoder in elements_of(webrtc, 'srtpenc')
            for pad in encoder.srcpads
            if pad.get_name().startswith('rtp_src') and (tee := _put_in(pad, encoder.get_parent()))
        ]
        self._branches: list[list] = []  # for each copy beyond the first, those of all tees

    def send(self, count: int, encoded_after_s: float | None) -> None:
        """Each packet `count` times in all. `encoded_after_s`: how old a frame is when it leaves the encoder."""
        while len(self._branches) < count - 1:
            self._branches.append([_add_branch(tee) for tee in self._tees])
        usual_s = USUAL_S if encoded_after_s is None else encoded_after_s
        for number, branches in enumerate(self._branches, 1):
            for branch in branches:
                offset = round((usual_s + number * GAP_S) * Gst.SECOND)
                branch.get_by_name('sync').set_property('ts-offset', offset)
                branch.get_by_name('valve').set_property('drop', number >= count)


def _put_in(source, transport):
    """A tee behind `source`; None where the elements are not those that are known."""
    if len(elements_of(transport, 'funnel')) != 1 or not source.get_peer():
        log.debug('no-copies')
        return None
    tee = Gst.ElementFactory.make('tee')
    transport.add(tee)
    tee.sync_state_with_parent()
    source.add_probe(Gst.PadProbeType.IDLE, partial(_on_idle, tee))
    return tee


def _on_idle(tee, source, _info):
    behind = source.get_peer()
    if behind:
        source.unlink(behind)
        tee.request_pad_simple('src_%u').link(behind)
        source.link(tee.get_static_pad('sink'))
    return Gst.PadProbeReturn.REMOVE


def _add_branch(tee):
    transport = tee.get_parent()
    branch = Gst.parse_bin_from_description(BRANCH, True)
    transport.add(branch)
    branch.link(elements_of(transport, 'funnel')[0])
    branch.sync_state_with_parent()
    tee.link(branch)
    return branch
