"""The GStreamer sender of webrtc-preview: one camera, one encode, many viewers.

Where to find what:

    app       the sender itself: who watches, what runs, what the server is told
    stage     which source runs: the camera, the test pattern, or the slate of a lost camera
    camera/   which cameras there are, what they can do, when they come and go
    picture/  where pictures come from
    encode/   encoders as data, their trials, and one at work (a rung)
    quality/  who is shown which quality, and what each link carries
    peer/     one connection to a browser or a media server, by webrtcbin
    whip/     publishing to a WHIP server
    server/   the signalling server, and the names and errors shared with it (src/protocol in TypeScript)
    program/  start and stop, options, metrics, systemd, --doctor
    gst, log  GStreamer itself; what people are told

Thread rule: GStreamer threads may only call ``post()`` (gst.py); everything else runs on the asyncio thread.
"""

import importlib.util
import sys

__version__ = '0.1.0'

# Debian's python3-minimal, which containers have, lacks a part of the standard library. Every way to start something of
# the sender passes here first, and nothing of it works without.
if any(importlib.util.find_spec(name) is None for name in ('json', 'asyncio')):
    print('Python is not complete here. This mends it: apt-get install python3', file=sys.stderr)
    sys.exit(3)
