"""A worker without a zygote, which contains itself."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gaugelet_worker.frames import FrameType
from gaugelet_worker.streams import Descriptor, Pipes
from tests.machine import is_running, needs_linux, wait_until
from tests.timed_streams import TimedStream
from tests.zygote_process import zygote_environment

pytestmark = needs_linux


def start(directory: Path, **spec) -> tuple[subprocess.Popen, TimedStream]:
    pipes = Pipes()

    def place() -> None:
        import fcntl

        wanted = {target: end for target, end in pipes.workers.items() if target > Descriptor.STDERR}
        ends = [(target, fcntl.fcntl(end, fcntl.F_DUPFD, 20)) for target, end in wanted.items()]
        for target, end in ends:
            os.dup2(end, target)

    launch = {"launch": 1, "directory": str(directory), "isolation": "process"} | spec
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "gaugelet_worker", json.dumps(launch)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(Descriptor.ANSWERS, Descriptor.RECORDS, Descriptor.REQUESTS),
        preexec_fn=place,
        start_new_session=True,
        env=zygote_environment() | {"COLOUR": "blue"},
    )
    pipes.close_workers()
    ends = pipes.runtimes
    return process, TimedStream(ends[Descriptor.ANSWERS], ends[Descriptor.REQUESTS])


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
def test_it_contains_itself_and_serves(place, isolation):
    (place / "usermodule.py").write_text(
        "import os\nprint(os.environ['COLOUR'])\ndef handler(i, c): return {}\n"
    )
    process, stream = start(place, isolation=isolation, limits={"openFiles": 32})
    head = {"directory": str(place), "handler": "usermodule.handler", "file": None, "host": "h", "port": 1}
    stream.write(
        FrameType.LOAD, head | {"limits": {"output": 1024, "env": 1024, "cpu": None, "memory": None}}
    )
    assert stream.read().type == FrameType.LOADED
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert isolation == "sandbox" or "NoNewPrivs:\t1" in status
    stream.close_requests()
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, b"blue\n", b"")


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
@pytest.mark.parametrize(("command", "code"), [("exit 3", 3), ("kill -TERM $$", -signal.SIGTERM)])
def test_it_ends_as_its_program_does(place, isolation, command, code):
    process, _ = start(place, isolation=isolation, program=["/bin/sh", "-c", command])
    process.communicate(timeout=30)
    assert process.returncode == code


def test_the_sandbox_ends_with_its_keeper(place):
    process, _ = start(place, isolation="sandbox", program=["/bin/sh", "-c", "echo up; sleep 1000"])
    assert process.stdout.readline() == b"up\n"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 1
    process.kill()
    process.communicate(timeout=30)
    wait_until(lambda: not is_running(int(children[0])))


def test_what_cannot_be_is_said(place):
    process, _ = start("/no/such/folder", isolation="sandbox")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"/no/such/folder" in errors
