import frames


def handler(input, context):
    """Answers its own call by hand. The worker's own answer then is one that nobody asked for."""
    frames.send(frames.result(frames.own_id(), b'{"could":[]}'))
    return {"could": ["answer twice"]}
