"""A fake WHIP server: HTTP as the test wants it, and behind it GStreamer's webrtcbin, which takes what is published."""

import asyncio

from aiohttp import web
from webrtc_sender.gst import Gst, GstSdp, GstVideo, GstWebRTC, promised

BIND = '127.0.0.1'


class FakeWhipServer:
    """`answer(request, offer)`, a coroutine, makes the response to a POST; by default `accept` does.

    `tls` is an SSLContext with a certificate for "localhost".
    """

    def __init__(self, tls=None) -> None:
        self._tls = tls
        self.answer = self.accept
        #: What came: (method, path, headers, body).
        self.requests: list = []
        self.takers: list[Taker] = []
        #: Of the response to a POST, besides those that every server sends.
        self.headers: list[tuple[str, str]] = []
        self.patch_status = 204
        self.hangs_at_the_end = False
        self._news = asyncio.Condition()
        app = web.Application(middlewares=[self._record])
        app.router.add_post('/whip', self._on_post)
        app.router.add_patch('/session/{number}', self._on_patch)
        app.router.add_delete('/session/{number}', self._on_delete)
        self._runner = web.AppRunner(app)
        self.port = 0

    @property
    def url(self) -> str:
        scheme, host = ('https', 'localhost') if self._tls else ('http', BIND)
        return f'{scheme}://{host}:{self.port}/whip'

    async def __aenter__(self):
        await self._runner.setup()
        site = web.TCPSite(self._runner, BIND, 0, ssl_context=self._tls, shutdown_timeout=0.1)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_) -> None:
        await self._runner.cleanup()
        await asyncio.gather(*(taker.close() for taker in self.takers))

    async def wait_for(self, method: str, times: int = 1):
        """The request of this method that comes as the `times`th."""

        def found() -> list:
            return [request for request in self.requests if request[0] == method]

        async with self._news:
            await self._news.wait_for(lambda: len(found()) >= times)
        return found()[times - 1]

    async def wait_for_frames(self, taker: int = 0, count: int = 1) -> 'Taker':
        """Of the `taker`th that published."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.takers) > taker and self.takers[taker].frames >= count)
        return self.takers[taker]

    async def accept(self, _request, offer: str) -> web.Response:
        taker = Taker(self._tell)
        self.takers.append(taker)
        return self.created(await taker.answer(offer), f'session/{len(self.takers)}')

    def created(self, answer: str, location: str | None = 'session/1') -> web.Response:
        response = web.Response(status=201, text=answer, content_type='application/sdp')
        if location:
            response.headers['Location'] = location
        for name, value in self.headers:
            response.headers.add(name, value)
        return response

    # ---- requests -----------------------------------------------------------------------------------------------

    @web.middleware
    async def _record(self, request, handler):
        self.requests.append((request.method, request.path, request.headers, await request.text()))
        async with self._news:
            self._news.notify_all()
        return await handler(request)

    async def _on_post(self, request) -> web.Response:
        return await self.answer(request, await request.text())

    async def _on_patch(self, _request) -> web.Response:
        return web.Response(status=self.patch_status)

    async def _on_delete(self, _request) -> web.Response:
        if self.hangs_at_the_end:
            await asyncio.Event().wait()
        return web.Response(status=200)

    def _tell(self) -> None:
        async def tell():
            async with self._news:
                self._news.notify_all()

        asyncio.ensure_future(tell())


class Taker:
    """One session's receiver. Counts frames and does not decode them."""

    def __init__(self, on_news) -> None:
        self._on_news = on_news
        self._loop = asyncio.get_running_loop()
        self.frames = 0
        self.ssrcs: set[int] = set()
        self._pad = None
        self._gathered = asyncio.Event()
        self._pipeline = Gst.Pipeline()
        self._webrtc = Gst.ElementFactory.make('webrtcbin')
        self._webrtc.set_property('bundle-policy', 'max-bundle')
        self._pipeline.add(self._webrtc)
        self._handlers = [
            self._webrtc.connect('pad-added', self._on_pad),
            self._webrtc.connect('notify::ice-gathering-state', self._on_gathering),
        ]
        self._pipeline.set_state(Gst.State.PLAYING)

    async def answer(self, offer: str) -> str:
        """With all candidates in it."""
        _, message = GstSdp.SDPMessage.new_from_text(offer)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, message)
        await promised(self._webrtc, 'set-remote-description', description)
        answer, reply = await promised(self._webrtc, 'create-answer', None, field='answer')
        await promised(self._webrtc, 'set-local-description', answer)
        del answer, reply
        await self._gathered.wait()
        return self._webrtc.get_property('local-description').sdp.as_text()

    def request_keyframe(self) -> None:
        """Sends a PLI."""
        self._pad.send_event(GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, True, 0))

    async def close(self) -> None:
        """At once, and without a word that anybody would hear."""
        await self._loop.run_in_executor(None, self._stop)

    def _stop(self) -> None:
        if self._pipeline:
            for handler in self._handlers:
                self._webrtc.disconnect(handler)
            self._pipeline.set_state(Gst.State.NULL)
        self._pipeline = self._webrtc = self._pad = None

    def _on_gathering(self, webrtc, _property) -> None:
        if webrtc.get_property('ice-gathering-state') == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self._loop.call_soon_threadsafe(self._gathered.set)

    def _on_pad(self, _webrtc, pad) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        sink = Gst.ElementFactory.make('fakesink')
        sink.set_property('sync', False)
        sink.set_property('async', False)
        self._pipeline.add(sink)
        entry = sink.get_static_pad('sink')
        entry.add_probe(Gst.PadProbeType.BUFFER, self._on_packet)
        pad.link(entry)
        sink.sync_state_with_parent()
        self._pad = pad

    def _on_packet(self, _pad, info):
        with info.get_buffer().map(Gst.MapFlags.READ) as packet:
            self.ssrcs.add(int.from_bytes(packet.data[8:12], 'big'))
            is_last_of_frame = packet.data[1] & 0x80
        if is_last_of_frame:
            self.frames += 1
            self._loop.call_soon_threadsafe(self._on_news)
        return Gst.PadProbeReturn.OK
