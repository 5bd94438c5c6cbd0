"""Entry point of `python -P -m gaugelet_worker.checking <limits as JSON> [program…]`.

Bounds itself first. With a program it becomes that one; without, it checks the Python code on its standard
input, see `package.py`. Compilers are not made for hostile code: it may end or hang them, and must end and
hang nothing else.
"""

import json
import os
import sys

from gaugelet_worker.checking.contained import contain

limits = json.loads(sys.argv[1])
contain(limits, is_program=len(sys.argv) > 2)
if len(sys.argv) > 2:
    os.execvp(sys.argv[2], sys.argv[2:])

from gaugelet_worker.checking.package import check_package  # noqa: E402

check_package(sys.stdin.buffer, sys.stdout, limits["cpu"])
