"""What the hostile functions share: they try things, and tell which they could do."""

import ctypes
import os
from collections.abc import Callable
from typing import Any

libc = ctypes.CDLL(None, use_errno=True)


class Tries:
    """Notes of each attempt whether it succeeded. An action that raises, or gives False, did not."""

    def __init__(self) -> None:
        self.could: list[str] = []
        self.why: dict[str, str] = {}

    def __call__(self, what: str, action: Callable[[], Any]) -> Any:
        try:
            value = action()
        except BaseException as error:
            self.why[what] = f"{type(error).__name__}: {error}"[:200]
            return None
        if value is False:
            self.why[what] = "no error, but not done"
            return None
        self.could.append(what)
        return value

    def result(self, **more: Any) -> dict:
        return {"could": self.could, "why": self.why, **more}


def read(path: str, size: int = 4096) -> str:
    with open(path, "rb") as file:
        return file.read(size).decode("latin-1")


def may_write(path: str) -> None:
    """Open for writing, and write nothing: what is tried on must not be harmed."""
    os.close(os.open(path, os.O_WRONLY))


def checked(result: int) -> int:
    """The result of a call of the C library, or its error."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def system_call(name: str, *arguments: Any) -> int:
    import pyseccomp

    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return checked(libc.syscall(ctypes.c_long(number), *values))
