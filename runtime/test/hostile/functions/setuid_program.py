import os
import subprocess

from probe import Tries, read


def handler(input, context):
    """A program with the set-user-id bit of its owner lies in its own package."""
    tries = Tries()
    tries("be the program's owner", lambda: user_of_program() != os.getuid())
    tries("get rights by programs", lambda: "NoNewPrivs:\t1" not in read("/proc/self/status"))
    return tries.result()


def user_of_program() -> int:
    run = subprocess.run(["./id-of-owner", "-u"], capture_output=True, text=True, check=True)
    return int(run.stdout)
