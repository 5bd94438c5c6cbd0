import os
import sys

import orjson
from probe import Tries, may_write

import gaugelet_worker


def handler(input, context):
    tries = Tries()
    tries("change its own code", lambda: may_write(__file__))
    tries("add to its own code", lambda: os.close(os.open("more.py", os.O_WRONLY | os.O_CREAT, 0o600)))
    tries("change another function's code", lambda: may_write(f"{input['neighbour']['folder']}/neighbour.py"))
    tries("change the worker's code", lambda: may_write(gaugelet_worker.__file__))
    tries("change the language's libraries", lambda: may_write(os.__file__))
    tries("change installed packages", lambda: may_write(orjson.__file__))
    tries("change the interpreter", lambda: may_write(os.path.realpath(sys.executable)))
    return tries.result()
