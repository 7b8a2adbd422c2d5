"""Makes the first viewer of a process as fast as the later ones."""

from ..gst import Gst, GstWebRTC


def warm_up() -> None:
    """Makes one connection for nobody. The first DTLS certificate of a process takes 200 to 600 ms, and loading the
    plugins some more; without this the first viewer would wait for it."""
    pipeline, webrtc = Gst.Pipeline(), Gst.ElementFactory.make('webrtcbin')
    pipeline.add(webrtc)
    pipeline.set_state(Gst.State.PLAYING)
    caps = Gst.Caps.from_string('application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000')
    webrtc.emit('add-transceiver', GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY, caps)
    promise = Gst.Promise.new()
    webrtc.emit('create-offer', None, promise)
    promise.wait()
    pipeline.set_state(Gst.State.NULL)
