"""Why a server cannot be reached, in words, and what to do about it. Pure: from exceptions to sentences."""

import socket
import ssl

CHECK = 'Check --server and --path, and that the server runs there.'
CHECK_WHIP = 'Check --whip, and that the server runs there.'


def explain(failure: BaseException, option: str = '--server', check: str = CHECK) -> tuple[str, str]:
    """(what happened, next step). Libraries wrap the true reason in their own, so the whole chain is looked at.

    `option` is the one that has the address, `check` the next step where there is none better.
    """
    chain = list(_chain(failure))
    for reason in chain:
        if isinstance(reason, ssl.SSLCertVerificationError) and hasattr(reason, 'verify_message'):
            return _certificate(reason.verify_message)
    for reason in chain:
        if isinstance(reason, ssl.SSLError):
            return (
                'The server does not speak TLS on this port.',
                f'Check whether {option} should begin with http:// instead, and the port.',
            )
        if isinstance(reason, socket.gaierror):
            return 'The name of the server is not known here.', f'Check the name in {option}, and the DNS.'
        if isinstance(reason, ConnectionRefusedError):
            return 'Nothing listens on this port.', f'Start the server, or check the port in {option}.'
        # aiohttp.WSServerHandshakeError; known by what it has, so that this file needs no aiohttp.
        if isinstance(status := getattr(reason, 'status', None), int):
            return f'The server answers, but with HTTP status {status} instead of signalling.', check
    for reason in chain:
        if isinstance(reason, TimeoutError):
            return 'The server does not answer in time.', check
        if isinstance(reason, OSError) and reason.strerror:
            return f'{reason.strerror}.', check
    return str(failure) or type(failure).__name__, check


def _certificate(text: str) -> tuple[str, str]:
    text = text.rstrip('.')
    if 'mismatch' in text or 'not valid for' in text:
        return f"The server's certificate is for another name: {text}.", 'Use the name that the certificate is for.'
    if 'expired' in text:
        return "The server's certificate has expired.", 'Renew it there, and check the clock here.'
    return (
        f"The server's certificate is not trusted here: {text}.",
        'If it is its own, copy it here and name it with --ca FILE.',
    )


def _chain(failure: BaseException | None):
    seen = set()
    while failure and id(failure) not in seen:
        seen.add(id(failure))
        yield failure
        # aiohttp keeps the true error beside its own.
        for name in ('os_error', 'certificate_error'):
            if isinstance(inner := getattr(failure, name, None), BaseException) and inner is not failure:
                yield inner
        failure = failure.__cause__ or failure.__context__
