"""A fake signalling server for the sender's tests: Socket.IO towards the sender, plain methods towards the test.

It relays as the real one does, keeps everything it hears, and lets a test wait for it.
`python3 fake_server.py PORT` also serves a page that plays the stream, for a look with a browser.
"""

import asyncio
import itertools
import sys

import socketio
from aiohttp import web

ICE = {'turnServers': []}


class FakeServer:
    def __init__(self) -> None:
        self.sio = socketio.AsyncServer(async_mode='aiohttp', cors_allowed_origins='*')
        self.app = web.Application()
        self.sio.attach(self.app, socketio_path='webrtc-signaling')
        self.heard: list[tuple[str, dict]] = []
        self.auth: list[dict] = []
        self.sender: str | None = None
        self.refusals: list[dict] = []  # for the next publishes
        self.token_refusals: list[dict] = []  # for the next authenticates
        self.before_published = None  # a coroutine function, called once before publish is acknowledged
        self.candidates: dict[str, list] = {}
        self.on_candidate: dict = {}
        self._news = asyncio.Condition()
        self._runner = None
        self.port = 0
        for event in ('publish', 'unpublish', 'update-camera', 'candidate', 'leave', 'authenticate'):
            self.sio.on(event, self._hears(event))
        self.sio.on('connect', self._on_connect)
        self.sio.on('disconnect', self._on_disconnect)

    async def start(self, port: int = 0) -> None:
        self._runner = web.AppRunner(self.app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, '127.0.0.1', port, shutdown_timeout=0.1)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _on_connect(self, sid, _environ, auth) -> None:
        self.auth.append(auth)
        self.sender = sid

    async def _on_disconnect(self, sid) -> None:
        if self.sender == sid:
            self.sender = None
        await self._tell()

    def _hears(self, event: str):
        async def handler(_sid, message):
            self.heard.append((event, message))
            if event == 'candidate':
                self.candidates.setdefault(message['session'], []).append(message)
                self.on_candidate.get(message['session'], lambda _: None)(message)
            await self._tell()
            if event == 'publish':
                hook, self.before_published = self.before_published, None
                if hook:
                    await hook()
                if self.refusals:
                    return {'ok': False, 'error': self.refusals.pop(0)}
                return {'ok': True, 'ice': ICE}
            if event == 'authenticate' and self.token_refusals:
                return {'ok': False, 'error': self.token_refusals.pop(0)}
            return {'ok': True}

        return handler

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def all(self, event: str) -> list[dict]:
        return [message for name, message in self.heard if name == event]

    async def wait_for(self, event: str, condition=lambda message: True, timeout: float = 10) -> dict:
        """The first message of this kind that fits, whether it has come already or not."""

        def found():
            return next((message for message in self.all(event) if condition(message)), None)

        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: found() is not None), timeout)
        return found()

    async def wait_until(self, condition, timeout: float = 10) -> None:
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(condition), timeout)

    async def ask(self, event: str, message: dict, timeout: float = 12) -> dict:
        return await self.sio.call(event, message, to=self.sender, timeout=timeout)

    async def offer(self, session: str, epoch: int, sdp: str) -> dict:
        return await self.ask('offer', {'stream': 'camera', 'session': session, 'epoch': epoch, 'sdp': sdp, 'ice': ICE})

    async def tell(self, event: str, message: dict) -> None:
        await self.sio.emit(event, message, to=self.sender)


PAGE = """<!doctype html><title>fake</title><video id=v autoplay muted playsinline></video><script type=module>
const post = async (path, body) => (await fetch(path, {method: 'POST', body: JSON.stringify(body)})).json();
window.join = async () => {
  const started = performance.now();
  const pc = window.pc = new RTCPeerConnection();
  const {session} = await post('/join', {});
  window.session = session;
  pc.addTransceiver('video', {direction: 'recvonly'});
  const channel = window.channel = pc.createDataChannel('webrtc-preview', {ordered: false});
  window.messages = [];
  channel.onmessage = (e) => messages.push({...JSON.parse(e.data), at: performance.timeOrigin + performance.now()});
  channel.onopen = () => setInterval(() => channel.readyState === 'open' &&
    channel.send(JSON.stringify({type: 'ping', t: performance.timeOrigin + performance.now()})), 300);
  pc.ontrack = (e) => { v.srcObject = e.streams[0] ?? new MediaStream([e.track]); };
  await pc.setLocalDescription();
  const answer = await post('/offer', {session, epoch: 1, sdp: pc.localDescription.sdp});
  window.answer = answer; window.answerMs = performance.now() - started;
  if (!answer.ok) return answer;
  await pc.setRemoteDescription({type: 'answer', sdp: answer.sdp});
  pc.onicecandidate = (e) => e.candidate && post('/candidate', {session, epoch: 1, candidate: e.candidate.toJSON()});
  (async () => { let n = 0; while (pc.connectionState !== 'closed' && pc.connectionState !== 'connected') {
    for (const m of await post('/candidates', {session, from: n})) {
      n++; if (m.candidate.candidate) await pc.addIceCandidate(m.candidate);
    }
    await new Promise((r) => setTimeout(r, 5)); } })();
  await new Promise((r) => v.requestVideoFrameCallback(r));
  window.firstMs = performance.now() - started;
  return {ok: true, answerMs, firstMs};
};
</script>"""


def serve_page(fake: FakeServer) -> None:
    """Routes with which a browser can watch: HTTP instead of Socket.IO, polling instead of events."""
    numbers = itertools.count(1)

    async def page(_request):
        return web.Response(text=PAGE, content_type='text/html')

    async def join(_request):
        return web.json_response({'session': f'browser-{next(numbers)}'})

    async def offer(request):
        message = await request.json()
        return web.json_response(await fake.ask('offer', {'stream': 'camera', **message, 'ice': ICE}))

    async def candidate(request):
        await fake.tell('candidate', await request.json())
        return web.json_response({})

    async def candidates(request):
        message = await request.json()
        return web.json_response(fake.candidates.get(message['session'], [])[message['from'] :])

    async def ask(request):
        message = await request.json()
        return web.json_response(await fake.ask(request.match_info['event'], message))

    async def tell(request):
        await fake.tell(request.match_info['event'], await request.json())
        return web.json_response({})

    fake.app.router.add_get('/', page)
    fake.app.router.add_post('/join', join)
    fake.app.router.add_post('/offer', offer)
    fake.app.router.add_post('/candidate', candidate)
    fake.app.router.add_post('/candidates', candidates)
    fake.app.router.add_post('/ask/{event}', ask)
    fake.app.router.add_post('/tell/{event}', tell)


async def main(port: int) -> None:
    fake = FakeServer()
    serve_page(fake)
    await fake.start(port)
    print(f'http://127.0.0.1:{fake.port}', flush=True)
    await asyncio.Event().wait()


if __name__ == '__main__':
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8090))
