"""A worker process: the names of the limits that calls come up against."""

import signal

import pytest

from tests.worker_process import LIMITS, running_worker

FILES = """
import resource
def handler(input, context):
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    kept = [open("/dev/null") for _ in range(100)]
"""
LARGE_FILE = """
import resource, tempfile
def handler(input, context):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x" * 2000)
"""
FULL_DISK = """
def handler(input, context):
    with open("/dev/full", "w") as file:
        file.write("x")
"""
THREAD = """
import threading
def handler(input, context):
    threading.stack_size(2**46)
    threading.Thread(target=print).start()
"""
PROGRAM = """
import os, resource, subprocess
def handler(input, context):
    resource.setrlimit(resource.RLIMIT_NPROC, (0, resource.getrlimit(resource.RLIMIT_NPROC)[1]))
    if os.getuid() == 0:
        os.setresuid(65534, 65534, 65534)
    subprocess.run(["true"])
"""
FORK = PROGRAM.replace('subprocess.run(["true"])', "os.fork()")
MEMORY = "def handler(input, context):\n    bytearray(2**62)\n"
CAUSE = """
def handler(input, context):
    try:
        bytearray(2**62)
    except MemoryError as error:
        raise ValueError("it did not work") from error
"""
REACHED = {
    "memory": ("memory", MEMORY),
    "memory, as the cause": ("memory", CAUSE),
    "open files": ("openFiles", FILES),
    "threads": ("processes", THREAD),
    "programs": ("processes", PROGRAM),
    "forks": ("processes", FORK),
    "the size of a file": ("disk", LARGE_FILE),
    "a full disk": ("disk", FULL_DISK),
}


@pytest.mark.parametrize(("limit", "source"), REACHED.values(), ids=REACHED)
def test_a_call_that_comes_up_against_a_limit_names_it(loaded, limit, source):
    result = loaded(source).invoke()
    assert (result.outcome, result.head.get("limit")) == ("error", limit), result.head
    assert result.head["message"].endswith(f"; limits.{limit} is reached: raise it or use less")
    assert "usermodule.py" in result.head["details"]


def test_an_output_beyond_its_limit_names_it(loaded):
    result = loaded("def handler(input, context):\n    return {'a': 'x' * 2_000_000}\n").invoke()
    assert result.head["limit"] == "output"
    assert "limits.output" in result.head["message"]


NONE = {
    "a socket that does not block": (
        "import socket\n"
        "def handler(input, context):\n"
        "    ours, theirs = socket.socketpair()\n"
        "    ours.setblocking(False)\n"
        "    ours.recv(1)\n"
    ),
    "a file that is not there": "def handler(input, context):\n    open('/no such file')\n",
    "an error of the function's own": "def handler(input, context):\n    raise RuntimeError('a thread')\n",
}


@pytest.mark.parametrize("source", NONE.values(), ids=NONE)
def test_other_errors_name_none(loaded, source):
    result = loaded(source).invoke()
    assert result.outcome == "error"
    assert result.head.keys() == {"message", "details"}


# Uses processor time until the process has had so much of it.
USE = """
import time
def handler(input, context):
    until = input.get("until") or time.process_time() + input["seconds"]
    while time.process_time() < until: pass
    return {}
"""


@pytest.fixture
def worker_with_a_second(folder):
    folder.write("usermodule.py", USE)
    with running_worker(folder.path) as worker:
        worker.load(limits=LIMITS | {"cpu": 1})
        worker.restore()
        yield worker


def test_each_call_has_the_whole_limit_of_processor_time_to_itself(worker_with_a_second):
    # The system counts whole seconds: so a limit that began late in one would be short.
    for event in ({"until": 0.97}, {"until": 1.42}, {"seconds": 0.9}, {"seconds": 0.9}):
        assert worker_with_a_second.invoke(event).outcome == "ok"


def test_a_call_that_uses_more_processor_time_than_its_limit_ends_the_process(worker_with_a_second):
    assert worker_with_a_second.invoke({"seconds": 0.01}).outcome == "ok"
    worker_with_a_second.send_invokes({"seconds": 1000})
    assert worker_with_a_second.answer() is None
    assert worker_with_a_second.end().code == -signal.SIGXCPU
