"""Reads what a sender must know from a viewer's offer: which payload type, which RTX, which header extensions. Pure."""

import re
from dataclasses import dataclass, field

from ..server.protocol import PreviewError

PLAYOUT_DELAY_URI = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay'
TRANSPORT_CC_URI = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'

# Constrained baseline, then baseline, then whatever else the browser decodes: every encoder here is told to make
# constrained baseline, which is a subset of all of them. RFC 6184 §8.1 has the bits.
H264_PROFILES = ('42e0', '42c0', '4200', '4d00', '6400')

# All that is copied from the offer into GStreamer's caps, whose syntax would read `x=1,ssrc=(uint)5` as two fields.
PARAMETERS = {'H264': ('packetization-mode', 'profile-level-id', 'level-asymmetry-allowed'), 'VP8': ()}
PLAIN_VALUE = re.compile(r'[0-9A-Za-z]{1,16}')
# Not str.isdigit() nor int(): they take digits of every script, signs, blanks and underscores.
NUMBER = re.compile(r'[0-9]{1,5}')
MAX_PAYLOAD = 127
# With one-byte headers, which is what the payloader writes.
MAX_EXTENSION = 14
# Everything that GStreamer could stumble over and no browser writes: control characters and halves of characters.
STRANGE = re.compile('[^\t\n\r -~\u00a0-\ud7ff\ue000-\U0010ffff]')


@dataclass(frozen=True)
class Codec:
    """One payload type of the offer."""

    payload: int
    name: str
    parameters: dict[str, str]
    rtx_payload: int | None = None


@dataclass
class VideoSection:
    """The offer's video section, as far as it matters."""

    index: int
    mid: str | None = None
    direction: str = 'sendrecv'
    names: dict[int, str] = field(default_factory=dict)
    parameters: dict[int, dict[str, str]] = field(default_factory=dict)
    extensions: dict[str, int] = field(default_factory=dict)
    payloads: list[int] = field(default_factory=list)


def read_video(sdp: str) -> VideoSection:
    """The first video section; raises `invalid_sdp` when there is none that could take our picture."""
    if STRANGE.search(sdp):
        raise PreviewError('invalid_sdp', 'The offer has control characters.')
    lines = lines_of(sdp)
    _check_bundle(lines)
    index, section, inherited = -1, None, 'sendrecv'
    for line in lines:
        if line.startswith('m='):
            if section:
                break
            index += 1
            if line.startswith('m=video '):
                section = VideoSection(index, direction=inherited)
        if section:
            try:
                _read_line(section, line)
            except ValueError:
                raise PreviewError('invalid_sdp', f'The offer has a line that cannot be read: {line[:80]}') from None
    if not section:
        raise PreviewError('invalid_sdp', 'The offer has no video section.')
    if section.direction not in ('recvonly', 'sendrecv'):
        raise PreviewError('invalid_sdp', f'The offer does not ask to receive video: it says {section.direction}.')
    return section


def let_viewer_begin(sdp: str) -> str:
    """The offer with nothing left to choose in who begins with DTLS: the viewer, who would take either.

    The one who does not begin has the keys first, half a round trip before the other. That must be the one who has
    something to send: with the viewer as the beginner its first packets are one round trip earlier.

    A player that opens no data channel is no page of ours, and may be a GStreamer one: it has its keys ready only after
    what follows the last word of DTLS, loses the first packets, and does not ask for a keyframe. With it, we begin.
    """
    if not re.search(r'^\s*m=application', sdp, flags=re.MULTILINE):
        return sdp
    return re.sub(r'^(\s*a=setup:)actpass', r'\1active', sdp, flags=re.MULTILINE)


def lines_of(sdp: str) -> list[str]:
    """The lines as GStreamer's parser sees them: it skips blanks in front, and takes a lone CR for an end."""
    return [line.lstrip() for line in re.split('[\r\n]+', sdp)]


def _check_bundle(lines: list[str]) -> None:
    """Refuses a bundle that does not begin with the first media section.

    webrtcbin 1.22 puts the bundle's transport there and nowhere else: with the first section rejected, or another one
    first in the group, an assertion in _connect_rtpfunnel ends the process.
    """
    media = [number for number, line in enumerate(lines) if line.startswith('m=')]
    if not media:
        return
    head, first = lines[: media[0]], lines[media[0] : media[1] if len(media) > 1 else None]
    groups = [line.split()[1:] for line in head if line.startswith('a=group:BUNDLE')]
    mids = [line.removeprefix('a=mid:') for line in first if line.startswith('a=mid:')]
    if any(members and members[0] not in mids[:1] for members in groups) or len(groups) > 1:
        raise PreviewError('invalid_sdp', 'The bundle of the offer does not begin with its first media section.')


def _number(text: str, largest: int) -> int:
    if not NUMBER.fullmatch(text) or int(text) > largest:
        raise ValueError(text)
    return int(text)


def _read_line(section: VideoSection, line: str) -> None:
    if line.startswith('m='):
        section.payloads = [_number(word, MAX_PAYLOAD) for word in line.split()[3:]]
    else:
        _read_attribute(section, line)


def _read_attribute(section: VideoSection, line: str) -> None:
    name, _, value = line.removeprefix('a=').partition(':')
    if name == 'mid':
        section.mid = value
    elif name in ('recvonly', 'sendrecv', 'sendonly', 'inactive'):
        section.direction = name
    elif name == 'rtpmap':
        payload, _, encoding = value.partition(' ')
        section.names[_number(payload, MAX_PAYLOAD)] = encoding.split('/')[0].upper()
    elif name == 'fmtp':
        payload, _, text = value.partition(' ')
        section.parameters[_number(payload, MAX_PAYLOAD)] = read_parameters(text)
    elif name == 'extmap':
        number, _, uri = value.partition(' ')
        identifier = _number(number.split('/')[0], 65535)
        if 1 <= identifier <= MAX_EXTENSION:
            section.extensions[uri.split(' ')[0]] = identifier


def read_parameters(text: str) -> dict[str, str]:
    """`a=1;b=2` as a dictionary."""
    pairs = (part.strip().partition('=') for part in text.split(';'))
    return {key.lower(): value for key, _, value in pairs if key}


def playable(section: VideoSection) -> set[str]:
    """Of the codecs that this sender can make, those that the viewer plays."""
    names = {section.names.get(payload) for payload in section.payloads} & set(PARAMETERS)
    if not any(_h264_rank(section, payload) is not None for payload in _payloads_of(section, 'H264')):
        names.discard('H264')
    return names


def choose_codec(section: VideoSection, name: str) -> Codec:
    """The payload type to send `name` (H264 or VP8) with; raises `codec_mismatch` when the offer has none."""
    fitting = _payloads_of(section, name)
    if name == 'H264':
        fitting = [payload for payload in fitting if _h264_rank(section, payload) is not None]
        fitting.sort(key=lambda payload: _h264_rank(section, payload))
    if not fitting:
        offered = ', '.join(sorted({section.names[p] for p in section.payloads if p in section.names} - {'RTX'}))
        raise PreviewError('codec_mismatch', f'The sender has {name}, the browser offers {offered or "nothing"}.')
    chosen = fitting[0]
    return Codec(chosen, name, _plain(section.parameters.get(chosen, {}), name), _rtx_for(section, chosen))


def _payloads_of(section: VideoSection, name: str) -> list[int]:
    return [payload for payload in section.payloads if section.names.get(payload) == name]


def _plain(parameters: dict[str, str], name: str) -> dict[str, str]:
    known = {key: parameters[key] for key in PARAMETERS[name] if key in parameters}
    return {key: value for key, value in known.items() if PLAIN_VALUE.fullmatch(value)}


def _h264_rank(section: VideoSection, payload: int) -> int | None:
    """How well a payload type fits; None when it does not. Without packetization-mode=1 there are no FU-A fragments."""
    parameters = section.parameters.get(payload, {})
    profile = parameters.get('profile-level-id', '42000a').lower()[:4]
    if parameters.get('packetization-mode', '0') != '1' or profile not in H264_PROFILES:
        return None
    return H264_PROFILES.index(profile)


def _rtx_for(section: VideoSection, payload: int) -> int | None:
    for candidate, name in section.names.items():
        if name == 'RTX' and section.parameters.get(candidate, {}).get('apt') == str(payload):
            return candidate
    return None
