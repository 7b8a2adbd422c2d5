"""What a server may send, and what becomes of anything else: a code, never a traceback, and nothing left running."""

import pytest
from studio import asynchronous, studio
from webrtc_sender.server.protocol import (
    PreviewError,
    read_candidate,
    read_ice_config,
    read_offer,
    read_replaced,
    read_server_closing,
    read_session_closed,
    read_size_and_rate,
    read_token_expiring,
)

OFFER = {'stream': 'camera', 'session': 's1', 'epoch': 1, 'sdp': 'v=0\r\n', 'ice': {'turnServers': ['turn://a:b@c']}}
CANDIDATE = {'session': 's1', 'epoch': 1, 'candidate': {'candidate': 'candidate:1', 'sdpMLineIndex': 1}}
WISH = {'mode': {'width': 640, 'height': 360, 'fps': 29.97}}


def test_what_is_right_is_read():
    assert read_offer(OFFER).turn_servers == ('turn://a:b@c',)
    assert read_offer({**OFFER, 'ice': {'stunServer': None}}).stun_server is None
    assert read_candidate(CANDIDATE) == ('s1', 1, 1, 'candidate:1')
    assert read_candidate({**CANDIDATE, 'candidate': {'candidate': '', 'sdpMLineIndex': None}}) == ('s1', 1, 0, '')
    assert read_session_closed({'session': 's1', 'reason': 'left'}) == ('s1', 'left')
    assert read_size_and_rate(WISH) == (640, 360, 29.97)


READERS = [
    read_offer, read_candidate, read_session_closed, read_size_and_rate, read_replaced, read_server_closing,
    read_token_expiring,
]  # fmt: skip


@pytest.mark.parametrize('message', [{'turnServers': [5]}, {'turnServers': 'x'}, {'stunServer': 5}, 5, None])
def test_ice_servers_of_another_kind(message):
    with pytest.raises(PreviewError):
        read_ice_config(message)


@pytest.mark.parametrize('read', READERS)
@pytest.mark.parametrize('message', [None, 5, 'x', [], {}, {'session': []}, {'session': 's', 'epoch': 1e400}])
def test_what_is_no_message_at_all(read, message):
    with pytest.raises(PreviewError) as refusal:
        read(message)
    assert refusal.value.code == 'bad_request'


@pytest.mark.parametrize('change', [
    {'epoch': 0}, {'epoch': True}, {'epoch': '1'}, {'epoch': 1e400}, {'sdp': 5}, {'sdp': None}, {'session': None},
    {'ice': []}, {'ice': {'turnServers': [5]}}, {'ice': {'stunServer': 5}},
])  # fmt: skip
def test_offers_of_another_kind(change):
    with pytest.raises(PreviewError):
        read_offer({**OFFER, **change})


@pytest.mark.parametrize('candidate', [
    {'candidate': 5}, {'candidate': None}, {}, 'candidate:1', {'candidate': 'x' * 3_000},
    {'candidate': 'x', 'sdpMLineIndex': -1}, {'candidate': 'x', 'sdpMLineIndex': 2**40},
    {'candidate': 'x', 'sdpMLineIndex': 0.5},
])  # fmt: skip
def test_candidates_of_another_kind(candidate):
    with pytest.raises(PreviewError):
        read_candidate({**CANDIDATE, 'candidate': candidate})


@pytest.mark.parametrize('change', [
    {'fps': float('nan')}, {'fps': 1e400}, {'fps': -1}, {'fps': '30'}, {'width': 1e400}, {'width': 640.5},
    {'height': 0}, {'height': None},
])  # fmt: skip
def test_modes_of_another_kind(change):
    with pytest.raises(PreviewError):
        read_size_and_rate({'mode': {**WISH['mode'], **change}})


@asynchronous
async def test_a_server_that_sends_anything_gets_a_code_and_the_camera_goes_off_at_the_end():
    async with studio() as place:
        receiver = await place.watch()
        for event in ('offer', 'set-mode'):
            for message in ({}, {'session': {}}, [], 'x'):
                answer = await place.fake.ask(event, message)
                assert answer['error']['code'] == 'bad_request'
        for message in ({}, {'session': 's1', 'epoch': 1, 'candidate': {'candidate': 5}}, [], 5):
            await place.fake.tell('candidate', message)
        await place.fake.tell('session-closed', {'session': 's1', 'reason': {'a': 1}})
        await receiver.wait_for_frames(len(receiver.frames) + 3)
        await place.fake.tell('session-closed', {'session': 's1', 'reason': 'left'})
        await place.until(lambda: not place.viewers and not place.stage.running)
