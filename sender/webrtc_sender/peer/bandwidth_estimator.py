"""rtpgccbwe of gst-plugins-rs, where it is installed: it estimates each peer's link, and paces. Neither Debian nor
Ubuntu carries it, so the sender has an estimate of its own (quality/bandwidth.py).

webrtcbin 1.22 gives up one reference too many to the transport for which it asks for the element (measured: it is freed
while in use). So one more is held until webrtcbin is gone, and then what is left over is given up.
"""

import ctypes

from ..gst import Gst

FACTORY = 'rtpgccbwe'
# bit/s. Under 100 kbit/s an encoder has nothing to show.
LEAST_BPS = 100_000

_gobject = ctypes.CDLL('libgobject-2.0.so.0')


def is_installed() -> bool:
    return Gst.ElementFactory.find(FACTORY) is not None


def make():
    """For webrtcbin's `request-aux-sender`."""
    estimator = Gst.ElementFactory.make(FACTORY)
    if estimator.find_property('min-bitrate'):
        estimator.set_property('min-bitrate', LEAST_BPS)
    return estimator


def hold(transport) -> None:
    """Until `let_go`."""
    _gobject.g_object_ref(_address(transport))


def let_go(transport) -> None:
    """webrtcbin is gone, and nobody but the caller holds it any more."""
    while transport.__grefcount__ > 1:
        _gobject.g_object_unref(_address(transport))


def _address(instance) -> ctypes.c_void_p:
    return ctypes.c_void_p(hash(instance))
