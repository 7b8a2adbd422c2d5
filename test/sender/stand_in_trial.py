"""trial.py where a stand-in is installed: `stand_in_trial.py FLAVOUR FACTORY …`."""

import sys

import conftest  # noqa: F401
import stand_in_encoders

if __name__ == '__main__':
    stand_in_encoders.register(sys.argv[1])
    from webrtc_sender.encode import trial

    trial.main(sys.argv[2:])
