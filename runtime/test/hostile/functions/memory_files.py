import os

PIECE = bytes(1024**2)


def handler(input, context):
    """Files that are nowhere but in memory, each within the limit of a file."""
    kept = []
    for number in range(40):
        descriptor = os.memfd_create(str(number))
        for _ in range(15):
            os.write(descriptor, PIECE)
        kept.append(descriptor)
    return {"could": ["use 600 MiB of files in memory"]}
