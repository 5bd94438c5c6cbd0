"""A worker process with many calls in flight: the order of the answers, and when they are sent."""

import json
import os
import time
from collections.abc import Callable

import pytest

from gaugelet_worker.frames import FrameType

ECHO = "def handler(input, context):\n    return {'got': input}\n"
# Says how many bytes of earlier answers were sent and not read yet; makes a file where the event names one.
UNREAD = """
import fcntl, struct, termios
def handler(input, context):
    unread = struct.unpack("i", fcntl.ioctl(3, termios.FIONREAD, b"0000"))[0]
    if "file" in input: open(input["file"], "w").close()
    return {"unread": unread}
"""
# Waits for a file, where the event names one.
WAIT = """
import os, time
def handler(input, context):
    time.sleep(input.get("sleep", 0))
    while "file" in input and not os.path.exists(input["file"]): time.sleep(0.001)
    return {"n": input["n"], "text": "x" * input.get("size", 0)}
"""


def test_calls_in_flight_are_answered_in_their_order(loaded):
    worker = loaded(ECHO)
    worker.send_invokes(*({"n": number} for number in range(2000)))
    results = [worker.result() for _ in range(2000)]
    assert [result.id for result in results] == list(range(1, 2001))
    assert [result.value for result in results] == [{"got": {"n": number}} for number in range(2000)]


def test_calls_that_succeed_fail_and_are_rejected_keep_their_order_and_their_answers(loaded):
    worker = loaded("def handler(input, context):\n    return {'a': 1 / input['n']}\n")
    worker.send_invokes({"n": 1}, {"n": 0}, b"[]", {"n": 2}, {})
    results = [worker.result() for _ in range(5)]
    assert [(result.id, result.outcome) for result in results] == [
        (1, "ok"),
        (2, "error"),
        (3, "rejected"),
        (4, "ok"),
        (5, "error"),
    ]
    assert [result.output for result in results] == [b'{"a":1.0}', b"", b"", b'{"a":0.5}', b""]


@pytest.fixture
def unread(loaded, tmp_path) -> Callable[..., list[int]]:
    """Sends calls at once, reads nothing before all are made, and says how much was sent before each."""
    worker = loaded(UNREAD)

    def send(*events: dict) -> list[int]:
        made = tmp_path / "made"
        made.unlink(missing_ok=True)
        worker.send_invokes(*events, {"file": str(made)})
        while not made.exists():
            assert worker.process.poll() is None, worker.end()
            time.sleep(0.001)
        return [worker.result().value["unread"] for _ in range(len(events) + 1)]

    return send


# A machine that is busy makes calls slow: then they are rightly not held, and it is tried again.
ATTEMPTS = 200


def test_many_quick_results_are_sent_together(unread):
    assert any(unread(*[{}] * 30)[:20] == [0] * 20 for _ in range(ATTEMPTS))


def test_each_of_a_few_quick_results_is_sent_before_the_next_call(unread):
    first, second, third = unread({}, {})
    assert (first, second > 0, third > second) == (0, True, True)


def test_no_more_results_are_held_than_a_quarter_of_the_calls_that_may_be_under_way(unread):
    sent = unread(*[{}] * 255)
    assert 0 < sent[64] < sent[128] < sent[192]


def test_large_events_are_not_few_while_more_of_them_wait(unread):
    assert any(unread(*[{"text": "x" * 10_000}] * 12)[:3] == [0, 0, 0] for _ in range(ATTEMPTS))


def test_results_are_sent_before_the_next_call_when_they_have_waited(loaded, tmp_path):
    worker = loaded(WAIT)
    # Where an `env` is kept, saving it would send them too.
    worker.restore(shard=1, keepEnv=False)
    go = tmp_path / "go"
    worker.send_invokes({"n": 1}, {"n": 2, "sleep": 0.01}, {"n": 3, "file": str(go)}, {"n": 4}, shard=1)
    # The third call is under way, and stays so until these two have been heard.
    assert [worker.result().value["n"] for _ in range(2)] == [1, 2]
    go.touch()
    assert [worker.result().value["n"] for _ in range(2)] == [3, 4]


def test_large_results_are_sent_before_the_next_call(loaded, tmp_path):
    worker = loaded(WAIT)
    worker.restore(shard=1, keepEnv=False)
    go = tmp_path / "go"
    worker.send_invokes({"n": 1, "size": 200_000}, {"n": 2, "file": str(go)}, shard=1)
    assert worker.result().value["n"] == 1
    go.touch()
    assert worker.result().value["n"] == 2


def test_all_kinds_of_messages_are_answered_in_the_order_of_asking(loaded):
    worker = loaded(ECHO)
    restore = {"shard": 3, "name": "", "outputKey": "", "keepEnv": True}
    worker.send(FrameType.RESTORE, restore)
    worker.send_invokes({"n": 1}, b"[]", shard=3)
    worker.send(FrameType.SNAPSHOT, {"shard": 3})
    worker.send_invokes({"n": 2}, shard=3)
    kinds = [worker.answer().type for _ in range(5)]
    result = FrameType.RESULT
    assert kinds == [FrameType.RESTORED, result, result, FrameType.SNAPSHOTTED, result]


@pytest.mark.parametrize("size", [1, 100_000, 300_000, 5_000_000])
def test_large_events_go_through_between_small_ones(loaded, size):
    worker = loaded("def handler(input, context):\n    return {'length': len(input['text'])}\n")
    sizes = [1, size, 2, size, 3]
    worker.send_invokes(*({"text": "x" * each} for each in sizes))
    assert [worker.result().value["length"] for _ in sizes] == sizes


def test_events_that_come_in_pieces_are_answered_as_they_become_whole(loaded):
    worker = loaded(ECHO)
    body = json.dumps({"n": 1}).encode()
    frame = (22 + len(body)).to_bytes(4) + b"\x03" + bytes(4) + bytes(17) + body
    for byte in frame * 3:
        os.write(worker.requests, bytes([byte]))
    assert [worker.result().value for _ in range(3)] == [{"got": {"n": 1}}] * 3


def test_answers_that_nobody_reads_for_a_while_are_not_lost(loaded):
    worker = loaded("def handler(input, context):\n    return {'text': 'x' * 50_000}\n")
    worker.send_invokes(*({} for _ in range(100)))
    assert all(len(worker.result().value["text"]) == 50_000 for _ in range(100))
