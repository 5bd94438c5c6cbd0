"""A worker whose frames come over the port of a virtual machine, which gives a page at a time."""

import json
import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gaugelet_worker.frames import FrameStream, FrameType
from gaugelet_worker.machine.port import PAGE_BYTES
from gaugelet_worker.serving import Worker
from tests.machine import needs_linux, wait_until

pytestmark = needs_linux

# Says how many bytes of earlier answers were sent and not read yet; makes the file that its last event names.
UNREAD = """
import fcntl, struct, termios
def handler(input, context):
    unread = struct.unpack("i", fcntl.ioctl(input["answers"], termios.FIONREAD, b"0000"))[0]
    if input["file"]: open(input["file"], "w").close()
    return {"unread": unread}
"""
LIMITS = {"output": 1024**2, "env": 1024**2, "cpu": None, "memory": None}
# Fewer than twenty such events fill a page.
TEXT = "x" * 400


class PortWorker:
    """A worker in a thread of this process, and the other ends of its pipes."""

    def __init__(self) -> None:
        # With O_DIRECT a pipe is like the device: what is written comes by the page, however much is there.
        self._pipes = (*os.pipe2(os.O_DIRECT), *os.pipe())
        events, self._events, self.answers, answers = self._pipes
        stream = FrameStream(events, answers, chunk_bytes=PAGE_BYTES)
        self._thread = threading.Thread(target=Worker(stream).run)
        self._runtime = FrameStream(self.answers, self._events)
        self._thread.start()

    def send(self, kind: FrameType, head: dict) -> None:
        self._runtime.write(kind, head)

    def unread_before_each(self, count: int, made: Path) -> list[int]:
        """Send so many calls at once, read nothing before all are made; how much was sent before each."""
        made.unlink(missing_ok=True)
        for id in range(count):
            event = {"answers": self.answers, "text": TEXT, "file": str(made) if id == count - 1 else ""}
            numbers = struct.pack(">IIdB", id, 0, float("nan"), 0)
            self._runtime.put(FrameType.INVOKE, {}, numbers, json.dumps(event).encode())
        self._runtime.flush()
        wait_until(made.exists)
        answers = [self.answer() for _ in range(count)]
        return [json.loads(bytes(answer.body[32:]))["unread"] for answer in answers]

    def answer(self):
        while (frame := self._runtime.read()) is not None:
            if frame.type != FrameType.SAVED:
                return frame
        raise EOFError

    def close(self) -> None:
        os.close(self._events)
        self._thread.join()
        for descriptor in set(self._pipes) - {self._events}:
            os.close(descriptor)


@pytest.fixture
def worker(folder) -> Iterator[PortWorker]:
    folder.write("on_a_port.py", UNREAD)
    worker = PortWorker()
    load = {"directory": str(folder.path), "handler": "on_a_port.handler", "host": "h", "port": 1}
    worker.send(FrameType.LOAD, load | {"limits": LIMITS})
    assert worker.answer().type == FrameType.LOADED
    worker.send(FrameType.RESTORE, {"shard": 0, "name": "", "outputKey": "o", "keepEnv": False})
    assert worker.answer().type == FrameType.RESTORED
    yield worker
    worker.close()


def test_a_full_page_is_not_taken_for_all_that_there_is(worker, tmp_path):
    # Fewer calls than are many: there may be more behind the page, so that their results wait.
    assert any(worker.unread_before_each(40, tmp_path / "made")[:5] == [0] * 5 for _ in range(200))


def test_a_page_that_is_not_full_is_all_that_there_is(worker, tmp_path):
    first, second, third = worker.unread_before_each(3, tmp_path / "made")
    assert (first, second > 0, third > second) == (0, True, True)
