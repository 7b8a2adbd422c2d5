#!/usr/bin/python3
"""The project's sender, with grain on its test pattern (grain.py), and with its own options."""

import runpy
import sys
from pathlib import Path

SENDER = Path(__file__).resolve().parents[2] / 'sender'
sys.path.insert(0, str(SENDER))

from grain import add_grain  # noqa: E402

add_grain()
sys.argv[0] = str(SENDER / 'gstreamer-webrtc-sender.py')
runpy.run_path(sys.argv[0], run_name='__main__')
