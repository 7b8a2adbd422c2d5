#!/usr/bin/python3
"""The sender's test pattern for other servers: the same picture and clock, encoded as the sender encodes it.

    peer-source.py [--width W --height H --fps R --bitrate KBIT --keyframe-interval FRAMES --grainy --ssrc N] HOW

    rtp PORT                         RTP by UDP to this port of 127.0.0.1
    rtsp PORT                        an RTSP server on this port of 127.0.0.1, RTP over its TCP connections
    webrtcsink PLUGIN_FOLDER PORT    [--host ADDRESS] raw frames into webrtcsink, whose signalling listens on this port

Says "ready" when its first frame has left, and goes on until it is stopped. Everything up to the RTP packets is the
sender's own modules. The RTSP server is a small one of its own because it must not add anything: GStreamer's
rtspclientsink in front of another server adds 17 ms.
"""

import argparse
import contextlib
import os
import random
import re
import signal
import socket
import struct
import sys
import threading
import time
from base64 import b64encode
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'sender'))

HOST = '127.0.0.1'
PAYLOAD = 96
# What a peer does not read for this long is not for it.
WRITE_S = 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--width', type=int, default=1280)
    parser.add_argument('--height', type=int, default=720)
    parser.add_argument('--fps', type=float, default=29.3)
    parser.add_argument('--bitrate', type=int, default=2500)
    parser.add_argument('--keyframe-interval', type=int, default=60)
    parser.add_argument('--encoder', default='x264enc')
    parser.add_argument('--grainy', action='store_true')
    parser.add_argument('--ssrc', type=int, default=random.randrange(2**32 - 1))
    ways = parser.add_subparsers(dest='way', required=True)
    for way in ('rtp', 'rtsp'):
        ways.add_parser(way).add_argument('port', type=int)
    into = ways.add_parser('webrtcsink')
    into.add_argument('plugins')
    into.add_argument('port', type=int)
    into.add_argument('--host', default=HOST)
    return parser.parse_args()


chosen = arguments()
if chosen.way == 'webrtcsink':
    os.environ['GST_PLUGIN_PATH'] = os.pathsep.join(filter(None, [chosen.plugins, os.environ.get('GST_PLUGIN_PATH')]))

from webrtc_sender.camera.modes import Mode  # noqa: E402
from webrtc_sender.encode import encoders  # noqa: E402
from webrtc_sender.encode.rung import Rung  # noqa: E402
from webrtc_sender.gst import Clockwork, Gst, start_glib_loop  # noqa: E402
from webrtc_sender.peer import media  # noqa: E402
from webrtc_sender.picture.source import Sink, pattern_source, raw_caps  # noqa: E402
from webrtc_sender.picture.test_pattern import LABEL  # noqa: E402
from webrtc_sender.quality.ladder import levels_for  # noqa: E402

# RTP's clock begins at a time of day: after a restart it has not gone back.
TIMESTAMP = int(time.time() * 90_000) % 2**32
PAYLOADER = f'{media.PAYLOADERS["H264"]} pt={PAYLOAD} ssrc={chosen.ssrc} timestamp-offset={TIMESTAMP}'
FRAMES = f'appsrc name=frames is-live=true format=time min-latency=0 caps={media.MEDIA_CAPS["H264"]}'
RAW = 'appsrc name=raw is-live=true format=time max-buffers=1 leaky-type=downstream'


def fail(reason) -> None:
    print(reason, file=sys.stderr, flush=True)
    os._exit(1)


def post(function, *values) -> None:
    """There is one thing that can happen here, and it ends the program."""
    function(*values)


class Encoded:
    """What the source hands its frames to: one encoder, and `push(buffer, is_keyframe)` behind it."""

    def __init__(self, mode: Mode, clockwork: Clockwork, push) -> None:
        level = levels_for(mode, chosen.bitrate)[0]
        encoder = encoders.by_name(chosen.encoder)
        self._rung = Rung(level, encoder, chosen.bitrate, chosen.keyframe_interval, clockwork, post, self._on_error)
        self._rung.set_caps(raw_caps(mode))
        self._rung.out.subscribe(push, catch_up=False)
        self._rung.start()

    def set_caps(self, caps) -> None:
        self._rung.set_caps(caps)

    def push_raw(self, buffer) -> None:
        self._rung.push_raw(buffer)

    @staticmethod
    def _on_error(_rung, error) -> None:
        fail(error)


class Pipeline:
    """A pipeline on the program's clock that is fed with frames; an error in it ends the program."""

    def __init__(self, description: str, entry: str, clockwork: Clockwork) -> None:
        self.pipeline = Gst.parse_launch(description)
        clockwork.attach(self.pipeline)
        self._source = self.pipeline.get_by_name(entry)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect('message::error', lambda _bus, message: fail(message.parse_error()))

    def start(self) -> None:
        self.pipeline.set_state(Gst.State.PLAYING)

    def set_caps(self, caps) -> None:
        self._source.set_property('caps', caps)

    def push_raw(self, buffer) -> None:
        self._source.emit('push-buffer', buffer)
        say_ready()

    def push(self, buffer, _is_keyframe: bool) -> None:
        self._source.emit('push-buffer', buffer)
        say_ready()


said = threading.Event()


def say_ready() -> None:
    if not said.is_set():
        said.set()
        print('ready', flush=True)


def rtp_sender(clockwork: Clockwork) -> Pipeline:
    out = f'udpsink host={HOST} port={chosen.port} sync=false async=false'
    return Pipeline(f'{FRAMES} ! {PAYLOADER} ! {out}', 'frames', clockwork)


class RtspServer:
    """RFC 2326 as far as a client needs it that wants one video track over its own connection."""

    def __init__(self, clockwork: Clockwork) -> None:
        out = 'appsink name=packets sync=false async=false emit-signals=true buffer-list=true enable-last-sample=false'
        description = f'{FRAMES} ! {PAYLOADER} ! {out}'
        self._pipeline = Pipeline(description, 'frames', clockwork)
        self._pipeline.pipeline.get_by_name('packets').connect('new-sample', self._on_packets)
        self._lock = threading.Lock()
        self._players: dict[socket.socket, int] = {}
        self._parameters = threading.Event()
        self._sprop = ''
        self._listener = socket.create_server((HOST, chosen.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def start(self) -> None:
        self._pipeline.start()

    def push(self, buffer, is_keyframe: bool) -> None:
        if is_keyframe and not self._parameters.is_set():
            self._note_parameters(buffer.extract_dup(0, buffer.get_size()))
        self._pipeline.push(buffer, is_keyframe)

    def _note_parameters(self, frame: bytes) -> None:
        units = re.split(rb'\0\0\0?\x01', frame)[1:]
        sets = [unit for unit in units if unit and unit[0] & 31 in (7, 8)]
        profile = next(unit[1:4].hex() for unit in sets if unit[0] & 31 == 7)
        self._sprop = f'profile-level-id={profile};sprop-parameter-sets=' + ','.join(
            b64encode(unit.rstrip(b'\0')).decode() for unit in sets
        )
        self._parameters.set()

    def _on_packets(self, sink):
        sample = sink.emit('pull-sample')
        if not sample:
            return Gst.FlowReturn.EOS
        packets = sample.get_buffer_list()
        count = packets.length() if packets else 1
        buffers = [packets.get(number) for number in range(count)] if packets else [sample.get_buffer()]
        datagrams = [buffer.extract_dup(0, buffer.get_size()) for buffer in buffers]
        with self._lock:
            for player, channel in tuple(self._players.items()):
                framed = b''.join(bytes((36, channel)) + len(one).to_bytes(2, 'big') + one for one in datagrams)
                try:
                    player.sendall(framed)
                except OSError:
                    del self._players[player]
        return Gst.FlowReturn.OK

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('ll', WRITE_S, 0))
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        channel = 0
        with contextlib.suppress(OSError, ValueError), client, client.makefile('rb') as requests:
            while line := requests.readline():
                if line[:1] == b'$':  # the client's RTCP; its length may contain a line's end
                    while len(line) < 4:
                        line += requests.read(1)
                    requests.read(max(0, 4 + int.from_bytes(line[2:4], 'big') - len(line)))
                    continue
                method, url, _ = line.decode().split(' ', 2)
                headers = {}
                while (header := requests.readline().decode().strip()) != '':
                    name, _, value = header.partition(':')
                    headers[name.lower()] = value.strip()
                if found := re.search(r'interleaved=(\d+)', headers.get('transport', '')):
                    channel = int(found[1])
                answer = self._answer(method, url, headers, channel).encode()
                with self._lock:
                    client.sendall(answer)
                    if method == 'PLAY':
                        self._players[client] = channel
                if method == 'TEARDOWN':
                    break
        with self._lock:
            self._players.pop(client, None)

    def _answer(self, method: str, url: str, headers: dict, channel: int) -> str:
        lines, body = [f'CSeq: {headers.get("cseq", "0")}'], ''
        if method == 'OPTIONS':
            lines.append('Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER')
        elif method == 'DESCRIBE':
            self._parameters.wait()
            body = (
                f'v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n'
                f'm=video 0 RTP/AVP {PAYLOAD}\r\na=rtpmap:{PAYLOAD} H264/90000\r\n'
                f'a=fmtp:{PAYLOAD} packetization-mode=1;{self._sprop}\r\na=control:video\r\n'
            )
            lines += [f'Content-Base: {url}/', 'Content-Type: application/sdp', f'Content-Length: {len(body)}']
        elif method == 'SETUP':
            if 'TCP' not in headers.get('transport', ''):
                return f'RTSP/1.0 461 Unsupported Transport\r\n{lines[0]}\r\n\r\n'
            lines += [f'Transport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}', 'Session: 1;timeout=3600']
        elif method != 'TEARDOWN':
            lines.append('Session: 1')
        return '\r\n'.join(['RTSP/1.0 200 OK', *lines, '', body])


def into_webrtcsink(clockwork: Clockwork) -> Pipeline:
    """As it comes, at the bitrate of the others; with its congestion control where the plugin for that is there."""
    pipeline = Pipeline(f'{RAW} ! webrtcsink name=sink', 'raw', clockwork)
    sink = pipeline.pipeline.get_by_name('sink')
    sink.set_property('run-signalling-server', True)
    sink.set_property('signalling-server-host', chosen.host)
    sink.set_property('signalling-server-port', chosen.port)
    sink.get_property('signaller').set_property('uri', f'ws://{chosen.host}:{chosen.port}')
    sink.set_property('stun-server', None)
    sink.set_property('video-caps', Gst.Caps.from_string('video/x-h264,profile=constrained-baseline'))
    for name in ('start-bitrate', 'min-bitrate', 'max-bitrate'):
        sink.set_property(name, chosen.bitrate * 1000)
    if not Gst.ElementFactory.find('rtpgccbwe'):
        Gst.util_set_object_arg(sink, 'congestion-control', 'disabled')
    return pipeline


def main() -> None:
    if chosen.grainy:
        from grain import add_grain

        add_grain()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    start_glib_loop()
    clockwork = Clockwork()
    mode = Mode(chosen.width, chosen.height, chosen.fps)
    if chosen.way == 'webrtcsink':
        first = frames = into_webrtcsink(clockwork)
    else:
        first = rtp_sender(clockwork) if chosen.way == 'rtp' else RtspServer(clockwork)
        frames = Encoded(mode, clockwork, first.push)
    first.start()
    sink = Sink(frames, post, on_ready=lambda: None, on_error=fail)
    pattern_source(mode, LABEL, clockwork, sink).start()
    threading.Event().wait()


main()
