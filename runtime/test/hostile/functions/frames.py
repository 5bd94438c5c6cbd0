"""Frames of the worker protocol, made by hand."""

import json
import os
import struct
import sys

SAVED = 21
RESULT = 19


def frame_start(kind: int, head: object, body_length: int) -> bytes:
    """All of a frame that comes before its body."""
    text = b"" if head is None else head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack(">IBI", 5 + len(text) + body_length, kind, len(text)) + text


def frame(kind: int, head: object = None, body: bytes = b"") -> bytes:
    return frame_start(kind, head, len(body)) + body


def result_start(id: int, output_length: int, *, outcome: int = 0, numbers=(0.0, 0.0, 0.0)) -> bytes:
    """All of a result that comes before its output."""
    body = struct.pack(">IIddd", id, outcome, *numbers)
    return frame_start(RESULT, None, len(body) + output_length) + body


def result(id: int, output: bytes, **more) -> bytes:
    return result_start(id, len(output), **more) + output


def send(*frames: bytes) -> None:
    for data in frames:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(3, rest) :]


def own_id() -> int:
    """The number of the call that runs, from the worker's own loop."""
    call = sys._getframe()
    while call is not None and not (call.f_code.co_name == "_invoke" and "id" in call.f_locals):
        call = call.f_back
    return call.f_locals["id"]
