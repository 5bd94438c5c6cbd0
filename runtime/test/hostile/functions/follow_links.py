import os

from probe import Tries, read


def handler(input, context):
    """Its package came with symbolic links to places outside of it."""
    tries = Tries()
    tries("read /etc/shadow", lambda: read("link-to-shadow", 1))
    tries("read the configuration file", lambda: read("link-to-configuration"))
    tries("read another function's code", lambda: read("link-to-functions/neighbour-http/neighbour.py"))
    tries(
        "list the machine's root",
        lambda: "proc" in os.listdir("link-to-root") and "boot" in os.listdir("link-to-root"),
    )
    return tries.result()
