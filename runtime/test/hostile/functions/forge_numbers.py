import frames


def handler(input, context):
    numbers = (-1e308, float("nan"), float("inf"))
    frames.send(frames.result(frames.own_id(), b'{"could":[]}', numbers=numbers))
    return {"could": ["answer twice"]}
