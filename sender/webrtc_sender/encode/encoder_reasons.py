"""Why an encoder cannot be used, for people who have never seen GStreamer. Needs nothing but the standard library."""

import glob
import os
import re

from .encoders import Encoder

LIBRARIES = '/usr/lib', '/usr/lib64', '/usr/local/lib', '/lib'
NVENC_LIBRARY = 'libnvidia-encode.so.1'
RENDER_NODES = '/dev/dri/renderD*'
NOT_INSTALLED = 'not installed'

# What GStreamer and the drivers are known to say: in words. Looked for in message and details alike.
KNOWN = (
    (
        r'open (encode )?session|out of memory|OUT_OF_MEMORY',
        'the NVIDIA driver opens no encoding session: too many programs encode video already, or this GPU cannot',
    ),
    (r'no element "(nvvideoconvert|nvvidconv)"', "NVIDIA's nvvideoconvert, which brings pictures to it, is missing"),
    (r'no element "(\S+)"', 'it needs {0}, which is not installed'),
    (r'Failed to init encoder', 'the NVIDIA driver refuses these settings'),
    (r'Cannot identify device|could not open device|No such device', 'its device cannot be opened'),
)


def in_words(message: str, details: str | None = None) -> str:
    """GStreamer's error in words; an unknown one in quotes."""
    for pattern, words in KNOWN:
        found = re.search(pattern, f'{message} {details or ""}', re.IGNORECASE)
        if found:
            return words.format(*found.groups())
    return f'GStreamer says "{" ".join(message.split())}"'


def why_absent(encoder: Encoder, gstreamer: tuple[int, int], root: str = '/') -> str:
    """Why GStreamer has no such element. `gstreamer` is its version, (1, 22) for example."""
    name = encoder.factory
    if name == 'nvcudah264enc' and gstreamer >= (1, 26):
        return f'{NOT_INSTALLED}: since GStreamer 1.26 it is called nvh264enc'
    if name in ('nvautogpuh264enc', 'nvcudah264enc', 'nvh264enc'):
        if not _has_library(NVENC_LIBRARY, root):
            return f'{NOT_INSTALLED}: no NVIDIA driver found ({NVENC_LIBRARY} is missing)'
        return f'{NOT_INSTALLED}: an NVIDIA driver is there, but GStreamer found no GPU that it can use'
    if name.startswith('va'):
        return f'{NOT_INSTALLED}: {_why_no_va(root)}'
    return f'{NOT_INSTALLED}: it comes with {encoder.source}'


def _why_no_va(root: str) -> str:
    nodes = sorted(glob.glob(_below(root, RENDER_NODES)))
    if not nodes:
        return 'no Intel or AMD graphics found (there is no /dev/dri/renderD128)'
    if not any(os.access(node, os.R_OK | os.W_OK) for node in nodes):
        return f'this user may not open {nodes[0]}: sudo usermod -aG render "$USER", then log in again'
    return 'the graphics here have no driver that encodes H.264 in this way'


def _has_library(name: str, root: str) -> bool:
    return any(
        os.path.exists(_below(root, f'{folder}/{name}')) or glob.glob(_below(root, f'{folder}/*/{name}'))
        for folder in LIBRARIES
    )


def _below(root: str, path: str) -> str:
    return os.path.join(root, path.lstrip('/'))
