"""A real worker process, and the runtime's end of what it is talked to over."""

import contextlib
import fcntl
import json
import math
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gaugelet_worker.frames import Frame, FrameType
from gaugelet_worker.streams import Descriptor
from tests.timed_streams import TimedStream

PACKAGE_FOLDER = Path(__file__).parents[1]
COMMAND = [sys.executable, "-P", "-m", "gaugelet_worker"]
LIMITS = {"output": 1024**2, "env": 1024**2, "cpu": None, "memory": 2**40}
KEY = {"inputKey": "metrics"}
OUTCOMES = ("ok", "error", "rejected")

_INVOKE_NUMBERS = struct.Struct(">IId?")
_RESULT_NUMBERS = struct.Struct(">IIddd")


def no_module(_: str) -> bool:
    """For `load_env` where no module is the function's own."""
    return False


def may_hold_long_integer(event: bytes) -> bool:
    """What the runtime says of an event: src/workers/long-integers.ts."""
    return re.search(rb"[0-9-]{20}", event) is not None


def worker_environment() -> dict[str, str]:
    """What the runtime gives a worker besides the function's own variables."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PACKAGE_FOLDER),
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


class WorkerProcess:
    """Asks a worker as the runtime does. What it prints and logs is kept for the end."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self._folder = folder
        requests, self.requests = os.pipe()
        self.answering, answers = os.pipe()
        log_reading, log_writing = os.pipe()
        theirs = {Descriptor.ANSWERS: answers, Descriptor.RECORDS: log_writing, Descriptor.REQUESTS: requests}

        def place_descriptors() -> None:
            # Out of the way first: one may have the other's number.
            ends = [(target, fcntl.fcntl(end, fcntl.F_DUPFD, 10)) for target, end in theirs.items()]
            for target, end in ends:
                os.dup2(end, target)

        self.process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=tuple(theirs),
            preexec_fn=place_descriptors,
            cwd=folder,
            env=worker_environment() | (environment or {}),
        )
        for end in theirs.values():
            os.close(end)
        # What came and was not asked for yet, in its order.
        self.unheard: list[Saved] = []
        self._answers: list[Frame] = []
        self._log = os.fdopen(log_reading, "rb")
        self._stream = TimedStream(self.answering, self.requests)
        self.last_id = 0

    def send(self, kind: FrameType, head: dict, body: bytes = b"") -> None:
        self._stream.write(kind, head, body)

    def frame(self) -> Frame | None:
        """The next frame, asked for or not; None where the worker has closed its end."""
        return self._stream.read()

    def answer(self) -> Frame | None:
        """The next answer; None where the worker has closed its end. What is `saved` is kept."""
        if self._answers:
            return self._answers.pop(0)
        while (frame := self.frame()) is not None and frame.type == FrameType.SAVED:
            self.unheard.append(Saved(frame))
        return frame

    def ask(self, kind: FrameType, head: dict, body: bytes = b"") -> Frame:
        self.send(kind, head, body)
        answer = self.answer()
        assert answer is not None, self.end()
        return answer

    def load(
        self, handler: str = "usermodule.handler", file: str | None = None, limits: dict = LIMITS
    ) -> Frame:
        where = {"directory": str(self._folder), "handler": handler, "file": file}
        return self.ask(FrameType.LOAD, {**where, "host": "redis.example", "port": 6380, "limits": limits})

    def restore(self, env: bytes = b"", shard: int = 0, **head: Any) -> str | None:
        """Begin a shard. Returns the problem."""
        head = {"shard": shard, "name": "", "outputKey": "usage", "keepEnv": True} | head
        answer = self.ask(FrameType.RESTORE, head, env)
        assert (answer.type, answer.body) == (FrameType.RESTORED, b"")
        return answer.head["problem"]

    def put_invoke(
        self, event: Any = None, shard: int = 0, last_execution: float = math.nan, head: dict = KEY
    ) -> int:
        """Let a call travel with what is sent next. Returns its id."""
        self.last_id += 1
        body = event if isinstance(event, bytes) else json.dumps(event or {}).encode()
        numbers = (self.last_id, shard, last_execution, may_hold_long_integer(body))
        self._stream.put(FrameType.INVOKE, head, _INVOKE_NUMBERS.pack(*numbers), body)
        return self.last_id

    def flush(self) -> None:
        """Send what was put, at once."""
        self._stream.flush()

    def send_invokes(self, *events: Any, shard: int = 0) -> None:
        """Send calls at once."""
        for event in events:
            self.put_invoke(event, shard)
        self.flush()

    def result(self) -> "Result":
        """The next result."""
        answer = self.answer()
        assert answer is not None, self.end()
        assert answer.type == FrameType.RESULT
        return Result(answer)

    def invoke(self, event: Any = None, shard: int = 0, **options: Any) -> "Result":
        """Call the handler and wait for the result."""
        self.put_invoke(event, shard, **options)
        self.flush()
        result = self.result()
        assert result.id == self.last_id
        return result

    def saved(self) -> "Saved":
        """The next `saved`, which comes unasked. Answers before it are kept."""
        if self.unheard:
            return self.unheard.pop(0)
        while (frame := self.frame()) is not None and frame.type != FrameType.SAVED:
            self._answers.append(frame)
        assert frame is not None, self.end()
        return Saved(frame)

    def invoke_and_save(self, event: Any = None, shard: int = 0) -> "tuple[Result, Saved]":
        """Call the handler, which must succeed, and wait until its `env` has been saved."""
        result = self.invoke(event, shard)
        assert result.outcome == "ok", result.head
        saved = self.saved()
        assert (saved.shard, saved.id) == (shard, result.id)
        return result, saved

    def snapshot(self, shard: int = 0) -> Frame:
        answer = self.ask(FrameType.SNAPSHOT, {"shard": shard})
        assert answer.type == FrameType.SNAPSHOTTED
        return answer

    def end(self) -> "Ended":
        """Close our direction, read what still comes, and wait for the process."""
        self.close_requests()
        while self.frame() is not None:
            pass
        stdout, stderr = self.process.communicate(timeout=30)
        return Ended(self.process.returncode, stdout.decode(), stderr.decode(), self._log.read().decode())

    def close_requests(self) -> None:
        """Ask for nothing more."""
        if self.requests >= 0:
            os.close(self.requests)
            self.requests = -1

    def close(self) -> None:
        self.close_requests()
        self.process.kill()
        self.process.communicate()
        self._log.close()
        os.close(self.answering)


class Result:
    """The answer to an invocation, in its parts."""

    def __init__(self, frame: Frame) -> None:
        self.head = frame.head
        numbers = _RESULT_NUMBERS.unpack_from(frame.body)
        self.id, outcome, self.seconds, self.cpu_seconds, self.memory_bytes = numbers
        self.outcome = OUTCOMES[outcome]
        self.output = frame.body[_RESULT_NUMBERS.size :]

    @property
    def value(self) -> dict:
        assert self.outcome == "ok", self.head
        return json.loads(self.output)


class Saved:
    """What a worker saved unasked, in its parts."""

    def __init__(self, frame: Frame) -> None:
        assert frame.head.keys() == {"shard", "id", "problem", "unchanged"}
        self.shard = frame.head["shard"]
        self.id = frame.head["id"]
        self.problem = frame.head["problem"]
        self.unchanged = frame.head["unchanged"]
        self.env = frame.body


class Ended:
    """How a process ended, and all that it wrote."""

    def __init__(self, code: int, stdout: str, stderr: str, log: str) -> None:
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        self.records = [json.loads(line) for line in log.splitlines()]

    def __repr__(self) -> str:
        return f"ended with {self.code}: {self.stdout}{self.stderr}{self.records}"


@contextlib.contextmanager
def running_worker(folder: Path, **options: Any) -> Iterator[WorkerProcess]:
    worker = WorkerProcess(folder, **options)
    try:
        yield worker
    finally:
        worker.close()
