import os


class Command:
    def __reduce__(self):
        return os.system, ("exit 0",)


def handler(input, context):
    """A saved env that would run a program wherever it is read."""
    context.env["command"] = Command()
    return {"could": []}
