"""Whom to trust on https."""

import ssl


def context_for(url: str | None, ca: str | None) -> ssl.SSLContext | None:
    """None where nothing is encrypted: to read the authorities takes 20 ms."""
    return context(ca) if ca or not str(url).startswith(('http:', 'ws:')) else None


def context(ca: str | None) -> ssl.SSLContext:
    """The system's authorities, and those of the PEM file `ca` (--ca)."""
    trusted = ssl.create_default_context()
    if ca:
        trusted.load_verify_locations(ca)
    return trusted
