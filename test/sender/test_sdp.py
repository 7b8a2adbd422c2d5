from pathlib import Path

import pytest
from webrtc_sender.peer import media
from webrtc_sender.peer.extensions import ExtensionIds
from webrtc_sender.peer.sdp import PLAYOUT_DELAY_URI, TRANSPORT_CC_URI, choose_codec, let_viewer_begin, read_video
from webrtc_sender.server.protocol import PreviewError

CHROMIUM = (Path(__file__).parent / 'fixtures' / 'chromium-offer.sdp').read_text()
VIDEO = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF {payloads}\r\na=recvonly\r\n{lines}'


def offer(*codecs, direction='recvonly'):
    """An offer with these (payload, encoding, fmtp) in this order."""
    lines = ''.join(f'a=rtpmap:{p} {name}/90000\r\na=fmtp:{p} {fmtp}\r\n' for p, name, fmtp in codecs)
    text = VIDEO.format(payloads=' '.join(str(c[0]) for c in codecs), lines=lines)
    return text.replace('recvonly', direction)


def test_chromium():
    section = read_video(CHROMIUM)
    codec = choose_codec(section, 'H264')
    assert (section.index, section.mid, section.direction) == (0, '0', 'recvonly')
    # Payload 102 comes first but is plain baseline; 108 is constrained baseline, which is what is sent.
    assert (codec.payload, codec.rtx_payload) == (108, 109)
    assert codec.parameters['profile-level-id'] == '42e01f'
    assert section.extensions[PLAYOUT_DELAY_URI] == 5
    assert section.extensions[TRANSPORT_CC_URI] == 4


def test_who_would_do_either_begins_with_dtls():
    assert 'a=setup:actpass' in CHROMIUM
    told = let_viewer_begin(CHROMIUM)
    assert told == CHROMIUM.replace('a=setup:actpass', 'a=setup:active')
    for said in ('active', 'passive'):
        decided = CHROMIUM.replace('actpass', said)
        assert let_viewer_begin(decided) == decided


def test_a_player_without_a_data_channel_does_not_begin_with_dtls():
    # A GStreamer one would lose the first packets, and never ask for a keyframe.
    other = CHROMIUM[: CHROMIUM.index('m=application')]
    assert 'a=setup:actpass' in other
    assert let_viewer_begin(other) == other


def test_chromium_vp8():
    codec = choose_codec(read_video(CHROMIUM), 'VP8')
    assert (codec.payload, codec.rtx_payload) == (96, 97)


def test_without_packetization_mode_1_there_is_no_match():
    section = read_video(offer((96, 'H264', 'packetization-mode=0;profile-level-id=42e01f'), (97, 'VP8', 'x=1')))
    with pytest.raises(PreviewError) as refusal:
        choose_codec(section, 'H264')
    assert refusal.value.code == 'codec_mismatch'
    assert 'VP8' in str(refusal.value)


@pytest.mark.parametrize(
    'profiles,chosen',
    [
        (['640c1f', '42001f', '42e01f'], 2),
        (['640c1f', '42001f'], 1),
        (['4d001f', '42C01F'], 1),
        (['640c1f'], None),
        (['64001f'], 0),
    ],
)
def test_the_profile_nearest_to_constrained_baseline_is_taken(profiles, chosen):
    codecs = [(100 + i, 'H264', f'packetization-mode=1;profile-level-id={p}') for i, p in enumerate(profiles)]
    section = read_video(offer(*codecs))
    if chosen is None:
        with pytest.raises(PreviewError):
            choose_codec(section, 'H264')
    else:
        assert choose_codec(section, 'H264').payload == 100 + chosen


def test_rtx_is_optional():
    section = read_video(offer((96, 'H264', 'packetization-mode=1;profile-level-id=42e01f')))
    assert choose_codec(section, 'H264').rtx_payload is None


def test_the_video_section_need_not_come_first():
    text = CHROMIUM.replace('m=video', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:x\r\nm=video', 1)
    assert read_video(text.replace('BUNDLE 0', 'BUNDLE x 0')).index == 1


@pytest.mark.parametrize(
    'text',
    [
        'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n',
        offer((96, 'H264', 'packetization-mode=1'), direction='sendonly'),
        offer((96, 'H264', 'packetization-mode=1'), direction='inactive'),
    ],
)
def test_an_offer_that_takes_no_video(text):
    with pytest.raises(PreviewError) as refusal:
        read_video(text)
    assert refusal.value.code == 'invalid_sdp'


def test_numbers_that_are_none_are_invalid_sdp():
    for broken in ('a=rtpmap:x H264/90000', 'a=fmtp:x a=b', 'a=extmap:x urn:y'):
        with pytest.raises(PreviewError) as refusal:
            read_video(offer((96, 'H264', 'x=1')) + broken + '\r\n')
        assert refusal.value.code == 'invalid_sdp'


def refused(text: str) -> None:
    with pytest.raises(PreviewError) as refusal:
        read_video(text)
    assert refusal.value.code == 'invalid_sdp'


DATA = 'm=application {port} UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n'


@pytest.mark.parametrize('group', ['1', '1 d', 'd 0', '00', 'x'])
def test_a_bundle_that_does_not_begin_with_the_first_section(group):
    """These ended the process: an assertion in webrtcbin."""
    assert 'a=group:BUNDLE 0 1' in CHROMIUM
    refused(CHROMIUM.replace('a=group:BUNDLE 0 1', f'a=group:BUNDLE {group}'))


def test_a_rejected_section_in_front_of_the_bundle():
    refused(CHROMIUM.replace('BUNDLE 0 1', 'BUNDLE 0').replace('m=video', DATA.format(port=0) + 'm=video', 1))
    # GStreamer takes a lone CR for a line's end, and skips blanks in front of a line.
    refused(CHROMIUM.replace('a=group:BUNDLE 0 1', 'a=x:y\r  a=group:BUNDLE 1'))
    refused(CHROMIUM.replace('a=mid:0\n', ''))
    refused(CHROMIUM.replace('a=group:BUNDLE 0 1', 'a=group:BUNDLE 0\r\na=group:BUNDLE 1'))


def test_bundles_that_are_fine():
    for group in ('a=group:BUNDLE 0', 'a=group:BUNDLE 0 1', 'a=group:LS 1', 'a=x:y'):
        assert read_video(CHROMIUM.replace('a=group:BUNDLE 0 1', group)).index == 0
    first = CHROMIUM.replace('BUNDLE 0 1', 'BUNDLE d 0').replace('m=video', DATA.format(port=9) + 'm=video', 1)
    assert read_video(first).index == 1


@pytest.mark.parametrize('payload', ['\u00b2', '\u0663', '-1', '+96', '9_6', '128', '300', '99999999999'])
def test_payload_types_that_are_none(payload):
    refused(offer((96, 'H264', 'packetization-mode=1')).replace('SAVPF 96', f'SAVPF 96 {payload}'))
    refused(offer((96, 'H264', 'packetization-mode=1')) + f'a=rtpmap:{payload} H264/90000\r\n')


@pytest.mark.parametrize('number', ['-5', '', '\u00b2', '1_0'])
def test_header_extensions_that_are_none(number):
    refused(offer((96, 'H264', 'packetization-mode=1')) + f'a=extmap:{number} {PLAYOUT_DELAY_URI}\r\n')


@pytest.mark.parametrize('number', [0, 15, 300])
def test_header_extensions_that_one_byte_cannot_name_are_not_used(number):
    text = offer((96, 'H264', 'packetization-mode=1')) + f'a=extmap:{number} {PLAYOUT_DELAY_URI}\r\n'
    assert PLAYOUT_DELAY_URI not in read_video(text).extensions


@pytest.mark.parametrize('strange', ['\ud800', '\x1b[31m', '\0', '\x07', '\x85'])
def test_characters_that_no_browser_writes(strange):
    refused(CHROMIUM + f'a=x:{strange}\r\n')


@pytest.mark.parametrize(
    'parameters',
    [
        'x=1,ssrc=(uint)5',
        'foo="abc',
        'foo=a b c',
        'foo=',
        'media=audio;payload=0',
        'level-asymmetry-allowed=1,a=(int)2',
    ],
)
def test_only_known_parameters_reach_the_caps(parameters):
    usual = 'packetization-mode=1;profile-level-id=42e01f'
    codec = choose_codec(read_video(offer((96, 'H264', f'{usual};{parameters}'))), 'H264')
    assert codec.parameters == {'packetization-mode': '1', 'profile-level-id': '42e01f'}
    assert media.rtp_caps(codec, 7, ExtensionIds()).endswith(
        'payload=(int)96,ssrc=(uint)7,packetization-mode=(string)1,profile-level-id=(string)42e01f'
    )
    assert choose_codec(read_video(offer((97, 'VP8', parameters))), 'VP8').parameters == {}
