"""The worker's loop: load one function, then answer invocations in order until the runtime closes."""

import os
import re
import resource
import socket
import sys
import traceback
from time import perf_counter, process_time
from typing import Any

from gaugelet_worker.codec import InputError, OutputError, decode_input, encode_output
from gaugelet_worker.context import Context, set_env, set_fields, set_last_execution
from gaugelet_worker.env_snapshot import EnvError, dump_env, load_env
from gaugelet_worker.frames import (
    INVOKE_NUMBERS_BYTES,
    Frame,
    FrameStream,
    FrameType,
    encode_result,
    invoke_numbers,
)
from gaugelet_worker.isolation.limits import renew_cpu_limit
from gaugelet_worker.limits_reached import limit_of
from gaugelet_worker.loading import LoadError, in_directory, load_function
from gaugelet_worker.logs import set_up_logs

PROTOCOL_DESCRIPTOR = 3
LOG_DESCRIPTOR = 4
# An error's text goes into a log line and onto a page.
_MAX_MESSAGE_CHARACTERS = 2_000
_MAX_DETAILS_CHARACTERS = 32_000

# The place of an outcome in its number.
_OK, _ERROR, _REJECTED = range(3)
_INVOKE = int(FrameType.INVOKE)
_PLAIN: dict[str, Any] = {}

# How long a result may wait for those of the calls after it.
_HOLD_SECONDS = 0.0005
_HOLD_BYTES = 64 * 1024
# To ask for the peak of memory costs as much as a small handler, and it hardly moves.
_LOOK_AT_MEMORY_SECONDS = 0.001
_RENEW_CPU_LIMIT_SECONDS = 0.5
# An `env` is saved when no call came for this long,
_IDLE_SECONDS = 0.0002
_IDLE_WHEN_BUSY_SECONDS = 0.01
# and under load after this long, or ten times what saving takes: a large `env` costs a tenth of the time.
_SAVE_AFTER_SECONDS = 0.01
_SAVE_AT_LATEST_SECONDS = 0.1
# The exit code of a worker that has no memory left; src/workers/launch/explain-end.ts knows it too.
_MEMORY_IS_FULL = 117
# Processor time. The limit counts whole seconds, and to renew it before each call would cost too much.
_RENEW_CPU_LIMIT_AFTER_SECONDS = 0.5


class Shard:
    """A live `env` and what its calls have in common."""

    def __init__(self, fields: dict[str, Any], keep_env: bool, env: dict) -> None:
        self.keep_env = keep_env
        self.last_id = 0
        # What the runtime has; None where it has none of it.
        self.saved: bytes | None = None
        self._fields = fields
        self._event_fields: dict | None = None
        # One object from call to call: it is half a microsecond to make.
        self._context = Context(fields, env)

    @property
    def env(self) -> dict:
        """The live dictionary, or the one that replaced it."""
        return self._context.env

    def context_of(self, event_fields: dict, last_execution: float) -> Context:
        """What the next call is given."""
        context = self._context
        # The frames' reader gives one object for heads in a row that are the same.
        if event_fields is not self._event_fields:
            self._event_fields = event_fields
            own = {_snake_case(name): value for name, value in event_fields.items()}
            set_fields(context, self._fields | own)
        set_last_execution(context, last_execution)
        if not self.keep_env:
            set_env(context, {})
        return context


class Worker:
    """Hosts one function. Holds its live `env`, one per shard."""

    def __init__(self, stream: FrameStream) -> None:
        self._stream = stream
        self._shards: dict[int, Shard] = {}
        # Shards with calls whose `env` is not saved yet.
        self._unsaved: dict[int, Shard] = {}
        self._unsaved_since = 0.0
        self._save_after = _SAVE_AFTER_SECONDS
        self._saved_at = 0.0
        # Results that wait to be sent together: id, outcome, seconds, head, output.
        self._results: list[tuple[int, int, float, dict, bytes]] = []
        self._held_since = 0.0
        self._ended = 0.0
        self._held_bytes = 0
        self._cpu_seconds = 0.0
        self._peak_memory_bytes = 0.0
        self._look_at_memory_at = 0.0
        self._cpu_limit: float | None = None
        self._renew_cpu_limit_at = 0.0

    def run(self) -> None:
        """Answer frames until the runtime closes its end."""
        stream = self._stream
        answers = {
            FrameType.LOAD: self._load,
            FrameType.RESTORE: self._restore,
            FrameType.SNAPSHOT: self._snapshot,
        }
        while True:
            for kind, head, body in stream.received():
                if kind == _INVOKE:
                    self._invoke(head, body)
                else:
                    self._flush()
                    answers[kind](Frame(kind, head, body))
                    # What this took is no call's.
                    self._meter()
            self._flush()
            if self._unsaved and not stream.wait(self._idle_seconds()):
                self._save()
            if not stream.receive():
                return

    def _load(self, frame: Frame) -> None:
        head = frame.head
        started = perf_counter()
        self._limits = head["limits"]
        self._cpu_limit = self._limits.get("cpu")
        self._output_limit = self._limits["output"]
        self._own_modules = in_directory(head["directory"])
        self._meter()
        try:
            function = load_function(head["directory"], head["handler"], head.get("file"))
        except LoadError as error:
            self._stream.write(
                FrameType.LOAD_FAILED,
                {
                    "message": _cut(str(error), _MAX_MESSAGE_CHARACTERS),
                    "details": _cut(error.details, _MAX_DETAILS_CHARACTERS),
                },
            )
            return
        self._handler = function.handler
        self._fields = {
            "host": head["host"],
            "port": head["port"],
            "function_getmtime": function.getmtime,
            "input_key": None,
        }
        version = f"Python {sys.version.split()[0]}"
        seconds = perf_counter() - started
        self._stream.write(
            FrameType.LOADED, {"runtime": version, "pid": os.getpid(), "importSeconds": seconds}
        )

    def _restore(self, frame: Frame) -> None:
        head = frame.head
        env: dict = {}
        problem = None
        if frame.body:
            try:
                env = load_env(frame.body, self._own_modules)
            except EnvError as error:
                problem = str(error)
        fields = self._fields | {"output_key": head["outputKey"], "shard": head["name"]}
        self._shards[head["shard"]] = Shard(fields, head["keepEnv"], env)
        self._unsaved.pop(head["shard"], None)
        self._stream.put(FrameType.RESTORED, {"problem": problem})

    def _snapshot(self, frame: Frame) -> None:
        data, problem = self._dump(self._shards[frame.head["shard"]].env)
        self._stream.put(FrameType.SNAPSHOTTED, {"problem": problem}, data)

    def _invoke(self, event_fields: dict, body: bytes) -> None:
        if not self._results:
            self._held_since = started = perf_counter()
        else:
            started = self._ended
            if started - self._held_since > _HOLD_SECONDS or self._held_bytes > _HOLD_BYTES:
                # The call that comes may take long, and what is done should not wait for it.
                self._flush()
                self._held_since = started = perf_counter()
        if self._unsaved and started - self._unsaved_since > self._save_after:
            self._save()
            self._held_since = started = perf_counter()

        id, number, last_execution = invoke_numbers(body)
        shard = self._shards[number]
        context = shard.context_of(event_fields, last_execution)
        head: dict[str, Any] = _PLAIN
        output = b""
        outcome = _OK
        try:
            value = self._handler(decode_input(body[INVOKE_NUMBERS_BYTES:]), context)
            output, not_finite = encode_output(value, self._output_limit)
            if not_finite:
                head = {"notFinite": not_finite}
        except InputError as error:
            outcome = _REJECTED
            head = {"message": str(error)}
        except OutputError as error:
            outcome = _ERROR
            head = {"message": str(error)}
            if error.limit is not None:
                head["limit"] = error.limit
        except BaseException as error:  # sys.exit() and KeyboardInterrupt end a call, not the worker
            outcome = _ERROR
            head = _failure(error, self._limits)
            if head.get("limit") == "memory":
                self._results.append((id, outcome, perf_counter() - started, head, b""))
                self._flush()
                # What fills it may be kept for good, and then no call would succeed again.
                raise MemoryError from None
        if shard.keep_env:
            shard.last_id = id
            if outcome == _OK and number not in self._unsaved:
                if not self._unsaved:
                    self._unsaved_since = started
                self._unsaved[number] = shard
        self._held_bytes += len(output)
        self._ended = ended = perf_counter()
        self._results.append((id, outcome, ended - started, head, output))

    def _flush(self) -> None:
        """Send the results that are held.

        Their processor time is measured once, and shared out by how long each took: to ask the system for it
        costs as much as a small handler.
        """
        results = self._results
        if results:
            try:  # noqa: SIM105 - contextlib.suppress takes three times as long
                sys.stdout.flush()
            except Exception:  # the handler may have closed or replaced it
                pass
            cpu_before = self._cpu_seconds
            self._meter()
            memory = self._peak_memory_bytes
            share = (self._cpu_seconds - cpu_before) / (sum([result[2] for result in results]) or 1.0)
            frames: list[bytes] = []
            for id, outcome, seconds, head, output in results:
                frames += encode_result(id, outcome, seconds, seconds * share, memory, head, output)
            self._results = []
            self._held_bytes = 0
            self._stream.put_bytes(frames)
        self._stream.flush()

    def _save(self) -> None:
        """Send the `env` of every shard that had calls since the last time."""
        self._flush()
        started = perf_counter()
        for number, shard in self._unsaved.items():
            data, problem = self._dump(shard.env)
            unchanged = problem is None and data == shard.saved
            head = {"shard": number, "id": shard.last_id, "problem": problem, "unchanged": unchanged}
            self._stream.put(FrameType.SAVED, head, b"" if unchanged else data)
            shard.saved = data if problem is None else None
        self._unsaved.clear()
        self._stream.flush()
        # What this took is no call's.
        self._meter()
        self._saved_at = perf_counter()
        taken = self._saved_at - started
        self._save_after = min(max(_SAVE_AFTER_SECONDS, 10 * taken), _SAVE_AT_LATEST_SECONDS)

    def _idle_seconds(self) -> float:
        """How long nothing must come for an `env` to be saved.

        Where one was saved a moment ago calls come in quick succession, and the next would wait for this one.
        """
        is_busy = perf_counter() - self._saved_at < _SAVE_AFTER_SECONDS
        return _IDLE_WHEN_BUSY_SECONDS if is_busy else _IDLE_SECONDS

    def _dump(self, env: dict) -> tuple[bytes, str | None]:
        try:
            return dump_env(env, self._limits["env"], self._own_modules), None
        except EnvError as error:
            return b"", str(error)

    def _meter(self) -> None:
        """Note the processor time used so far, and now and then the peak of memory."""
        self._cpu_seconds = process_time()
        now = perf_counter()
        if now >= self._look_at_memory_at:
            self._look_at_memory_at = now + _LOOK_AT_MEMORY_SECONDS
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            self._peak_memory_bytes = peak * _MAXRSS_BYTES
        if self._cpu_limit is not None and self._cpu_seconds >= self._renew_cpu_limit_at:
            # Not at every call: what may be used until the next time is added.
            renew_cpu_limit(self._cpu_limit + _RENEW_CPU_LIMIT_SECONDS)
            self._renew_cpu_limit_at = self._cpu_seconds + _RENEW_CPU_LIMIT_SECONDS


_MAXRSS_BYTES = 1.0 if sys.platform == "darwin" else 1024.0


def _snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)


def _failure(error: BaseException, limits: dict[str, Any]) -> dict[str, Any]:
    """The head of a result for a handler that raised."""
    head: dict[str, Any] = {"details": _traceback(error)}
    text = _describe(error)
    limit = limit_of(error)
    # Where the function has no such limit, it is the system's own.
    if limit is not None and limits.get(limit, 0) is not None:
        head["limit"] = limit
        text += f"; limits.{limit} is reached: raise it or use less"
    head["message"] = _cut(text, _MAX_MESSAGE_CHARACTERS)
    return head


def _describe(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"handler called sys.exit({error.code!r}); return instead"
    return _cut("".join(traceback.format_exception_only(error)).strip(), _MAX_MESSAGE_CHARACTERS)


def _traceback(error: BaseException) -> str:
    """The traceback from the user's code on; recursion a thousand frames deep is shortened."""
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    text = "".join(traceback.format_exception(type(error), error, frames, limit=-30)).rstrip()
    return _cut(text, _MAX_DETAILS_CHARACTERS)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… (cut)"


def serve() -> None:
    """Answer the runtime on descriptor 3 until it closes its end, then end this process."""
    connection = socket.socket(fileno=PROTOCOL_DESCRIPTOR)
    connection.setblocking(True)
    set_up_logs(LOG_DESCRIPTOR)
    # Programs that a function starts must not hold these open after the worker is gone.
    for descriptor in (PROTOCOL_DESCRIPTOR, LOG_DESCRIPTOR):
        os.set_inheritable(descriptor, False)
    try:
        Worker(FrameStream(connection)).run()
    except MemoryError:
        os._exit(_MEMORY_IS_FULL)
    # Threads that a function left behind must not keep the process.
    os._exit(0)
