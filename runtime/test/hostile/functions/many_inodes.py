import os
import tempfile


def handler(input, context):
    for number in range(6_000):
        os.close(os.open(os.path.join(tempfile.gettempdir(), str(number)), os.O_CREAT | os.O_WRONLY))
    return {"could": ["make 6,000 empty files"]}
