"""The zygote: how workers come, what they inherit and what not, and how they end."""

import os
import random
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gaugelet_worker.frames import FrameType
from gaugelet_worker.streams import Descriptor
from tests.machine import is_running, needs_linux, wait_until
from tests.zygote_process import ZygoteProcess, running_zygote

pytestmark = needs_linux

STATE = """
import os, random, signal, sys, tempfile, time
def handler(input, context):
    return {
        "environment": dict(os.environ), "directory": os.getcwd(), "arguments": sys.argv[1:],
        "files": sorted(map(int, os.listdir("/proc/self/fd"))), "random": random.random(),
        "leads": os.getpid() == os.getpgrp() == os.getsid(0), "temporary": tempfile.gettempdir(),
        "interrupt": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        "others": [n for n in signal.valid_signals() if callable(signal.getsignal(n))],
        "noon": time.strftime("%H:%M", time.localtime(43200)), "path": sys.path[0],
    }
"""


@pytest.fixture(scope="module")
def zygote() -> Iterator[ZygoteProcess]:
    with running_zygote() as process:
        yield process


def test_it_says_what_it_has_imported_and_what_is_missing():
    with running_zygote("json,no_such_module,xml.dom") as zygote:
        assert zygote.ready["preloaded"] == ["json", "xml.dom"]
        assert zygote.ready["missing"] == ["no_such_module"]
        assert zygote.ready["runtime"] == f"Python {sys.version.split()[0]}"


def test_it_survives_a_module_that_cannot_be_imported(place):
    (place / "broken.py").write_text("raise RuntimeError('no good')")
    (place / "leaving.py").write_text("raise SystemExit(3)")
    path = os.pathsep.join([str(place), str(Path(__file__).parents[1])])
    zygote = ZygoteProcess("broken,leaving", environment={"PYTHONPATH": path})
    assert zygote.ready["missing"] == ["broken", "leaving"]
    assert "no good" in zygote.close()


def test_a_worker_has_its_own_environment_folder_descriptors_and_group(zygote, place):
    environment = {"COLOUR": "blue", "TZ": "Asia/Tokyo"}
    worker = zygote.serve(place, STATE, environment)
    state = worker.call()
    temporary = state["environment"].pop("TMPDIR")
    state["environment"].pop("HOME", None)
    assert state["environment"] == environment
    assert state["temporary"] == temporary
    assert (state["directory"], state["arguments"], state["noon"]) == (str(place), [], "21:00")
    # The last is the one with which the folder is read.
    assert state["files"] == [0, 1, 2, 3, 4, 5, 6]
    assert (state["leads"], state["interrupt"]) == (True, True)
    assert state["others"] == []
    assert state["path"] == str(place)
    zygote.end(worker)


def test_no_two_workers_draw_the_same_numbers(place):
    with running_zygote("numpy") as zygote:
        source = (
            "import random, numpy\n"
            "def handler(i, c):\n    return {'random': random.random(), 'numpy': numpy.random.rand()}\n"
        )
        workers = [zygote.serve(place, source) for _ in range(3)]
        draws = [worker.call() for worker in workers]
        assert len({draw["random"] for draw in draws}) == 3
        assert len({draw["numpy"] for draw in draws}) == 3


def test_what_a_worker_prints_arrives(zygote, place):
    worker = zygote.serve(
        place, "import sys\ndef handler(i, c):\n    print('ä')\n    sys.stderr.write('b')\n    return {}\n"
    )
    worker.call()
    zygote.end(worker)


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
@pytest.mark.parametrize(
    ("code", "ended"),
    [
        ("print(1)", {"exitCode": 0, "signal": None, "limit": None}),
        ("raise SystemExit(7)", {"exitCode": 7, "signal": None, "limit": None}),
        (
            "import os; os.kill(os.getpid(), 15)",
            {"exitCode": None, "signal": "SIGTERM", "limit": None},
        ),
        ("import os; os.abort()", {"exitCode": None, "signal": "SIGABRT", "limit": None}),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)",
            {"exitCode": None, "signal": "SIGXCPU", "limit": "cpu"},
        ),
    ],
)
def test_it_tells_how_a_program_ended(zygote, place, isolation, code, ended):
    zygote.run(place, code, isolation=isolation)
    zygote.ended.pop("launch")
    assert zygote.ended == ended


def test_a_program_that_is_not_there_is_explained(zygote, place):
    worker = zygote.launch(place, program=["/no/such/program"])
    assert worker.text(2) == "/no/such/program cannot be started: No such file or directory\n"
    assert zygote.wait_for(FrameType.ENDED, worker.launch)["exitCode"] == 127


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
def test_end_kills_a_worker_at_once_that_ignores_signals(zygote, place, isolation):
    source = (
        "import signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "def handler(i, c):\n    while True: pass\n"
    )
    worker = zygote.serve(place, source, isolation=isolation)
    os.write(worker.streams[Descriptor.REQUESTS], b"\x00\x00")
    ended = zygote.end(worker)
    assert (ended["exitCode"], ended["signal"], ended["limit"]) == (None, "SIGKILL", None)
    assert not is_running(worker.pid)


def test_end_before_the_worker_is_complete(zygote, place):
    worker = zygote.request(place)
    zygote.send(FrameType.END, {"launch": worker.launch})
    assert zygote.wait_for_end(worker)["launch"] == worker.launch


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"isolation": "microvm"}, "microvm"),
        ({"directory": "/no/such/folder"}, "/no/such/folder"),
        ({"directory": "/no/such/folder", "isolation": "sandbox"}, "/no/such/folder"),
        ({"limits": {"memori": 1}}, "memori"),
    ],
)
def test_a_launch_that_cannot_be_is_refused_with_the_reason(zygote, place, spec, reason):
    spec = {"directory": str(place)} | spec
    assert reason in zygote.refusal(**spec)
    assert zygote.run(place, "print('on it goes')") == "on it goes\n"


def test_bytes_that_are_no_launch_do_not_end_it(place):
    zygote = ZygoteProcess()
    zygote.send(FrameType.LAUNCH, {})
    zygote.send(FrameType.END, {"launch": 12_345})
    zygote.send(FrameType.TAKEN, {"launch": 12_345})
    assert zygote.run(place, "print('on it goes')") == "on it goes\n"
    assert "KeyError" in zygote.close()


def test_a_launch_for_which_no_pipes_can_be_opened_is_refused_and_nothing_is_left(place):
    with running_zygote() as zygote:
        pid = zygote.process.pid
        limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        before = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (before + 4, limit[1]))
        assert "Too many open files" in zygote.refusal(place)
        assert len(os.listdir(f"/proc/{pid}/fd")) == before
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
        assert zygote.run(place, "print('on it goes')") == "on it goes\n"


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
def test_a_program_writes_to_its_streams_by_name_too(zygote, place, isolation):
    program = ["/bin/sh", "-c", "echo one > /dev/stdout; echo two > /dev/stderr"]
    worker = zygote.launch(place, program=program, isolation=isolation)
    assert (worker.text(1), worker.text(2)) == ("one\n", "two\n")
    zygote.wait_for_end(worker)


SEARCH = """
import ctypes
def handler(input, context):
    # So that the function's own copy is not found.
    wanted = bytes(reversed(input["backwards"].encode()))
    found = 0
    for line in open("/proc/self/maps"):
        addresses, rights, *_ = line.split()
        start, end = (int(each, 16) for each in addresses.split("-"))
        if rights.startswith("rw"):
            memory = ctypes.string_at(start, end - start)
            found += memory.count(wanted + b"-the-secret")
            del memory
    return {"found": found}
"""


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
def test_no_worker_finds_anothers_environment_in_its_memory(zygote, place, isolation):
    secret = f"{random.getrandbits(128):032x}"
    environment = {"TOKEN": f"{secret}-the-secret"}
    other = zygote.serve(place, SEARCH, environment, isolation=isolation)
    worker = zygote.serve(place, SEARCH, isolation=isolation)
    # Its own it finds, which shows that the search would.
    assert other.call({"backwards": secret[::-1]})["found"] > 0
    assert worker.call({"backwards": secret[::-1]})["found"] == 0
    for each in (other, worker):
        zygote.end(each)


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
def test_workers_end_with_the_zygote(place, isolation):
    zygote = ZygoteProcess()
    busy = zygote.launch(place, program=["/bin/sleep", "1000"], isolation=isolation)
    zygote.process.send_signal(signal.SIGKILL)
    zygote.process.wait()
    wait_until(lambda: not is_running(busy.pid))


def test_everything_ends_when_the_runtime_closes_the_channel(place):
    zygote = ZygoteProcess()
    workers = [zygote.launch(place, program=["/bin/sleep", "1000"]) for _ in range(3)]
    assert zygote.close() == ""
    assert zygote.process.returncode == 0
    assert not any(is_running(worker.pid) for worker in workers)


def test_two_launches_may_come_interleaved(zygote, place):
    first, second = zygote.request(place), zygote.request(place)
    for worker in (second, first):
        assert zygote.wait_for(FrameType.LAUNCHED, worker.launch)["pid"]
    for worker in (first, second):
        zygote.end(worker)


def test_it_ends_when_it_is_sent_something_else_than_frames(place):
    zygote = ZygoteProcess()
    worker = zygote.launch(place)
    zygote.control.sendall(b"\xff" * 8)
    assert zygote.process.wait(30) == 0
    assert "ControlError" in zygote.close()
    assert not is_running(worker.pid)
