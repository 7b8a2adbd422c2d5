#!/usr/bin/python3
"""Shows a camera live on web pages. --help has the options, README.md the rest."""

import logging
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from webrtc_sender import dependencies, log, options  # noqa: E402


def main() -> int:
    try:
        chosen = options.parse(sys.argv[1:])
    except options.BadOption as reason:
        print(reason, file=sys.stderr)
        return 2
    absent = dependencies.missing()
    if absent:
        print(dependencies.explain(absent, sys.executable), file=sys.stderr)
        return 3
    log.setup(chosen.log_level)
    from webrtc_sender import main as sender

    try:
        return sender.run(chosen)
    except Exception:
        logging.exception('stopped-by-an-unexpected-error')
        return 1


if __name__ == '__main__':
    sys.exit(main())
