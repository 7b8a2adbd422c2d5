"""How each kind of option reads its text. Every reader returns the value or raises ValueError.

Its arguments are "must be …", after which the text that was given is shown, and a remark to follow that. `Unusable` is
for what is wrong with the content of a file.
"""

import re
import ssl
from pathlib import Path

from ..server.protocol import DEFAULT_PATH, MAX_TEXT

MAX_SECRET = 8_192
TRUE, FALSE = ('1', 'true', 'yes', 'on'), ('0', 'false', 'no', 'off')


class Unusable(ValueError):
    """A whole clause about the file that the text names: "FILE cannot be read"."""


def whole(low: int, high: int):
    def read(text: str) -> int:
        if not re.fullmatch(r'[0-9]{1,9}', text) or not low <= int(text) <= high:
            raise ValueError(f'must be a whole number from {low} to {high}')
        return int(text)

    return read


def even(low: int, high: int):
    def read(text: str) -> int:
        value = whole(low, high)(text)
        if value % 2:
            raise ValueError('must be even', ': H.264 stores colour at half the size')
        return value

    return read


def rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 240:
        raise ValueError('must be a number from 1 to 240', '; fractions such as 29.97 are fine')
    return value


def identifier(text: str) -> str:
    if not re.fullmatch(r'[A-Za-z0-9_-]{1,64}', text):
        raise ValueError('must be 1 to 64 letters, digits, "-" or "_"')
    return text


def address(*schemes: str):
    """An address of one of these schemes, as it is: a server may tell "/whip" and "/whip/" apart."""
    pattern = re.compile(rf'({"|".join(schemes)})://[^\s/?#]+(/\S*)?')

    def read(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f'must be an address such as {schemes[0]}://127.0.0.1:8080')
        return text

    return read


def base_address(*schemes: str):
    """An address to which a path is added: without the last slash."""
    read = address(*schemes)
    return lambda text: read(text).rstrip('/')


def or_none(read):
    """The same, or the word "none" for None."""
    return lambda text: None if text == 'none' else read(text)


def path(text: str) -> str:
    if not re.fullmatch(r'/[^\s?#]*', text):
        raise ValueError('must begin with "/"', f'; the usual one is {DEFAULT_PATH}')
    return text


def short_text(text: str) -> str:
    if not 1 <= len(text) <= MAX_TEXT or not text.isprintable():
        raise ValueError(f'must have 1 to {MAX_TEXT} printable characters')
    return text


def secret(text: str) -> str:
    if not re.fullmatch(rf'[!-~]{{1,{MAX_SECRET}}}', text):
        raise ValueError(f'must have 1 to {MAX_SECRET} ASCII characters without spaces')
    return text


def one_of(*choices: str):
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f'must be {", ".join(choices[:-1])} or {choices[-1]}')
        return text

    return read


def switch(text: str) -> bool:
    if text.lower() not in TRUE + FALSE:
        raise ValueError('must be on or off')
    return text.lower() in TRUE


def listener(text: str) -> tuple[str, int]:
    """(host, port) from PORT, HOST:PORT or [IPV6]:PORT; only this machine is let in unless a host is given."""
    match = re.fullmatch(r'(?:(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):)?([0-9]{1,5})', text)
    if not match or not 1 <= int(match[2]) <= 65_535:
        raise ValueError('must be a port from 1 to 65535 or host:port', '; 0.0.0.0:9401, for example')
    return (match[1] or '127.0.0.1').strip('[]'), int(match[2])


def authority_file(text: str) -> str:
    try:
        ssl.create_default_context(cafile=text)
    except ssl.SSLError as reason:
        raise ValueError('must be a PEM file with a certificate in it') from reason
    except OSError as reason:
        raise Unusable(f'{text} cannot be read: {reason.strerror}') from reason
    return text


def secret_in(file: str) -> str:
    """What a secret's file holds, without the white space around it."""
    try:
        content = Path(file).read_bytes()[: MAX_SECRET + 2].decode('ascii', errors='replace')
    except OSError as reason:
        raise Unusable(f'{file} cannot be read: {reason.strerror}') from reason
    try:
        return secret(content.strip())
    except ValueError as reason:
        raise Unusable(f'the content of {file} {reason}') from None


def without_password(text: str) -> str:
    """An address as it may be shown."""
    return re.sub(r'(://)[^@/\s]*@', r'\1***@', text)
