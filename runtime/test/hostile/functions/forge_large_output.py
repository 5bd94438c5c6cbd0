import frames


def handler(input, context):
    """An output of 60 MiB, past the worker that would refuse to send it."""
    begin, piece, end = b'{"could":["store 60 MiB"],"x":"', b"x" * 1024**2, b'"}'
    length = len(begin) + 60 * len(piece) + len(end)
    frames.send(frames.result_start(frames.own_id(), length), begin, *[piece] * 60, end)
    return {"could": ["answer twice"]}
