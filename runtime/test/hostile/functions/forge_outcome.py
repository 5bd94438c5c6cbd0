import frames


def handler(input, context):
    frames.send(frames.result(frames.own_id(), b"{}", outcome=4_000_000_000))
    return {"could": ["answer with an outcome that there is not"]}
