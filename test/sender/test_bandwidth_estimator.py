"""On a box that has rtpgccbwe (gst-plugins-rs) its word is taken. It cannot be had here: a stand-in has its name."""

import pytest
import receiver
from studio import asynchronous, studio
from webrtc_sender.gst import GObject, Gst
from webrtc_sender.peer import bandwidth_estimator
from webrtc_sender.peer.sdp import TRANSPORT_CC_URI

NAME = 'standinrtpgccbwe'
WITH_TWCC = f'{receiver.H264},extmap-3=(string)"{TRANSPORT_CC_URI}",rtcp-fb-transport-cc=(boolean)true'


class StandInRtpGccBwe(type(Gst.ElementFactory.make('identity'))):
    """Lets everything through and estimates what the test says."""

    __gtype_name__ = 'StandInRtpGccBwe'
    __gproperties__ = {
        'estimated-bitrate': (int, 'estimate', 'bit/s', 0, 2**31 - 1, 2_000_000, GObject.ParamFlags.READWRITE),
        'min-bitrate': (int, 'least', 'bit/s', 0, 2**31 - 1, 1_000, GObject.ParamFlags.READWRITE),
    }
    made: list = []

    def __init__(self) -> None:
        super().__init__()
        self.values = {'estimated-bitrate': 2_000_000, 'min-bitrate': 1_000}
        self.made.append(self)

    def do_get_property(self, prop):
        return self.values[prop.name]

    def do_set_property(self, prop, value) -> None:
        self.values[prop.name] = value


@pytest.fixture
def stand_in(monkeypatch):
    Gst.Element.register(None, NAME, Gst.Rank.NONE, StandInRtpGccBwe)
    monkeypatch.setattr(bandwidth_estimator, 'FACTORY', NAME)
    StandInRtpGccBwe.made.clear()
    yield StandInRtpGccBwe.made
    StandInRtpGccBwe.made.clear()


@asynchronous
async def test_its_estimate_moves_the_viewer(stand_in):
    async with studio('--width', '640', '--height', '360', '--bitrate', '2500') as place:
        viewer = await place.watch(caps=WITH_TWCC)
        assert stand_in[0].get_property('min-bitrate') == bandwidth_estimator.LEAST_BPS
        stand_in[0].set_property('estimated-bitrate', 800_000)
        await viewer.wait_until(lambda: viewer.frames[-1][0] == 320)
        stand_in[0].set_property('estimated-bitrate', 4_000_000)
        await viewer.wait_until(lambda: viewer.frames[-1][0] == 640)


def test_it_is_not_installed_here():
    assert not bandwidth_estimator.is_installed()
