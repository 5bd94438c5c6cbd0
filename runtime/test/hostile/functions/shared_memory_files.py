import os

PIECE = bytes(1024**2)


def handler(input, context):
    """Files in /dev/shm are memory, each within the limit of a file."""
    for number in range(40):
        with open(f"/dev/shm/{input['token']}-{os.getpid()}-{number}", "wb") as file:
            for _ in range(15):
                file.write(PIECE)
    return {"could": ["use 600 MiB of /dev/shm"]}
