import tempfile

PIECE = bytes(1024**2)


def handler(input, context):
    with tempfile.TemporaryFile() as file:
        for _ in range(64):
            file.write(PIECE)
    return {"could": ["write 64 MiB into one file"]}
