import frames


def handler(input, context):
    """Answers a call that is another's."""
    frames.send(frames.result(frames.own_id() + 1, b'{"count":1000000}'))
    return {"could": ["answer another's call"]}
