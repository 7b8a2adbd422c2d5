"""What is said in WHIP (RFC 9725), read and written: refusals, Link headers, answers, trickled candidates. Pure.

Whatever comes from the server is checked here before anything is made of it.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from ..peer import sdp
from ..server.protocol import PreviewError

# Whoever asks for more than this patience has forgotten us.
LONGEST_RETRY_S = 600.0
MAX_ICE_SERVERS = 8
MAX_SAID = 200

# <target> and its parameters, of which a quoted one may hold commas and semicolons (RFC 8288 §3).
LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)')
PARAMETER = re.compile(r';\s*([\w!#$&+.^`|~*-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?')
# RFC 7064 and 7065. The host is a name, an IPv4 address or an IPv6 address in brackets.
ICE_SERVER = re.compile(r'(stun|turns?):(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:[0-9]{1,5})?(\?transport=(?:udp|tcp))?')

# Status: (what happened, what to do next). `{codec}` is what was offered.
REFUSALS = {
    400: ('does not accept the offer', 'Look at its log for the reason; another codec is tried next, if there is one.'),
    401: ('wants a token', 'Give the one that it expects: --whip-token-file.'),
    403: ('does not let this token publish here', 'Check --whip-token-file, and the path in --whip.'),
    404: ('has nothing at this address', 'Check the path in --whip; many servers want it to end in /whip.'),
    405: ('takes no publisher at this address', 'Check the path in --whip; many servers want it to end in /whip.'),
    406: ('cannot use {codec}', 'Another codec is tried next, if there is one.'),
    409: ('already has a publisher at this address', 'Stop the other one, or choose another address in --whip.'),
    410: ('has nothing at this address any more', 'Check the path in --whip.'),
    413: ('calls the offer too long', 'Look at its log, and at the proxies in front of it.'),
    415: ('cannot use {codec}', 'Another codec is tried next, if there is one.'),
    422: ('cannot use {codec}', 'Another codec is tried next, if there is one.'),
    429: ('has been asked too often', 'Nothing: it is asked again later.'),
    503: ('has no room now', 'Nothing: it is asked again later.'),
}
WITH_OTHER_CODEC = (400, 406, 415, 422)


class WhipError(Exception):
    """Why nothing is published, for the person at the sender, and what to do next."""

    def __init__(self, reason: str, next_step: str, retry_after_s: float = 0.0, other_codec: bool = False) -> None:
        super().__init__(reason)
        self.next_step = next_step
        #: The server wants to be left alone for this long.
        self.retry_after_s = retry_after_s
        #: Another codec may do.
        self.other_codec = other_codec


@dataclass(frozen=True)
class IceServers:
    """As webrtcbin takes them: one `stun://host:port`, and `turn://user:password@host:port?transport=udp`."""

    stun: str | None = None
    turn: tuple[str, ...] = ()


def ice_servers(links: list[str]) -> IceServers:
    """Those of the Link headers (RFC 9725 §4.6). What webrtcbin has no form for (stuns:) is left out."""
    found: dict[str, list[str]] = {'stun': [], 'turn': []}
    for target, parameters in _links(links):
        match = ICE_SERVER.fullmatch(target)
        if not match or 'ice-server' not in parameters.get('rel', '').lower().split():
            continue
        scheme, host, port, transport = (part or '' for part in match.groups())
        if scheme == 'stun':
            found['stun'].append(f'stun://{host}{port or ":3478"}')
        elif {'username', 'credential'} <= parameters.keys():
            # A colon in the name would split it in the wrong place: credentials by time have one.
            who = ':'.join(quote(parameters[key], safe='') for key in ('username', 'credential'))
            found['turn'].append(f'{scheme}://{who}@{host}{port}{transport}')
    return IceServers(next(iter(found['stun']), None), tuple(found['turn'][:MAX_ICE_SERVERS]))


def _links(headers: list[str]):
    for header in headers:
        for target, parameters in LINK.findall(header):
            yield (
                target,
                {
                    name.lower(): re.sub(r'\\(.)', r'\1', quoted) or plain
                    for name, quoted, plain in PARAMETER.findall(parameters)
                },
            )


def refusal(status: int, said: str, codec: str, retry_after: str | None) -> WhipError:
    """For any status but success. `said` is what the server wrote besides."""
    if status in REFUSALS:
        what, next_step = REFUSALS[status]
    elif status >= 500:
        what, next_step = 'has trouble of its own', 'Look at its log.'
    else:
        what, next_step = 'does not answer as a WHIP server', 'Check the address in --whip.'
    words = ''.join(char if char.isprintable() else ' ' for char in said[:MAX_SAID]).strip()
    said_so = f': {words}' if words and '<' not in words else ''
    return WhipError(
        f'The WHIP server {what.format(codec=codec)} (HTTP status {status}{said_so}).',
        next_step,
        retry_after_s(retry_after),
        status in WITH_OTHER_CODEC,
    )


def retry_after_s(value: str | None, now: datetime | None = None) -> float:
    """A Retry-After header, in seconds or as a date; 0 without one (RFC 9110 §10.2.3)."""
    if not value:
        return 0.0
    if re.fullmatch(r'[0-9]{1,9}', value.strip()):
        wait = float(value)
    else:
        try:
            wait = (parsedate_to_datetime(value) - (now or datetime.now(timezone.utc))).total_seconds()
        except (TypeError, ValueError):
            return 0.0
    return min(LONGEST_RETRY_S, max(0.0, wait))


def read_answer(answer: str, codec: sdp.Codec) -> sdp.VideoSection:
    """The answer's video section, which takes `codec` under the number that it was offered with; else raises WhipError.

    Nothing but numbers and names is used of it: an answer without the codec's parameters is one all the same.
    """
    try:
        section = sdp.read_video(answer)
    except PreviewError as error:
        raise _unusable(str(error).replace('The offer', 'it').rstrip('.')) from error
    media = [line for line in sdp.lines_of(answer) if line.startswith('m=')]
    if len(media) != 1:
        raise _unusable(f'{len(media)} media sections for one')
    if media[0].split()[1:2] == ['0'] or section.names.get(codec.payload) != codec.name:
        raise WhipError(
            f'The WHIP server does not take {codec.name}.',
            'Another codec is tried next, if there is one; --doctor shows what this machine makes.',
            other_codec=True,
        )
    if codec.payload not in section.payloads:
        raise _unusable(f'payload type {codec.payload} is described, but not listed')
    if not re.search('^a=fingerprint:', '\n'.join(sdp.lines_of(answer)), re.MULTILINE):
        raise _unusable('no fingerprint')
    return section


def _unusable(what: str) -> WhipError:
    return WhipError(
        f"The WHIP server's answer cannot be used: {what}.", 'Look at its log, and for a newer version of it.'
    )


def candidates_fragment(offer: str, candidates: list[str], is_last: bool) -> str:
    """What a PATCH carries (RFC 8840 §9): where the candidates belong, and they."""
    lines = sdp.lines_of(offer)
    credentials = [line for line in lines if line.startswith(('a=ice-ufrag:', 'a=ice-pwd:'))]
    media = [line for line in lines if line.startswith(('m=', 'a=mid:'))]
    found = [*(f'a={candidate}' for candidate in candidates), *(['a=end-of-candidates'] if is_last else [])]
    return ''.join(f'{line}\r\n' for line in (*credentials, *media, *found))


def with_candidates(offer: str, candidates: list[str], are_all: bool) -> str:
    """An offer of one media section, with the candidates in it."""
    end = ['end-of-candidates'] if are_all else []
    return offer.rstrip('\r\n') + '\r\n' + ''.join(f'a={text}\r\n' for text in (*candidates, *end))
