"""The GStreamer sender of webrtc-preview: one camera, one encode, many viewers.

Where to find what:

    options       the command line and the environment, from one table
    dependencies  what must be installed, and the one apt-get line that mends it
    protocol      names, limits and errors shared with the server (src/protocol in TypeScript)
    app           the sender itself: who watches, what runs, what the server is told
    signalling    Socket.IO, and nothing else
    capture       camera or test pattern -> encoder -> frames for whoever subscribed
    viewer        one webrtcbin for one viewer
    encoders, cameras, modes, sdp, picture_clock    data and pure functions

Thread rule: GStreamer threads may only call ``post()`` (gst.py); everything else runs on the asyncio thread.
"""
