import mmap

MEGABYTES = 512


def handler(input, context):
    """Shared pages are no data of the process's own, which is what the kernel's limit of a process counts."""
    memory = mmap.mmap(-1, MEGABYTES * 1024**2)
    for at in range(0, len(memory), 4096):
        memory[at] = 1
    return {"could": [f"use {MEGABYTES} MiB of shared memory"]}
