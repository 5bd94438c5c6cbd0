"""Functions that are plain scripts: each event starts the script anew, and what it prints is the output."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from gaugelet_worker.codec import InputError, OutputError
from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.processes import name_of_signal
from gaugelet_worker.metering import count_children_too
from gaugelet_worker.script_streams import Streams
from gaugelet_worker.user_errors import ScriptFailed

# The runtime's own Node and its arguments, a list in JSON; no function sees it.
_NODE = "GAUGELET_NODE"
# What an event could make a program run with, or load, that is not the function's.
_RESERVED = re.compile(
    r"(LD|DYLD|PYTHON|NODE|BASH|PERL|RUBY|GAUGELET)_?.*|PATH|HOME|ENV|IFS|SHELLOPTS|PS4|TMPDIR"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NODE_ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_MEMORY_IS_FULL = re.compile(r"\bMemoryError\b|out of memory", re.IGNORECASE)


def script_handler(file: str, output_limit: int, libraries: str | None = None) -> Callable[[Any, Any], dict]:
    """A handler that runs the script, which may import packages of a folder besides.

    Raises ValueError where it cannot be told how to run it.
    """
    node = os.environ.pop(_NODE, None)
    count_children_too()
    command = [*_interpreter(file, node), file]

    def handler(event: Any, _context: Any) -> dict:
        return _run(command, event, output_limit, libraries)

    return handler


def _interpreter(file: str, node: str | None) -> list[str]:
    _, ending = os.path.splitext(file)
    if ending == ".py":
        return [sys.executable]
    if ending in _NODE_ENDINGS:
        return json.loads(node) if node else ["node"]
    if ending == ".sh":
        return [shutil.which("bash") or "/bin/sh"]
    raise ValueError(
        f"it cannot be told how to run {file}: its name must end in .py, .sh, .js, .mjs, .cjs or .ts"
    )


def _run(command: list[str], event: Any, output_limit: int, libraries: str | None) -> dict:
    event_object = event if isinstance(event, dict) else {}
    arguments = _arguments_of(event_object)
    environment = _environment_of(event_object)
    if libraries is not None:
        environment["PYTHONPATH"] = libraries
    try:
        process = subprocess.Popen(
            [*command, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # So that what it leaves behind ends with it.
            start_new_session=linux.IS_LINUX,
        )
    except FileNotFoundError:
        raise ScriptFailed(f"{command[0]}, which the script runs on, is not there", "") from None
    streams = Streams(process, json.dumps(event).encode(), output_limit)
    try:
        streams.exchange(lambda: _end_group(process))
    finally:
        _end_group(process)
        process.kill()
        process.wait()
    if streams.is_too_large:
        raise OutputError(
            f"the script printed more than the limit of {output_limit:,} bytes;"
            " print less or raise limits.output",
            limit="output",
        )
    if process.returncode != 0:
        errors = streams.end_of_errors
        code = process.returncode
        limit = "cpu" if -code == signal.SIGXCPU else None
        raise ScriptFailed(f"the script {_how(code)}{_advice(code, errors)}", errors, limit)
    return _output_of(streams.output)


def _end_group(process: subprocess.Popen) -> None:
    """End the script and what it started."""
    if linux.IS_LINUX and process.returncode is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)


def _how(code: int) -> str:
    if code > 0:
        return f"ended with exit code {code}"
    if -code == signal.SIGXCPU:
        return "used more processor time than limits.cpu; raise it or do less"
    return f"was ended by {name_of_signal(-code)}"


def _advice(code: int, errors: str) -> str:
    if _MEMORY_IS_FULL.search(errors):
        return "; limits.memory is reached: raise it or use less"
    # What the system does where a control group is full, which nothing in it is told of.
    return "; limits.memory may be reached: raise it or use less" if -code == signal.SIGKILL else ""


def _output_of(printed: bytes) -> dict:
    text = printed.decode(errors="replace").rstrip("\n")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"output": text}


def _arguments_of(event: dict) -> list[str]:
    arguments = event.get("arguments", [])
    if not isinstance(arguments, list):
        raise InputError("arguments: expected a list of texts and numbers")
    return [_text_of(value, f"arguments[{index}]") for index, value in enumerate(arguments)]


def _environment_of(event: dict) -> dict[str, str]:
    """The function's own environment, and what the event adds to it. It changes nothing."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    added = event.get("environment", {})
    if not isinstance(added, dict):
        raise InputError("environment: expected an object of names and texts or numbers")
    for name in added:
        if not _NAME.fullmatch(name):
            raise InputError(f"environment: expected names of letters, digits and underscores, not {name!r}")
        if name in own or _RESERVED.fullmatch(name):
            raise InputError(f"environment.{name}: an event cannot set this variable")
    return own | {name: _text_of(value, f"environment.{name}") for name, value in added.items()}


def _text_of(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise InputError(f"{where}: expected a text or a number")
    text = str(value)
    if "\0" in text:
        raise InputError(f"{where}: expected a text without null characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: expected a text without halves of characters") from None
    return text
