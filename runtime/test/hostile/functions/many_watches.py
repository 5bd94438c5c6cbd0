import os

from probe import Tries, checked, libc


def handler(input, context):
    """A user may watch 128 times: whoever shares the user with the runtime can leave none for it."""
    for _ in range(4):
        if os.fork() == 0:
            take()
            os._exit(0) if os.read(0, 1) else os.kill(os.getpid(), 19)
    tries = Tries()
    tries("watch files", lambda: take() > 0)
    tries.could.clear()
    return tries.result()


def take() -> int:
    count = 0
    while True:
        try:
            checked(libc.inotify_init1(0))
        except OSError:
            return count
        count += 1
