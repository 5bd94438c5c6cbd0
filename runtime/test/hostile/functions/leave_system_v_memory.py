from probe import checked, libc


def handler(input, context):
    """A segment within its limits, but one that nobody removes."""
    checked(libc.shmget(0, 4096, 0o1600))
    checked(libc.semget(0, 1, 0o1600))
    checked(libc.msgget(0, 0o1600))
    return {"could": []}
