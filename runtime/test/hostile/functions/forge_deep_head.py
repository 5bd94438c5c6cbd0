import frames


def handler(input, context):
    depth = 1_000_000
    frames.send(frames.frame(frames.SAVED, b"[" * depth + b"]" * depth))
    return {"could": ["send a head that is nested a million deep"]}
