"""One viewer: a connection that answers its offer."""

import time

from ..encode.encoders import Encoder
from ..gst import Clockwork, GstSdp, GstWebRTC, promised
from ..server.protocol import Offer, PreviewError, Quality
from . import knock, media, sdp, short_cut
from .connection import CLOSED_EARLY, Connection, State
from .extensions import ExtensionIds

__all__ = ['CLOSED_EARLY', 'State', 'Viewer']


class Viewer(Connection):
    """Another offer of the same session is another Viewer. `events` as for Connection."""

    def __init__(
        self, offer: Offer, section: sdp.VideoSection, codec: sdp.Codec, encoder: Encoder, ids: ExtensionIds,
        relay_only: bool, clockwork: Clockwork, post, events,
    ) -> None:  # fmt: skip
        super().__init__(offer.session, clockwork, post, events, relay_only)
        self.session = offer.session
        self.epoch = offer.epoch
        self.offered_at = time.monotonic()
        self.codec = codec
        self.encoder = encoder
        #: What its page was told last of what it is sent.
        self.told_quality: Quality | None = None
        #: Its page is hidden: nothing is sent to it until it asks.
        self.is_paused = False
        #: It has been silent for so long that nothing is sent to it but knocks.
        self.is_cut_off = False
        #: When its page was lost to the server, by time.monotonic(); the media may flow on.
        self.signalling_lost_at: float | None = None
        self._offer = offer
        self._section = section
        self._ids = ids

    async def answer(self, run_blocking) -> str:
        """The SDP that answers the offer; raises PreviewError. Does not wait for candidates: they follow."""
        self._advance(State.NEGOTIATING)
        await run_blocking(self._build, self.codec, self._ids, self._offer.stun_server, self._offer.turn_servers)
        self._check_open()
        try:
            answer = await self._negotiate()
        except RuntimeError as reason:
            self._check_open()  # GStreamer has other words for it at every step
            raise PreviewError('sender_failed', str(reason)) from reason
        self._advance(State.CONNECTING)
        return answer

    async def _negotiate(self) -> str:
        status, message = GstSdp.SDPMessage.new_from_text(sdp.let_viewer_begin(self._offer.sdp))
        if status != GstSdp.SDPResult.OK:
            raise PreviewError('invalid_sdp', 'GStreamer cannot read the offer.')
        offer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, message)
        await promised(self._webrtc, 'set-remote-description', offer)
        self._check_open()
        self._link(self._section.index, media.rtp_caps(self.codec, self._ssrc, self._ids))
        answer, reply = await promised(self._webrtc, 'create-answer', None, field='answer')
        self._check_open()
        text = answer.sdp.as_text()
        self._credentials = knock.Credentials(self._offer.sdp, text)
        short_cut.hasten_checks(self._webrtc)
        await promised(self._webrtc, 'set-local-description', answer)
        self._check_open()
        short_cut.skip_error_correction(self._webrtc)
        del answer, reply  # in this order: the answer is borrowed from the reply
        self._add_early_candidates()
        return text
