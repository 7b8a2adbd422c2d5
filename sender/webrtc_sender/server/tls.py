"""Whom to trust on https."""

import ssl


def context(ca: str | None) -> ssl.SSLContext:
    """The system's authorities, and those of the PEM file `ca` (--ca)."""
    trusted = ssl.create_default_context()
    if ca:
        trusted.load_verify_locations(ca)
    return trusted
