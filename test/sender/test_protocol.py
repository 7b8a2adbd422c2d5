"""The sender's view of the protocol against the one source of truth, docs/protocol.schema.json."""

import json
from pathlib import Path

import pytest
from webrtc_sender.camera.capture_time import CaptureTime
from webrtc_sender.peer import clock_channel
from webrtc_sender.server import protocol
from webrtc_sender.server.protocol import ERRORS, PreviewError, Quality, read_offer, refusal

jsonschema = pytest.importorskip('jsonschema', reason='apt-get install python3-jsonschema')
SCHEMA = json.loads((Path(__file__).parents[2] / 'docs' / 'protocol.schema.json').read_text())


def check(name: str, message) -> None:
    jsonschema.Draft202012Validator({**SCHEMA, '$ref': f'#/$defs/{name}'}).validate(message)


def test_the_checker_itself_refuses():
    with pytest.raises(jsonschema.ValidationError):
        check('Publish', {'stream': 'x'})


def test_constants():
    assert SCHEMA['x-protocol-version'] == protocol.VERSION
    assert SCHEMA['x-path'] == protocol.DEFAULT_PATH
    assert SCHEMA['x-data-channel-label'] == protocol.DATA_CHANNEL_LABEL
    assert SCHEMA['x-rtp-clock-rate'] == protocol.RTP_CLOCK_RATE
    limits, timeouts = SCHEMA['x-limits'], SCHEMA['x-timeouts']
    assert limits['candidatesPerNegotiation'] == protocol.MAX_CANDIDATES
    assert limits['candidateLength'] == protocol.MAX_CANDIDATE_LENGTH
    assert limits['modes'] == protocol.MAX_MODES
    assert limits['textLength'] == protocol.MAX_TEXT
    assert limits['sentenceLength'] == protocol.MAX_SENTENCE
    assert timeouts['answerMs'] == protocol.ANSWER_S * 1000
    assert timeouts['acknowledgementMs'] == protocol.ACKNOWLEDGEMENT_S * 1000


def test_errors_are_word_for_word_the_same():
    for code, (message, next_step, retryable) in ERRORS.items():
        assert SCHEMA['x-errors'][code] == {'message': message, 'next': next_step, 'retryable': retryable}, code


def test_event_names():
    events = SCHEMA['x-events']
    to_server = {name for name, event in events['client-to-server'].items() if 'sender' in event['from']}
    to_sender = {name for name, event in events['server-to-client'].items() if 'sender' in event['to']}
    ours = {protocol.PUBLISH, protocol.UNPUBLISH, protocol.UPDATE_CAMERA, protocol.CANDIDATE, protocol.LEAVE}
    assert {*ours, protocol.AUTHENTICATE} == to_server
    answered = {protocol.OFFER, protocol.SET_MODE}
    news = {protocol.CANDIDATE, protocol.SESSION_CLOSED, protocol.ICE_CONFIG, protocol.TOKEN_EXPIRING}
    assert {*answered, *news, protocol.REPLACED, protocol.SERVER_CLOSING} == to_sender


def test_what_the_server_says_of_its_own_accord_is_read():
    error = {'code': 'replaced', **SCHEMA['x-errors']['replaced']}
    check('Replaced', message := {'stream': 'camera', 'error': error})
    assert protocol.read_replaced(message) == (error['message'], error['next'])
    check('ServerClosing', message := {'retryAfterMs': 60_000})
    assert protocol.read_server_closing(message) == protocol.MAX_RETRY_AFTER_S
    assert protocol.read_server_closing({'retryAfterMs': 10**9}) == protocol.MAX_RETRY_AFTER_S
    check('TokenExpiring', message := {'expiresAt': 1_500})
    assert protocol.read_token_expiring(message) == 1.5
    check('SenderIceConfig', message := {'stunServer': 'stun://a', 'turnServers': ['turn://u:p@b'], 'expiresAt': 5})
    assert protocol.read_ice_config(message) == ('stun://a', ('turn://u:p@b',))


def test_what_is_sent_of_a_standby_and_a_new_token():
    mode = {'width': 1280, 'height': 720, 'fps': 30}
    camera = {'label': 'Bench camera', 'modes': [mode], 'mode': mode}
    check('Publish', {'stream': 'camera', 'instance': 'x', 'camera': camera, 'standby': True})
    check('Authenticate', {'token': 'x'})


@pytest.mark.parametrize('code', ERRORS)
def test_refusals(code):
    check('Refusal', refusal(PreviewError(code)))
    check('Refusal', refusal(PreviewError(code, 'what was seen ' * 200)))


def test_data_channel_messages():
    check('Pong', json.loads(clock_channel.pong({'type': 'ping', 't': 1}, 2.5, 3.5)))
    check('Pause', {'type': 'pause', 'paused': True})
    check('Paused', json.loads(clock_channel.paused(True)))
    for encode_ms in (None, 2.5):
        for origin in ('driver', 'arrival', 'drawn'):
            timing = CaptureTime(5, 1.5, encode_ms, origin)
            for send_ms in (None, 0.4):
                check('Clock', json.loads(clock_channel.clock(2**32 - 1, timing, send_ms)))


@pytest.mark.parametrize(
    'quality',
    [
        Quality(level=0, levels=3, width=1280, height=720, fps=30, kbps=2500.4),
        Quality(level=2, levels=3, width=320, height=180, fps=14.985, kbps=250, link_kbps=299.7, reason='link'),
    ],
)
def test_quality(quality):
    check('Quality', json.loads(quality.message()))


def test_quality_says_what_is_not_known_by_leaving_it_out():
    assert 'linkKbps' not in json.loads(Quality(0, 1, 640, 360, 30, 800).message())


def test_notices():
    mode = {'width': 1280, 'height': 720, 'fps': 10}
    notice = 'The camera has no 1280x720 at 30; 1280x720 at 10 is nearest.'
    check('ModeSet', {'ok': True, 'mode': mode, 'notice': notice})
    check('Camera', {'label': 'Bench camera', 'modes': [mode], 'mode': mode, 'notice': notice})
    with pytest.raises(jsonschema.ValidationError):
        check('ModeSet', {'ok': True, 'mode': mode, 'notice': 'x' * (protocol.MAX_SENTENCE + 1)})


def test_offers_are_read():
    offer = read_offer({
        'stream': 'camera', 'session': 's', 'epoch': 2, 'sdp': 'v=0\r\n',
        'ice': {'stunServer': 'stun://a', 'turnServers': ['turn://u:p@b']},
    })  # fmt: skip
    assert (offer.session, offer.epoch, offer.stun_server, offer.turn_servers) == (
        's',
        2,
        'stun://a',
        ('turn://u:p@b',),
    )


@pytest.mark.parametrize(
    'message',
    [None, [], 'x', {}, {'session': 's', 'epoch': 'one', 'sdp': ''}, {'session': 's', 'epoch': 1, 'sdp': '', 'ice': 5}],
)
def test_broken_offers_are_refused_not_raised(message):
    with pytest.raises(PreviewError) as error:
        read_offer(message)
    assert error.value.code == 'bad_request'
