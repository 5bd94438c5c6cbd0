"""A real zygote, and the runtime's end of what it is talked to over."""

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gaugelet_worker.frames import Frame, FrameType
from gaugelet_worker.isolation.users import language_paths
from gaugelet_worker.streams import Descriptor
from tests.machine import wait_until
from tests.timed_streams import TIMEOUT_SECONDS, TimedStream, read_some
from tests.worker_process import PACKAGE_FOLDER

SPARE = "gaugelet-spare"


def children_of(pid: int) -> list[int]:
    """The processes right below one."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def is_sandboxed(pid: int) -> bool:
    """Whether a process has a pid namespace of its own."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{pid}/status").read_text()
        return len(status.partition("NSpid:")[2].splitlines()[0].split()) > 1
    return False


def zygote_environment() -> dict[str, str]:
    """What the runtime gives a zygote: nothing that a function must not see."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE_FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}


class LaunchedWorker:
    """A worker that was asked for, and the runtime's ends of its descriptors."""

    def __init__(self, zygote: "ZygoteProcess", launch: int) -> None:
        self._zygote = zygote
        self.launch = launch
        self._opened: dict[Descriptor, int] = {}
        self._calls = 0

    def open_pipes(self, pipes: dict[str, int]) -> None:
        """As the runtime does when it is told of them."""
        for name, end in pipes.items():
            target = Descriptor[name.upper()]
            mode = os.O_RDWR if target is Descriptor.REQUESTS else os.O_RDONLY
            self._opened[target] = os.open(f"/proc/{self._zygote.process.pid}/fd/{end}", mode)
        self._zygote.send(FrameType.TAKEN, {"launch": self.launch})
        self._frames = TimedStream(self._opened[Descriptor.ANSWERS], self._opened[Descriptor.REQUESTS])

    @property
    def streams(self) -> dict[Descriptor, int]:
        """The runtime's ends, once it has been launched."""
        while not self._opened:
            self._zygote.hear()
        return self._opened

    def ask(self, kind: FrameType, head: dict, body: bytes = b"") -> Frame:
        self._frames.write(kind, head, body)
        answer = self._frames.read()
        assert answer is not None, self.text(2)
        return answer

    def load(self, directory: Path, handler: str = "usermodule.handler", **limits: Any) -> Frame:
        head = {"directory": str(directory), "handler": handler, "file": None, "host": "h", "port": 1}
        limits = {"output": 1024**2, "env": 1024**2, "cpu": None, "memory": None} | limits
        answer = self.ask(FrameType.LOAD, head | {"limits": limits})
        if answer.type == FrameType.LOADED:
            self.ask(FrameType.RESTORE, {"shard": 0, "name": "", "outputKey": "o", "keepEnv": False})
        return answer

    def send_call(self, event: Any = None) -> None:
        self._calls += 1
        body = struct.pack(">IId?", self._calls, 0, float("nan"), False) + json.dumps(event or {}).encode()
        self._frames.write(FrameType.INVOKE, {}, body)

    def call(self, event: Any = None) -> dict:
        """What the handler returned, or what is said of how it failed."""
        self.send_call(event)
        answer = self._frames.read()
        assert answer is not None, self.text(2)
        assert answer.type == FrameType.RESULT
        outcome = struct.unpack_from(">II", answer.body)[1]
        return json.loads(bytes(answer.body[32:])) if outcome == 0 else answer.head

    def text(self, descriptor: int) -> str:
        """All that it wrote, to its end."""
        chunks = []
        while chunk := read_some(self.streams[Descriptor(descriptor)]):
            chunks.append(chunk)
        return b"".join(chunks).decode()

    def close(self) -> None:
        while self._opened:
            os.close(self._opened.popitem()[1])


class ZygoteProcess:
    """Asks for workers as the runtime does."""

    def __init__(
        self,
        modules: str = "",
        environment: dict[str, str] | None = None,
        prepare: Callable | None = None,
        program: tuple[str, ...] = ("-m", "gaugelet_worker", "zygote"),
    ) -> None:
        control, theirs = socket.socketpair()

        def place_control() -> None:
            os.dup2(theirs.fileno(), 3)
            if prepare:
                prepare()

        self.process = subprocess.Popen(
            [sys.executable, "-P", *program, modules],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(3,),
            preexec_fn=place_control,
            env=zygote_environment() | (environment or {}),
        )
        theirs.close()
        self.control = control
        self._frames = TimedStream(control.fileno(), control.fileno())
        self._messages: list[Frame] = []
        self._requested: dict[int, LaunchedWorker] = {}
        self._last_launch = 0
        self._complaints: str | None = None
        self.ready = self.wait_for(FrameType.READY)

    def send(self, kind: FrameType, head: dict, body: bytes = b"") -> None:
        self._frames.write(kind, head, body)

    def request(self, directory: Path | str, environment: dict | None = None, **spec: Any) -> LaunchedWorker:
        """Ask for a worker, without waiting for it."""
        self._last_launch += 1
        worker = self._requested[self._last_launch] = LaunchedWorker(self, self._last_launch)
        head = {"launch": worker.launch, "directory": str(directory), "isolation": "process"} | spec
        self.send(FrameType.LAUNCH, head, json.dumps(environment or {}).encode())
        return worker

    def launch(self, directory: Path | str, environment: dict | None = None, **spec: Any) -> LaunchedWorker:
        """Ask for a worker that is expected to come."""
        worker = self.request(directory, environment, **spec)
        head = self.wait_for(FrameType.LAUNCHED, worker.launch)
        worker.pid, worker.level = head["pid"], head["level"]
        return worker

    def request_program(self, directory: Path | str, code: str, **spec: Any) -> LaunchedWorker:
        """Ask for a worker whose program is Python code."""
        program = [sys.executable, "-P", "-c", code]
        read_only = [*language_paths(), *spec.pop("readOnly", [])]
        return self.request(directory, program=program, readOnly=read_only, **spec)

    def run(self, directory: Path | str, code: str, **spec: Any) -> str:
        """What a Python program prints that is a worker's; `ended` and `errors` tell the rest."""
        worker = self.request_program(directory, code, **spec)
        self.level = self.wait_for(FrameType.LAUNCHED, worker.launch)["level"]
        text, self.errors = worker.text(1), worker.text(2)
        self.ended = self.wait_for(FrameType.ENDED, worker.launch)
        worker.close()
        return text

    def wait_for_end(self, worker: LaunchedWorker) -> dict:
        """How it ended, after whatever else is said of it."""
        while True:
            message = self._next(worker.launch)
            if message.type == FrameType.ENDED:
                return message.head

    def wait_until_over(self, worker: LaunchedWorker) -> None:
        """Until it has ended, or is refused."""
        while self._next(worker.launch).type not in (FrameType.ENDED, FrameType.REFUSED):
            pass

    def serve(
        self, folder: Path, source: str, environment: dict | None = None, **spec: Any
    ) -> LaunchedWorker:
        """A worker that has loaded a function with this source."""
        (folder / "usermodule.py").write_text(source)
        worker = self.launch(folder, environment, **spec)
        answer = worker.load(folder, memory=spec.get("limits", {}).get("memory"))
        assert answer.type == FrameType.LOADED, answer
        return worker

    def refusal(self, directory: Path | str, **spec: Any) -> str:
        """Why a worker is refused."""
        worker = self.request(directory, **spec)
        reason = self.wait_for(FrameType.REFUSED, worker.launch)["reason"]
        worker.close()
        return reason

    def end(self, worker: LaunchedWorker) -> dict:
        self.send(FrameType.END, {"launch": worker.launch})
        ended = self.wait_for_end(worker)
        worker.close()
        return ended

    def wait_for(self, kind: FrameType, launch: int | None = None) -> dict:
        """The head of the next message about a launch, which must be of this kind."""
        message = self._next(launch)
        assert message.type == kind, (message.type, message.head)
        return message.head

    def _next(self, launch: int | None) -> Frame:
        for index, message in enumerate(self._messages):
            if message.head.get("launch") == launch:
                return self._messages.pop(index)
        while self.hear().head.get("launch") != launch:
            pass
        return self._messages.pop()

    def hear(self) -> Frame:
        """Wait for the next message, and keep it for who waits for it."""
        message = self._frames.read()
        assert message is not None, self.process.communicate()[1].decode()
        if message.type == FrameType.LAUNCHED:
            self._requested[message.head["launch"]].open_pipes(message.head["pipes"])
        self._messages.append(message)
        return message

    def children(self) -> dict[int, str]:
        """What the processes right below it are called."""
        found = {}
        for child in children_of(self.process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found[child] = Path(f"/proc/{child}/comm").read_text().rstrip("\n")
        return found

    def spare(self, isolation: str = "process") -> int:
        """The process that waits for the next launch at a level, once there is one."""
        wait_until(lambda: self._spares(isolation))
        return self._spares(isolation)[0]

    def _spares(self, isolation: str) -> list[int]:
        """A sandbox's is the first of two, of which the second one is to be the worker."""
        spares = [pid for pid, name in self.children().items() if name == SPARE]
        if isolation == "sandbox":
            return [pid for pid in spares if is_sandboxed(pid) and children_of(pid)]
        return [pid for pid in spares if not is_sandboxed(pid)]

    def close(self) -> str:
        """Close the channel and wait; gives what the zygote wrote to stderr."""
        if self._complaints is None:
            self.control.close()
            self._complaints = self.process.communicate(timeout=TIMEOUT_SECONDS)[1].decode()
        return self._complaints


@contextlib.contextmanager
def running_zygote(modules: str = "", **options: Any) -> Iterator[ZygoteProcess]:
    """A zygote that is expected to have nothing to complain about."""
    zygote = ZygoteProcess(modules, **options)
    try:
        yield zygote
    finally:
        complaints = zygote.close()
    assert complaints == ""
