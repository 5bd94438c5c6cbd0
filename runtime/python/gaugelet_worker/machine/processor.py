"""How quickly this machine's processor counts: a virtual machine that finds out by itself may get stuck.

`processor` says it as a line of JSON: `{"kilohertz": 2445406}`, or `{"kilohertz": null}`.
"""

import ctypes
import json
import mmap
import platform
import time

_SECONDS = 0.1
_MOST_WINDOWS = 5
# rdtsc; shl rdx, 32; or rax, rdx; ret
_CODE = bytes.fromhex("0f3148c1e2204809d0c3")


def kilohertz() -> int | None:
    """Of the time stamp counter; None for other processors."""
    if platform.machine() != "x86_64":
        return None
    with mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as code:
        code.write(_CODE)
        place = ctypes.c_char.from_buffer(code)
        count = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(place))
        found = sorted(_measure(count) for _ in range(_MOST_WINDOWS))
        del count, place
    # The one in the middle: between a look at the counter and one at the clock something else may have run.
    return round(found[len(found) // 2])


def _measure(count: "ctypes._FuncPointer") -> float:
    started, first = time.monotonic_ns(), count()
    time.sleep(_SECONDS)
    ended, last = time.monotonic_ns(), count()
    return (last - first) / (ended - started) * 1e6


def main() -> None:
    """Say it."""
    print(json.dumps({"kilohertz": kilohertz()}), flush=True)
