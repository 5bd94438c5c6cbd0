class Bomb:
    def __setstate__(self, state):
        self.x = [bytearray(1024**2) for _ in range(8192)]

    def __getstate__(self):
        return {"x": 1}


def handler(input, context):
    """A saved env of a few bytes that needs 8 GB when it is read."""
    before = len(context.env)
    context.env["bomb"] = Bomb()
    return {"could": [], "before": before}
