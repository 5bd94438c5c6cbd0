"""The worker's loop: load one function, then answer invocations in order until the runtime closes."""

import math
import os
import sys
from time import perf_counter
from typing import Any

from gaugelet_worker import forks
from gaugelet_worker.codec import InputError, OutputError, decode_input, encode_output
from gaugelet_worker.context import set_last_execution
from gaugelet_worker.env_snapshot import EnvError, dump_env, load_env
from gaugelet_worker.frames import (
    INVOKE_NUMBERS_BYTES,
    Frame,
    FrameStream,
    FrameType,
    encode_results,
    invoke_numbers,
)
from gaugelet_worker.loading import LoadError, in_directory, load_function
from gaugelet_worker.logs import set_up_logs
from gaugelet_worker.machine.port import chunk_bytes_of
from gaugelet_worker.metering import Meter
from gaugelet_worker.shards import Shard
from gaugelet_worker.streams import Descriptor
from gaugelet_worker.user_errors import failure_of_call, failure_of_load

# The place of an outcome in its number.
_OK, _ERROR, _REJECTED = range(3)
_INVOKE = int(FrameType.INVOKE)
# Like the end of the connection, where that cannot end in one direction alone.
_END = int(FrameType.END)
_PLAIN: dict[str, Any] = {}

# How long a result may wait for those of the calls after it.
_HOLD_SECONDS = 0.0005
_HOLD_BYTES = 64 * 1024
# A quarter of the calls that may be under way: the runtime takes these in while the next ones are answered.
_HOLD_RESULTS = 64
# Results of so few calls do not wait: while the next one is under way the runtime answers whoever made this.
_FEW_CALLS = 20
# An `env` is saved when no call came for this long,
_IDLE_SECONDS = 0.0002
_IDLE_WHEN_BUSY_SECONDS = 0.01
# and under load after this long, or ten times what saving takes: a large `env` costs a tenth of the time.
_SAVE_AFTER_SECONDS = 0.01
_SAVE_AT_LATEST_SECONDS = 0.1
# The exit code of a worker that has no memory left; src/workers/launch/explain-end.ts knows it too.
_MEMORY_IS_FULL = 117


class Worker:
    """Hosts one function. Holds its live `env`, one per shard."""

    def __init__(self, stream: FrameStream) -> None:
        self._stream = stream
        self._meter = Meter()
        self._shards: dict[int, Shard] = {}
        # Shards with calls whose `env` is not saved yet, and when it has to be.
        self._unsaved: dict[int, Shard] = {}
        self._save_by = math.inf
        self._save_after = _SAVE_AFTER_SECONDS
        self._saved_at = 0.0
        # Results that wait to be sent together, and when they have to be.
        self._results: list[tuple[int, int, float, dict, bytes]] = []
        self._held_bytes = 0
        self._flush_by = 0.0
        # Whether about so many calls have come and no more wait to be received.
        self._are_few = False
        self._ended = 0.0
        # Whether this is a process that the function has forked from the worker.
        self._is_fork = False

    def run(self) -> None:
        """Answer frames until the runtime closes its end."""
        stream = self._stream
        answers = {
            FrameType.LOAD: self._load,
            FrameType.RESTORE: self._restore,
            FrameType.SNAPSHOT: self._snapshot,
        }
        for kind, head, start, stop in stream.frames(self._before_waiting, self._save):
            if kind == _INVOKE:
                self._invoke(head, start, stop)
            else:
                self._flush()
                if kind == _END:
                    return
                self._meter.pause()
                answers[kind](Frame(kind, head, stream.bytes[start:stop]))
                self._meter.resume()

    def be_fork(self) -> None:
        """Answer nothing: the function has forked this process. It ends when the call does that it is in."""
        self._is_fork = True
        self._handler = forks.end
        forks.leave_connection()

    def _load(self, frame: Frame) -> None:
        head = frame.head
        started = perf_counter()
        self._limits = head["limits"]
        self._output_limit = self._limits["output"]
        self._own_modules = in_directory(head["directory"])
        self._meter.limit_cpu(self._limits.get("cpu"))
        self._meter.pause()
        try:
            function = load_function(
                head["directory"],
                head["handler"],
                head.get("file"),
                self._output_limit,
                head.get("libraries"),
            )
        except LoadError as error:
            self._stream.write(FrameType.LOAD_FAILED, failure_of_load(str(error), error.details))
            return
        self._handler = function.handler
        self._fields = {
            "host": head["host"],
            "port": head["port"],
            "function_getmtime": function.getmtime,
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
        # Let go of the live one first: there may be no room for both.
        was_here = self._shards.pop(head["shard"], None) is not None
        self._unsaved.pop(head["shard"], None)
        if frame.body:
            try:
                env = load_env(frame.body, self._own_modules)
            except EnvError as error:
                if was_here and isinstance(error.__context__, MemoryError):
                    # A new process has more room than one that has run for a while.
                    raise MemoryError from None
                problem = str(error)
        fields = self._fields | {"output_key": head["outputKey"], "shard": head["name"]}
        self._shards[head["shard"]] = Shard(fields, head["keepEnv"], env)
        self._stream.put(FrameType.RESTORED, {"problem": problem})

    def _snapshot(self, frame: Frame) -> None:
        data, problem = self._dump(self._shards[frame.head["shard"]].env)
        self._stream.put(FrameType.SNAPSHOTTED, {"problem": problem}, data)

    def _invoke(self, event_head: bytes | dict, start: int, stop: int) -> None:
        """Call the handler with the event at this place of what was received.

        Everything here is done for each event: what is not needed for each is done elsewhere.
        """
        stream = self._stream
        data = stream.bytes
        if not self._results:
            started = perf_counter()
            self._flush_by = started + _HOLD_SECONDS
            size = len(data)
            self._are_few = size < stream.chunk_bytes and size - start < _FEW_CALLS * (stop - start)
        else:
            started = self._ended
            if (
                self._are_few
                or started > self._flush_by
                or len(self._results) >= _HOLD_RESULTS
                or self._held_bytes > _HOLD_BYTES
            ):
                # The call that comes may take long, and what is done should not wait for it.
                self._flush()
                started = perf_counter()
                self._flush_by = started + _HOLD_SECONDS
        if started > self._save_by:
            self._save()
            started = perf_counter()
            self._flush_by = started + _HOLD_SECONDS

        id, number, last_execution, flags = invoke_numbers(data, start)
        shard = self._shards[number]
        context = shard.context
        if event_head != shard.event_head:
            shard.set_event(event_head)
        set_last_execution(context, last_execution)
        keep_env = shard.keep_env
        if not keep_env:
            shard.clear_env()
        head = _PLAIN
        output = b""
        outcome = _OK
        try:
            event = decode_input(data[start + INVOKE_NUMBERS_BYTES : stop], flags)
            output, not_finite = encode_output(self._handler(event, context), self._output_limit)
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
            if self._is_fork:
                forks.end_with(error)
            outcome = _ERROR
            head = failure_of_call(error, self._limits)
            if head.get("limit") == "memory":
                self._results.append((id, outcome, perf_counter() - started, head, b""))
                self._flush()
                # What fills it may be kept for good, and then no call would succeed again.
                raise MemoryError from None
        if keep_env:
            shard.last_id = id
            if outcome == _OK and number not in self._unsaved:
                if not self._unsaved:
                    self._save_by = started + self._save_after
                self._unsaved[number] = shard
        self._held_bytes += len(output)
        self._ended = ended = perf_counter()
        self._results.append((id, outcome, ended - started, head, output))

    def _flush(self) -> None:
        """Send the results that are held.

        Their processor time is read once, and shared out by how long each took.
        """
        results = self._results
        if results:
            try:  # noqa: SIM105 - contextlib.suppress takes three times as long
                sys.stdout.flush()
            except BaseException:  # the handler may have closed or replaced it
                pass
            self._results = []
            self._held_bytes = 0
            meter = self._meter
            seconds = results[0][2] if len(results) == 1 else sum([result[2] for result in results])
            cpu_seconds = meter.read(self._ended, seconds)
            self._stream.send(encode_results(results, cpu_seconds, meter.peak_memory_bytes))
        else:
            self._stream.flush()

    def _save(self) -> None:
        """Send the `env` of every shard that had calls since the last time."""
        self._flush()
        self._meter.pause()
        started = perf_counter()
        for number, shard in self._unsaved.items():
            data, problem = self._dump(shard.env)
            unchanged = problem is None and data == shard.saved
            head = {"shard": number, "id": shard.last_id, "problem": problem, "unchanged": unchanged}
            self._stream.put(FrameType.SAVED, head, b"" if unchanged else data)
            shard.saved = data if problem is None else None
        self._unsaved.clear()
        self._save_by = math.inf
        self._stream.flush()
        self._meter.resume()
        self._saved_at = perf_counter()
        taken = self._saved_at - started
        self._save_after = min(max(_SAVE_AFTER_SECONDS, 10 * taken), _SAVE_AT_LATEST_SECONDS)

    def _before_waiting(self) -> float:
        """Send what is held. Gives how long nothing must come for an `env` to be saved; 0: none is to be.

        Where one was saved a moment ago calls come in quick succession, and the next would wait for this one.
        """
        self._flush()
        if not self._unsaved:
            return 0
        is_busy = self._ended - self._saved_at < _SAVE_AFTER_SECONDS
        return _IDLE_WHEN_BUSY_SECONDS if is_busy else _IDLE_SECONDS

    def _dump(self, env: dict) -> tuple[bytes, str | None]:
        try:
            return dump_env(env, self._limits["env"], self._own_modules), None
        except EnvError as error:
            return b"", str(error)


def serve() -> None:
    """Answer the runtime's requests until it closes its end, then end this process."""
    set_up_logs(Descriptor.RECORDS)
    # Programs that a function starts must not hold these open after the worker is gone.
    for descriptor in (Descriptor.REQUESTS, Descriptor.ANSWERS, Descriptor.RECORDS):
        os.set_inheritable(descriptor, False)
    stream = FrameStream(Descriptor.REQUESTS, Descriptor.ANSWERS, chunk_bytes_of(Descriptor.REQUESTS))
    worker = Worker(stream)
    os.register_at_fork(after_in_child=worker.be_fork)
    try:
        worker.run()
    except MemoryError:
        os._exit(_MEMORY_IS_FULL)
    # Threads that a function left behind must not keep the process.
    os._exit(0)
