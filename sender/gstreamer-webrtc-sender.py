#!/usr/bin/python3
"""Shows a camera live on web pages. --help has the options, README.md the rest."""

import os
import signal
import sys

if __name__ == '__main__':
    # What follows takes a while to load; a stop meanwhile ends it as later on (Signals takes over): with 0.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os._exit(0))

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from webrtc_sender import log  # noqa: E402
from webrtc_sender.program import dependencies, memory, options, signals  # noqa: E402


def main(arguments: list[str]) -> int:
    watched = signals.Signals()
    watched.watch()
    try:
        chosen = options.parse(arguments)
    except options.BadOption as reason:
        print(reason, file=sys.stderr)
        return 2
    if chosen.doctor:
        from webrtc_sender.program import doctor

        text, code = doctor.report(chosen)
        print(text)
        return code
    memory.use_one_arena()
    absent = dependencies.missing_of_gstreamer()
    if not absent and not chosen.list_cameras:
        from webrtc_sender.program import early

        early.begin(chosen)
    absent = dependencies.missing_modules() | absent
    if absent:
        print(dependencies.explain(absent, sys.executable), file=sys.stderr)
        return 3
    log.setup_from(chosen)
    from webrtc_sender.program import main as sender

    return sender.run(chosen, arguments, watched)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
