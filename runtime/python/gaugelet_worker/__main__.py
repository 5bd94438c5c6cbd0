"""The worker's loop: load one function, then answer invocations in order until the runtime closes."""

import contextlib
import ctypes
import os
import resource
import signal
import socket
import sys
import time
import traceback
from typing import Any

from gaugelet_worker.codec import InputError, OutputError, decode_input, encode_output
from gaugelet_worker.context import Context, local_time
from gaugelet_worker.env_snapshot import EnvError, dump_env, load_env
from gaugelet_worker.frames import Frame, FrameStream, FrameType
from gaugelet_worker.loading import LoadError, in_directory, load_function
from gaugelet_worker.logs import set_up_logs

PROTOCOL_DESCRIPTOR = 3
LOG_DESCRIPTOR = 4
_PR_SET_PDEATHSIG = 1
# An error's text goes into a log line and onto a page.
_MAX_MESSAGE_CHARACTERS = 2_000
_MAX_DETAILS_CHARACTERS = 32_000


class Worker:
    """Hosts one function. Holds its live `env`, one per shard."""

    def __init__(self, stream: FrameStream) -> None:
        self._stream = stream
        self._envs: dict[str, dict] = {}

    def run(self) -> None:
        """Answer frames until the runtime closes its end."""
        answers = {
            FrameType.LOAD: self._load,
            FrameType.RESTORE: self._restore,
            FrameType.INVOKE: self._invoke,
            FrameType.SNAPSHOT: self._snapshot,
        }
        while (frame := self._stream.read()) is not None:
            answers[frame.type](frame)

    def _load(self, frame: Frame) -> None:
        head = frame.head
        started = time.perf_counter()
        self._limits = head["limits"]
        self._own_modules = in_directory(head["directory"])
        try:
            self._function = load_function(head["directory"], head["handler"], head.get("file"))
        except LoadError as error:
            self._stream.write(
                FrameType.LOAD_FAILED,
                {
                    "message": _cut(str(error), _MAX_MESSAGE_CHARACTERS),
                    "details": _cut(error.details, _MAX_DETAILS_CHARACTERS),
                },
            )
            return
        self._fields = {
            "host": head["host"],
            "port": head["port"],
            "input_key": None,
            "output_key": "",
            "function_getmtime": self._function.getmtime,
            "last_execution": None,
        }
        seconds = time.perf_counter() - started
        self._stream.write(
            FrameType.LOADED, {"python": sys.version.split()[0], "pid": os.getpid(), "importSeconds": seconds}
        )

    def _restore(self, frame: Frame) -> None:
        env: dict = {}
        problem = None
        if frame.body:
            try:
                env = load_env(frame.body, self._own_modules)
            except EnvError as error:
                problem = str(error)
        self._envs[frame.head["shard"]] = env
        self._stream.write(FrameType.RESTORED, {"problem": problem})

    def _snapshot(self, frame: Frame) -> None:
        data, problem = self._saved(self._envs.get(frame.head["shard"], {}))
        self._stream.write(FrameType.SNAPSHOTTED, {"problem": problem}, data)

    def _invoke(self, frame: Frame) -> None:
        head = frame.head
        shard = head["shard"]
        fields = self._fields | {
            "input_key": head["inputKey"],
            "output_key": head["outputKey"],
            "last_execution": local_time(head["lastExecution"]),
        }
        context = Context(fields, self._envs.setdefault(shard, {}) if head["keepEnv"] else {})
        answer: dict[str, Any] = {"id": head["id"]}
        output, env_bytes = b"", b""
        started, cpu_started = time.perf_counter(), time.process_time()
        try:
            value = self._function.handler(decode_input(frame.body), context)
            output, answer["notFinite"] = encode_output(value, self._limits["output"])
            answer["outcome"] = "ok"
        except InputError as error:
            answer |= {"outcome": "rejected", "message": str(error)}
        except OutputError as error:
            answer |= {"outcome": "error", "message": str(error)}
        except BaseException as error:  # sys.exit() and KeyboardInterrupt end a call, not the worker
            answer |= {"outcome": "error", "message": _describe(error), "details": _traceback(error)}
        answer["seconds"] = time.perf_counter() - started
        answer["cpuSeconds"] = time.process_time() - cpu_started
        if head["keepEnv"]:
            self._envs[shard] = context.env
        if head["keepEnv"] and answer["outcome"] == "ok":
            env_bytes, answer["envProblem"] = self._saved(context.env)
        answer["outputBytes"] = len(output)
        answer["memoryBytes"] = _peak_memory_bytes()
        with contextlib.suppress(Exception):  # the handler may have closed or replaced it
            sys.stdout.flush()
        self._stream.write(FrameType.RESULT, answer, output, env_bytes)

    def _saved(self, env: dict) -> tuple[bytes, str | None]:
        try:
            return dump_env(env, self._limits["env"], self._own_modules), None
        except EnvError as error:
            return b"", str(error)


def _describe(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return _cut(f"handler called sys.exit({error.code!r}); return instead", _MAX_MESSAGE_CHARACTERS)
    return _cut("".join(traceback.format_exception_only(error)).strip(), _MAX_MESSAGE_CHARACTERS)


def _traceback(error: BaseException) -> str:
    """The traceback from the user's code on; recursion a thousand frames deep is shortened."""
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    text = "".join(traceback.format_exception(type(error), error, frames, limit=-30)).rstrip()
    return _cut(text, _MAX_DETAILS_CHARACTERS)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… (cut)"


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _die_with_parent() -> None:
    """End with the runtime even when that is killed and cannot say so: a busy loop would go on forever."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Entry point of `python -m gaugelet_worker`."""
    _die_with_parent()
    # Ctrl-C in the terminal of `npm start` is for the runtime, which then ends its workers in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=PROTOCOL_DESCRIPTOR)
    connection.setblocking(True)
    set_up_logs(LOG_DESCRIPTOR)
    # Programs that a function starts must not hold these open after the worker is gone.
    for descriptor in (PROTOCOL_DESCRIPTOR, LOG_DESCRIPTOR):
        os.set_inheritable(descriptor, False)
    Worker(FrameStream(connection)).run()
    # Threads that a function left behind must not keep the process.
    os._exit(0)


main()
