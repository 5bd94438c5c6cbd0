import os

from probe import Tries, read


def handler(input, context):
    """A file that its own user cannot read lies in its package: that must not give it another user."""
    tries = Tries()
    tries("read /etc/shadow", lambda: read("/etc/shadow", 1))
    tries("read the configuration file", lambda: read(input["configuration"]))
    tries("signal the runtime", lambda: os.kill(input["pids"]["runtime"], 0))
    return tries.result()
