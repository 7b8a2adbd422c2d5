"""One connection to a browser or a media server, by webrtcbin."""
