import os
import tempfile

PIECE = bytes(1024**2)


def handler(input, context):
    """Each file is within the limit; together they are not."""
    for number in range(48):
        with open(os.path.join(tempfile.gettempdir(), str(number)), "wb") as file:
            file.write(PIECE)
    return {"could": ["write 48 MiB into many files"]}
