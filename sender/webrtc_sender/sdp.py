"""Reads what a sender must know from a viewer's offer: which payload type, which RTX, which header extensions. Pure."""

from dataclasses import dataclass, field

from .protocol import PreviewError

PLAYOUT_DELAY_URI = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay'
TRANSPORT_CC_URI = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'

# Constrained baseline, then baseline, then whatever else the browser decodes: every encoder here is told to make
# constrained baseline, which is a subset of all of them. RFC 6184 §8.1 has the bits.
H264_PROFILES = ('42e0', '42c0', '4200', '4d00', '6400')


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
    index, section, inherited = -1, None, 'sendrecv'
    for line in sdp.splitlines():
        if line.startswith('m='):
            if section:
                break
            index += 1
            if line.startswith('m=video '):
                section = VideoSection(index, direction=inherited)
                section.payloads = [int(word) for word in line.split()[3:] if word.isdigit()]
        elif section:
            try:
                _read_attribute(section, line)
            except ValueError as reason:
                raise PreviewError('invalid_sdp', f'The offer has a line that cannot be read: {line[:80]}') from reason
    if not section:
        raise PreviewError('invalid_sdp', 'The offer has no video section.')
    if section.direction not in ('recvonly', 'sendrecv'):
        raise PreviewError('invalid_sdp', f'The offer does not ask to receive video: it says {section.direction}.')
    return section


def _read_attribute(section: VideoSection, line: str) -> None:
    name, _, value = line.removeprefix('a=').partition(':')
    if name == 'mid':
        section.mid = value
    elif name in ('recvonly', 'sendrecv', 'sendonly', 'inactive'):
        section.direction = name
    elif name == 'rtpmap':
        payload, _, encoding = value.partition(' ')
        section.names[int(payload)] = encoding.split('/')[0].upper()
    elif name == 'fmtp':
        payload, _, text = value.partition(' ')
        section.parameters[int(payload)] = read_parameters(text)
    elif name == 'extmap':
        number, _, uri = value.partition(' ')
        section.extensions[uri.split(' ')[0]] = int(number.split('/')[0])


def read_parameters(text: str) -> dict[str, str]:
    """`a=1;b=2` as a dictionary."""
    pairs = (part.strip().partition('=') for part in text.split(';'))
    return {key.lower(): value for key, _, value in pairs if key}


def choose_codec(section: VideoSection, name: str) -> Codec:
    """The payload type to send `name` (H264 or VP8) with; raises `codec_mismatch` when the offer has none."""
    fitting = [payload for payload in section.payloads if section.names.get(payload) == name]
    if name == 'H264':
        fitting = [payload for payload in fitting if _h264_rank(section, payload) is not None]
        fitting.sort(key=lambda payload: _h264_rank(section, payload))
    if not fitting:
        offered = ', '.join(sorted({section.names[p] for p in section.payloads if p in section.names} - {'RTX'}))
        raise PreviewError('codec_mismatch', f'The sender has {name}, the browser offers {offered or "nothing"}.')
    chosen = fitting[0]
    return Codec(chosen, name, section.parameters.get(chosen, {}), _rtx_for(section, chosen))


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
