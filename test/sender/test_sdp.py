from pathlib import Path

import pytest
from webrtc_sender.protocol import PreviewError
from webrtc_sender.sdp import PLAYOUT_DELAY_URI, TRANSPORT_CC_URI, choose_codec, read_video

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
    assert read_video(text).index == 1


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
