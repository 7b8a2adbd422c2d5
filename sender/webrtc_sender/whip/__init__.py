"""Publishing to a WHIP server (RFC 9725)."""
