import os


def handler(input, context):
    os.closerange(0, 100)
    return {"could": []}
