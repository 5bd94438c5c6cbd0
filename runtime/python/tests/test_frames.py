"""Frames on a socket, against the fixtures that the tests of the runtime's side read too."""

import fcntl
import json
import socket
import struct
import termios
import threading
from pathlib import Path

import pytest

from gaugelet_worker.frames import MAX_FRAME_BYTES, Frame, FrameStream, FrameType, ProtocolError

TESTDATA = Path(__file__).parents[2] / "testdata"
FIXTURES = json.loads((TESTDATA / "frames.json").read_text())
MALFORMED = json.loads((TESTDATA / "malformed-frames.json").read_text())


def by_name(fixture):
    return fixture["name"]


def frame_of(fixture) -> Frame:
    return Frame(FrameType(fixture["type"]), fixture["head"], bytes.fromhex(fixture["bodyHex"]))


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(20)
        theirs.settimeout(20)
        yield ours, theirs


def test_fixtures_have_every_type_of_frame():
    assert {fixture["type"] for fixture in FIXTURES} == set(FrameType)


@pytest.mark.parametrize("fixture", FIXTURES, ids=by_name)
def test_a_frame_is_decoded(pair, fixture):
    ours, theirs = pair
    theirs.sendall(bytes.fromhex(fixture["frameHex"]))
    assert FrameStream(ours).read() == frame_of(fixture)


@pytest.mark.parametrize(
    "fixture", [fixture for fixture in FIXTURES if not fixture.get("decodeOnly")], ids=by_name
)
def test_a_frame_is_encoded_to_exactly_these_bytes(pair, fixture):
    ours, theirs = pair
    FrameStream(ours).write(fixture["type"], fixture["head"], bytes.fromhex(fixture["bodyHex"]))
    ours.close()
    assert theirs.makefile("rb").read().hex() == fixture["frameHex"]


@pytest.mark.parametrize("fixture", FIXTURES, ids=by_name)
def test_a_frame_is_decoded_wherever_it_is_cut_in_two(fixture):
    data = bytes.fromhex(fixture["frameHex"])
    for cut in range(1, len(data)):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            read = InThread(FrameStream(ours).read)
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
    stream = FrameStream(ours)
    read = InThread(lambda: [stream.read() for _ in range(3)])
    for byte in bytes.fromhex("".join(fixture["frameHex"] for fixture in FIXTURES[:3])):
        send_alone(theirs, bytes([byte]))
    assert read.result() == [frame_of(fixture) for fixture in FIXTURES[:3]]


def test_several_frames_may_arrive_at_once(pair):
    ours, theirs = pair
    theirs.sendall(bytes.fromhex("".join(fixture["frameHex"] for fixture in FIXTURES)))
    theirs.close()
    stream = FrameStream(ours)
    assert [stream.read() for _ in FIXTURES] == [frame_of(fixture) for fixture in FIXTURES]
    assert stream.read() is None


def test_the_parts_of_a_body_follow_each_other(pair):
    ours, theirs = pair
    FrameStream(ours).write(FrameType.RESULT, {"id": 1}, b"output", b"", b"env")
    assert FrameStream(theirs).read() == Frame(FrameType.RESULT, {"id": 1}, b"outputenv")


def test_a_body_larger_than_the_sockets_buffer_arrives_whole(pair):
    ours, theirs = pair
    body = bytes(range(256)) * 20_000
    read = InThread(FrameStream(theirs).read)
    FrameStream(ours).write(FrameType.RESULT, {}, body)
    assert read.result().body == body


@pytest.mark.parametrize("fixture", MALFORMED, ids=by_name)
def test_bytes_that_are_no_frame_are_refused(pair, fixture):
    ours, theirs = pair
    theirs.sendall(bytes.fromhex(fixture["hex"]))
    with pytest.raises(ProtocolError):
        FrameStream(ours).read()


@pytest.mark.parametrize(
    ("kind", "head"), [(0, b"{}"), (5, b"{}"), (255, b"{}"), (4, b"[]"), (4, b"null"), (4, b'{"a":"\xff"}')]
)
def test_unknown_types_and_heads_that_are_no_objects_are_refused(pair, kind, head):
    ours, theirs = pair
    theirs.sendall(struct.pack(">IBI", 5 + len(head), kind, len(head)) + head)
    with pytest.raises(ProtocolError):
        FrameStream(ours).read()


def test_a_length_is_refused_before_anything_is_kept_for_it(pair):
    ours, theirs = pair
    theirs.sendall(struct.pack(">I", MAX_FRAME_BYTES + 1))
    with pytest.raises(ProtocolError, match=f"a frame of {MAX_FRAME_BYTES + 1} bytes"):
        FrameStream(ours).read()


def test_the_end_of_the_connection_between_two_frames_is_the_end(pair):
    ours, theirs = pair
    theirs.close()
    assert FrameStream(ours).read() is None


def test_the_end_of_the_connection_inside_a_frame_is_an_error():
    data = bytes.fromhex(FIXTURES[0]["frameHex"])
    for cut in range(1, len(data)):
        ours, theirs = socket.socketpair()
        with ours:
            theirs.sendall(data[:cut])
            theirs.close()
            with pytest.raises(ProtocolError, match="closed inside a frame"):
                FrameStream(ours).read()
