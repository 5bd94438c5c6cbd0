"""Both levels where the runtime is an ordinary user, as on most people's machines."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gaugelet_worker.frames import FrameType
from gaugelet_worker.isolation import linux, mounts
from tests.machine import (
    NOBODY,
    become_nobody,
    is_running,
    needs_linux,
    needs_root,
    show_python_to_everybody,
)
from tests.timed_streams import read_some
from tests.zygote_process import SPARE, ZygoteProcess, running_zygote

# Somebody who is not root runs the other tests as such a user.
pytestmark = [needs_linux, needs_root]


@pytest.fixture(scope="module")
def zygote() -> Iterator[ZygoteProcess]:
    with running_zygote(prepare=become_nobody) as process:
        yield process


@pytest.fixture
def has_sandbox(zygote) -> None:
    if not zygote.ready["capabilities"]["sandbox"]["available"]:
        pytest.skip(zygote.ready["capabilities"]["sandbox"]["reason"])


def test_it_says_what_it_cannot_do(zygote):
    capabilities = zygote.ready["capabilities"]
    assert capabilities["process"]["ownUser"] is False
    assert "CAP_SETUID" in capabilities["process"]["reason"]
    assert capabilities["cgroup"]["available"] is False
    assert "cannot be written" in capabilities["cgroup"]["reason"]


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
def test_a_worker_serves(zygote, has_sandbox, place, isolation):
    source = (
        "import os\n"
        "def handler(input, context):\n"
        "    with open(os.environ['TMPDIR'] + '/x', 'w') as file: file.write('x')\n"
        "    return {'user': os.getuid(), 'status': open('/proc/thread-self/status').read()}\n"
    )
    limits = {"memory": 1 << 28, "processes": 16, "openFiles": 64, "disk": 1 << 20}
    worker = zygote.serve(place, source, isolation=isolation, limits=limits)
    seen = worker.call()
    assert seen["user"] == (1000 if isolation == "sandbox" else NOBODY)
    status = dict(line.split(":\t", 1) for line in seen["status"].splitlines())
    assert {status[name] for name in ("CapPrm", "CapEff")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert worker.level["ownUser"] is False
    zygote.end(worker)
    assert not is_running(worker.pid)


def test_the_sandbox_is_as_tight(zygote, has_sandbox, place):
    code = (
        "import ctypes, os, socket\n"
        "print(sorted(os.listdir('/'))); print(sorted(n for n in os.listdir('/proc') if n.isdigit()))\n"
        "print(ctypes.CDLL(None).unshare(0x10000000))\n"
        "for attempt in (lambda: open('/usr/x', 'w'), lambda: open('/proc/1/environ').read(),\n"
        "                lambda: socket.create_connection(('192.0.2.1', 1), 1)):\n"
        "    try: print(attempt())\n"
        "    except OSError as error: print(type(error).__name__)\n"
    )
    root, processes, unshare, *attempts = zygote.run(place, code, isolation="sandbox").splitlines()
    assert "usr" in root and "var" not in root and "home" not in root
    assert processes == "['1', '2']"
    assert unshare == "-1"
    assert attempts == ["OSError", "PermissionError", "OSError"]


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
def test_what_a_worker_started_ends_with_it(zygote, has_sandbox, place, isolation):
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.execve('/bin/sleep', ['sleep', '1000'], {})\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "print('started', flush=True)\n"
        "time.sleep(1000)\n"
    )
    zygote.run(place, "pass", isolation=isolation)
    zygote.spare(isolation)
    worker = zygote.request_program(place, code, isolation=isolation)
    assert read_some(worker.streams[1]) == b"started\n"
    zygote.wait_for(FrameType.LAUNCHED, worker.launch)
    # The next one where that was it: until it is ready it is called as any other process here.
    zygote.spare(isolation)
    zygote.end(worker)
    assert set(zygote.children().values()) == {SPARE}


def test_a_worker_looks_into_no_other(zygote, place):
    other = zygote.launch(place)
    zygote.run(place, f"open('/proc/{other.pid}/mem', 'rb')")
    assert "PermissionError" in zygote.errors
    zygote.end(other)


def test_fifty_launches_leave_nothing(zygote, has_sandbox, place):
    folder = Path(f"/proc/{zygote.process.pid}/fd")
    levels = ("process", "sandbox")

    def settle() -> int:
        for level in levels:
            zygote.spare(level)
        assert list(zygote.children().values()) == [SPARE, SPARE]
        return len(os.listdir(folder))

    for level in levels:
        zygote.run(place, "pass", isolation=level)
    before = settle()
    for number in range(50):
        zygote.run(place, "pass", isolation=levels[number % 2])
    assert settle() == before


def drop_administration() -> None:
    """Root as in a container: with some rights, but not that to mount."""
    show_python_to_everybody()
    linux.prctl(linux.PR_CAPBSET_DROP, 21)


def test_root_without_the_right_to_mount_has_the_sandbox_as_well(place):
    with running_zygote(prepare=drop_administration) as zygote:
        if not zygote.ready["capabilities"]["sandbox"]["available"]:
            pytest.skip(zygote.ready["capabilities"]["sandbox"]["reason"])
        assert zygote.ready["capabilities"]["process"]["ownUser"] is True
        code = "import os; print(os.getuid(), sorted(n for n in os.listdir('/proc') if n.isdigit()))"
        assert zygote.run(place, code, isolation="sandbox") == "1000 ['1', '2']\n"
        assert "CAP_SYS_ADMIN" in zygote.level["ownUserReason"]


def mask_processes() -> None:
    """As container engines do: a part of /proc cannot be seen."""
    linux.check(linux.libc.unshare(linux.CLONE_NEWNS), "unshare")
    mounts.make_private()
    mounts.place(mounts.clone_tree("/dev/null", 0), "/proc/keys")
    become_nobody()


def test_a_masked_proc_is_explained(place):
    with running_zygote(prepare=mask_processes) as zygote:
        assert zygote.ready["capabilities"]["sandbox"]["available"] is False
        reason = zygote.refusal(place, isolation="sandbox")
        assert "fsmount proc" in reason
        assert "systempaths=unconfined" in reason
