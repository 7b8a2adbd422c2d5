"""What all of the sender's tests share. Run from the top: /usr/bin/python3 -m pytest test/sender -q"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
SENDER = HERE.parent.parent / 'sender'
sys.path[:0] = [str(SENDER), str(HERE)]
