"""Frames over descriptors, against the fixtures that the tests of the runtime's side read too."""

import contextlib
import fcntl
import json
import os
import socket
import struct
import termios
import threading
from pathlib import Path
from typing import Any

import pytest

from gaugelet_worker.control import ControlChannel
from gaugelet_worker.frames import (
    INVOKE_NUMBERS_BYTES,
    MAX_FRAME_BYTES,
    Frame,
    FrameStream,
    FrameType,
    ProtocolError,
    decode_head,
    encode_results,
    invoke_numbers,
)

TESTDATA = Path(__file__).parents[2] / "testdata"
FIXTURES = json.loads((TESTDATA / "frames.json").read_text())
MALFORMED = json.loads((TESTDATA / "malformed-frames.json").read_text())
OURS = [fixture for fixture in FIXTURES if not fixture.get("decodeOnly")]
OUTCOMES = ["ok", "error", "rejected"]
# What the zygote, and the first program of a virtual machine, are told.
HEARD = [FrameType.LAUNCH, FrameType.END, FrameType.FILE, FrameType.TICK, FrameType.TAKEN]
RESULT_NUMBERS_BYTES = 32


def by_name(fixture):
    return fixture["name"]


def frame_of(fixture) -> Frame:
    return Frame(fixture["type"], fixture["head"], bytes.fromhex(fixture["bodyHex"]))


def received(stream: FrameStream) -> list[Frame]:
    """The frames until it is waited for more."""

    def wait() -> float:
        raise InterruptedError

    found = []
    with contextlib.suppress(InterruptedError):
        for kind, head, start, stop in stream.frames(wait, wait):
            found.append(Frame(kind, parsed(kind, head), stream.bytes[start:stop]))
    return found


def parsed(kind: int, head: Any) -> Any:
    """The head of an `invoke` is left as it came, until a handler asks for what is in it."""
    return decode_head(head) if kind == FrameType.INVOKE and isinstance(head, bytes) else head


def of_type(fixtures, kind):
    return [fixture for fixture in fixtures if fixture["type"] == kind]


def stream_on(connection: socket.socket) -> FrameStream:
    """A socket is both ends."""
    return FrameStream(connection.fileno(), connection.fileno())


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_fixtures_have_every_type_of_frame():
    assert {fixture["type"] for fixture in FIXTURES} == set(FrameType)


@pytest.mark.parametrize("fixture", FIXTURES, ids=by_name)
def test_a_frame_is_decoded(pair, fixture):
    ours, theirs = pair
    theirs.sendall(bytes.fromhex(fixture["frameHex"]))
    assert stream_on(ours).read() == frame_of(fixture)


@pytest.mark.parametrize("fixture", OURS, ids=by_name)
def test_a_frame_is_encoded_to_exactly_these_bytes(pair, fixture):
    ours, theirs = pair
    stream_on(ours).write(fixture["type"], fixture["head"], bytes.fromhex(fixture["bodyHex"]))
    ours.close()
    assert theirs.makefile("rb").read().hex() == fixture["frameHex"]


@pytest.mark.parametrize("fixture", FIXTURES, ids=by_name)
def test_a_frame_is_decoded_wherever_it_is_cut_in_two(fixture):
    data = bytes.fromhex(fixture["frameHex"])
    for cut in range(1, len(data)):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            read = InThread(stream_on(ours).read)
            send_alone(theirs, data[:cut])
            theirs.sendall(data[cut:])
            assert read.result() == frame_of(fixture)


def send_alone(connection: socket.socket, data: bytes) -> None:
    """Send, and wait until the other end has taken it, so that it does not arrive with what follows."""
    connection.sendall(data)
    unread = bytearray(4)
    while True:
        fcntl.ioctl(connection, termios.TIOCOUTQ, unread)
        if not any(unread):
            return


class InThread:
    """A call that runs meanwhile."""

    def __init__(self, function):
        self._thread = threading.Thread(target=self._run, args=(function,), daemon=True)
        self._thread.start()

    def _run(self, function):
        self._result = function()

    def result(self):
        self._thread.join(20)
        return self._result


def test_frames_that_arrive_byte_by_byte_are_decoded(pair):
    ours, theirs = pair
    stream = stream_on(ours)
    read = InThread(lambda: [stream.read() for _ in range(3)])
    for byte in bytes.fromhex("".join(fixture["frameHex"] for fixture in FIXTURES[:3])):
        send_alone(theirs, bytes([byte]))
    assert read.result() == [frame_of(fixture) for fixture in FIXTURES[:3]]


def test_several_frames_may_arrive_at_once(pair):
    ours, theirs = pair
    theirs.sendall(bytes.fromhex("".join(fixture["frameHex"] for fixture in FIXTURES)))
    theirs.close()
    stream = stream_on(ours)
    assert [stream.read() for _ in FIXTURES] == [frame_of(fixture) for fixture in FIXTURES]
    assert stream.read() is None


@pytest.mark.parametrize("fixture", of_type(FIXTURES, FrameType.INVOKE), ids=by_name)
def test_the_numbers_of_an_invoke_are_decoded(fixture):
    id, shard, last_execution, flags = invoke_numbers(bytes.fromhex(fixture["bodyHex"]))
    shown = None if last_execution != last_execution else last_execution
    numbers = {"id": id, "shard": shard, "lastExecution": shown, "flags": flags}
    assert numbers == fixture["numbers"]
    assert INVOKE_NUMBERS_BYTES == 17


@pytest.mark.parametrize("fixture", of_type(OURS, FrameType.RESULT), ids=by_name)
def test_a_result_is_encoded_to_exactly_these_bytes(fixture):
    numbers = fixture["numbers"]
    output = bytes.fromhex(fixture["bodyHex"])[RESULT_NUMBERS_BYTES:]
    outcome = OUTCOMES.index(numbers["outcome"])
    result = (numbers["id"], outcome, numbers["seconds"], fixture["head"], output)
    frame = encode_results([result], numbers["cpuSeconds"], numbers["memoryBytes"])
    assert frame.hex() == fixture["frameHex"]


@pytest.mark.parametrize("fixture", [each for each in OURS if each["type"] in HEARD], ids=by_name)
def test_the_zygote_takes_a_message_of_the_runtime(pair, fixture):
    ours, theirs = pair
    theirs.sendall(bytes.fromhex(fixture["frameHex"]))
    assert [tuple(frame) for frame in ControlChannel(ours).arrived()] == [tuple(frame_of(fixture))]


@pytest.mark.parametrize(
    "fixture",
    [each for each in OURS if each["type"] >= FrameType.LAUNCH and each["type"] not in HEARD],
    ids=by_name,
)
def test_the_zygote_tells_the_runtime_in_exactly_these_bytes(pair, fixture):
    ours, theirs = pair
    ControlChannel(ours).send(FrameType(fixture["type"]), fixture["head"])
    ours.close()
    assert theirs.makefile("rb").read().hex() == fixture["frameHex"]


def test_the_parts_of_a_body_follow_each_other(pair):
    ours, theirs = pair
    stream_on(ours).write(FrameType.SAVED, {"id": 1}, b"one", b"", b"two")
    assert stream_on(theirs).read() == Frame(FrameType.SAVED, {"id": 1}, b"onetwo")


def test_what_is_put_is_sent_with_the_next_flush(pair):
    ours, theirs = pair
    stream = stream_on(ours)
    stream.put(FrameType.SNAPSHOT, {"shard": 1})
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(1)
    theirs.setblocking(True)
    stream.flush()
    assert stream_on(theirs).read() == Frame(FrameType.SNAPSHOT, {"shard": 1}, b"")


def test_frames_that_are_encoded_already_are_sent_after_what_was_put(pair):
    ours, theirs = pair
    stream = stream_on(ours)
    encoded = b"".join(bytes.fromhex(fixture["frameHex"]) for fixture in FIXTURES[:2])
    stream.send(encoded)
    stream.put(FrameType.SNAPSHOT, {"shard": 1})
    stream.send(encoded)
    reading = stream_on(theirs)
    fixtures = [frame_of(fixture) for fixture in FIXTURES[:2]]
    answers = [reading.read() for _ in range(5)]
    assert answers == [*fixtures, Frame(FrameType.SNAPSHOT, {"shard": 1}, b""), *fixtures]


def test_frames_that_came_whole_are_given_out_before_more_is_waited_for(pair):
    ours, theirs = pair
    whole = [bytes.fromhex(fixture["frameHex"]) for fixture in FIXTURES[:3]]
    theirs.sendall(b"".join(whole) + whole[0][:-1])
    stream = stream_on(ours)
    assert stream.receive()
    assert received(stream) == [frame_of(each) for each in FIXTURES[:3]]
    theirs.sendall(whole[0][-1:])
    assert stream.receive()
    assert received(stream) == [frame_of(FIXTURES[0])]


@pytest.mark.parametrize("seconds", [0.001, 0.05])
def test_it_is_waited_for_what_comes_and_no_longer(pair, seconds):
    ours, theirs = pair
    stream = stream_on(ours)
    assert stream.receive(within=seconds) is None
    theirs.sendall(b"x")
    assert stream.receive(within=seconds) is True
    later = threading.Timer(0.1, theirs.sendall, [b"y"])
    later.start()
    assert stream.receive() is True
    assert stream.bytes == b"xy"
    later.join()


def test_a_body_larger_than_the_sockets_buffer_arrives_whole(pair):
    ours, theirs = pair
    body = bytes(range(256)) * 20_000
    read = InThread(stream_on(theirs).read)
    stream_on(ours).write(FrameType.RESULT, {}, body)
    assert read.result().body == body


def test_a_body_larger_than_a_pipe_arrives_whole():
    reading, writing = os.pipe()
    body = bytes(range(256)) * 20_000
    read = InThread(FrameStream(reading, writing).read)
    FrameStream(reading, writing).write(FrameType.RESULT, {}, body)
    assert read.result().body == body
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("fixture", MALFORMED, ids=by_name)
def test_bytes_that_are_no_frame_are_refused(pair, fixture):
    ours, theirs = pair
    theirs.sendall(bytes.fromhex(fixture["hex"]))
    with pytest.raises(ProtocolError):
        stream_on(ours).read()


@pytest.mark.parametrize("head", [b"[]", b"null", b"1", b'"text"', b'{"a":"\xff"}'])
def test_heads_that_are_no_objects_are_refused(pair, head):
    ours, theirs = pair
    theirs.sendall(struct.pack(">IBI", 5 + len(head), FrameType.SNAPSHOT, len(head)) + head)
    with pytest.raises(ProtocolError):
        stream_on(ours).read()


def test_a_length_is_refused_before_anything_is_kept_for_it(pair):
    ours, theirs = pair
    theirs.sendall(struct.pack(">I", MAX_FRAME_BYTES + 1))
    with pytest.raises(ProtocolError, match=f"a frame of {MAX_FRAME_BYTES + 1} bytes"):
        stream_on(ours).read()


def test_the_end_of_the_connection_between_two_frames_is_the_end(pair):
    ours, theirs = pair
    theirs.close()
    assert stream_on(ours).read() is None


def test_the_end_of_the_connection_inside_a_frame_is_an_error():
    data = bytes.fromhex(FIXTURES[0]["frameHex"])
    for cut in range(1, len(data)):
        ours, theirs = socket.socketpair()
        with ours:
            theirs.sendall(data[:cut])
            theirs.close()
            with pytest.raises(ProtocolError, match="closed inside a frame"):
                stream_on(ours).read()
