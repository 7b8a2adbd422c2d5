"""The signalling server: Socket.IO, and what passes over it."""
