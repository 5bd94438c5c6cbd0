import os
import signal

from probe import Tries


def handler(input, context):
    """Kills whatever it may. Where that would be the runtime's own user, it only asks whether it could."""
    tries = Tries()
    if os.getuid() == input["user"]:
        tries("kill all that is the runtime's user's", lambda: os.kill(input["pids"]["runtime"], 0))
        return tries.result()
    tries("kill processes", lambda: os.kill(-1, signal.SIGKILL))
    tries.could.clear()
    return tries.result()
