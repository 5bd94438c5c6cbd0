import frames


def handler(input, context):
    """A saved env of 60 MiB, past the worker that would refuse to send it."""
    id, piece = frames.own_id(), bytes(1024**2)
    head = {"shard": 0, "id": id, "problem": None, "unchanged": False}
    frames.send(frames.result(id, b'{"could":[]}'))
    frames.send(frames.frame_start(frames.SAVED, head, 60 * len(piece)), *[piece] * 60)
    return {"could": ["answer twice"]}
