import frames


def handler(input, context):
    """Messages of the zygote, where only a worker's are expected."""
    frames.send(frames.frame(35, {"launch": 1, "exitCode": 0, "signal": None, "limit": None}))
    return {"could": ["speak for the zygote"]}
