"""Encoders: which there are, whether they work here, and one at work (a rung)."""
