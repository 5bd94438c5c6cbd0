"""Processes that a function forks from its worker: they have all that it had, but are not the worker."""

import os
import sys
import traceback
from typing import NoReturn

from gaugelet_worker.streams import Descriptor


def leave_connection() -> None:
    """Read nothing from the runtime any more, and let it read nothing of this process."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (Descriptor.REQUESTS, Descriptor.ANSWERS):
        os.dup2(null, descriptor, inheritable=False)
    os.close(null)


def end(*_: object) -> NoReturn:
    """End in place of a further call."""
    os._exit(0)


def end_with(error: BaseException) -> NoReturn:
    """End as a program does that does not catch this."""
    code = error.code if isinstance(error, SystemExit) else 1
    try:
        if not isinstance(error, SystemExit):
            traceback.print_exception(error)
        elif code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
        sys.stdout.flush()
    finally:
        os._exit(0 if code is None else code & 0xFF if isinstance(code, int) else 1)
