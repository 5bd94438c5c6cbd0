"""A real worker process, and the runtime's end of what it is talked to over."""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gaugelet_worker.frames import Frame, FrameStream, FrameType

PACKAGE_FOLDER = Path(__file__).parents[1]
COMMAND = [sys.executable, "-P", "-m", "gaugelet_worker"]
LIMITS = {"output": 1024**2, "env": 1024**2}


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
        connection, theirs = socket.socketpair()
        connection.settimeout(30)
        log_reading, log_writing = os.pipe()

        def place_descriptors() -> None:
            # Out of the way first: one may have the other's number.
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs.fileno(), log_writing)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(3, 4),
            preexec_fn=place_descriptors,
            cwd=folder,
            env=worker_environment() | (environment or {}),
        )
        theirs.close()
        os.close(log_writing)
        self.connection = connection
        self._log = os.fdopen(log_reading, "rb")
        self._stream = FrameStream(connection)
        self._last_id = 0

    def send(self, kind: FrameType, head: dict, body: bytes = b"") -> None:
        self._stream.write(kind, head, body)

    def answer(self) -> Frame | None:
        """The next answer; None where the worker has closed its end."""
        try:
            return self._stream.read()
        except ConnectionResetError:
            return None

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

    def send_invoke(self, event: Any = None, shard: str = "", keep_env: bool = True, **head: Any) -> None:
        self._last_id += 1
        keys = {"inputKey": "metrics", "outputKey": "usage", "lastExecution": None}
        body = event if isinstance(event, bytes) else json.dumps(event or {}).encode()
        head = {"id": self._last_id, "shard": shard, "keepEnv": keep_env, **keys, **head}
        self.send(FrameType.INVOKE, head, body)

    def invoke(self, event: Any = None, shard: str = "", keep_env: bool = True, **head: Any) -> "Result":
        self.send_invoke(event, shard, keep_env, **head)
        answer = self.answer()
        assert answer is not None, self.end()
        assert answer.type is FrameType.RESULT
        assert answer.head["id"] == self._last_id
        return Result(answer)

    def restore(self, env: bytes, shard: str = "") -> str | None:
        answer = self.ask(FrameType.RESTORE, {"shard": shard}, env)
        assert (answer.type, answer.body) == (FrameType.RESTORED, b"")
        return answer.head["problem"]

    def snapshot(self, shard: str = "") -> Frame:
        answer = self.ask(FrameType.SNAPSHOT, {"shard": shard})
        assert answer.type is FrameType.SNAPSHOTTED
        return answer

    def end(self) -> "Ended":
        """Close the connection and wait for the process."""
        self.connection.close()
        stdout, stderr = self.process.communicate(timeout=30)
        return Ended(self.process.returncode, stdout.decode(), stderr.decode(), self._log.read().decode())

    def close(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.communicate()
        self._log.close()


class Result:
    """The answer to an invocation, in its parts."""

    def __init__(self, frame: Frame) -> None:
        self.head = frame.head
        self.output = frame.body[: frame.head["outputBytes"]]
        self.env = frame.body[frame.head["outputBytes"] :]

    @property
    def value(self) -> dict:
        assert self.head["outcome"] == "ok", self.head
        return json.loads(self.output)


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
