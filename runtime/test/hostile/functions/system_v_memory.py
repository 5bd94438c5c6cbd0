import ctypes

from probe import checked, libc

MEGABYTES = 64
COUNT = 8


def handler(input, context):
    """Segments of shared memory belong to no process: they stay when all are gone."""
    libc.shmat.restype = ctypes.c_void_p
    for _ in range(COUNT):
        segment = checked(libc.shmget(0, MEGABYTES * 1024**2, 0o1600))
        address = libc.shmat(segment, None, 0)
        if address in (None, ctypes.c_void_p(-1).value):
            raise MemoryError("shmat")
        for at in range(0, MEGABYTES * 1024**2, 4096):
            ctypes.c_char.from_address(address + at).value = b"x"
    return {"could": [f"use {MEGABYTES * COUNT} MiB of System V memory"]}
