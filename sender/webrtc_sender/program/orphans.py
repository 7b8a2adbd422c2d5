"""For a process that only serves the sender: it ends when the sender does, even if that is killed."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_the_parent(at_latest_s: int) -> None:
    """From now on the kernel kills this process with its parent; and in any case after `at_latest_s`, rounded up.

    The second is for a parent that was gone before this was called. Neither needs this process to be able to run: a
    driver that hangs, hangs in C.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1:
        os._exit(1)
    signal.alarm(at_latest_s)
