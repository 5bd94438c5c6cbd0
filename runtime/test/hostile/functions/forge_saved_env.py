import frames


def handler(input, context):
    """Says of shards that it never had that their env is this."""
    for shard in range(50):
        head = {"shard": shard, "id": 4_000_000_000, "problem": None, "unchanged": False}
        frames.send(frames.frame(frames.SAVED, head, b"not a pickle"))
    return {"could": []}
