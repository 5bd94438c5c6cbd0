"""What is left of workers: nothing, in the zygote, on the machine, and of what they started themselves."""

import contextlib
import os
import resource
import tempfile
from pathlib import Path

import pytest

from gaugelet_worker.frames import FrameType
from gaugelet_worker.isolation.hierarchies import Hierarchies, find_hierarchies
from tests.machine import is_running, needs_linux, wait_until
from tests.zygote_process import ZygoteProcess, running_zygote

pytestmark = needs_linux

LEVELS = ["process", "sandbox"]


def settled(zygote: ZygoteProcess, place: Path, isolation: str = "process") -> dict:
    """What it holds when nothing is under way: one spare, which comes after the first worker."""
    zygote.run(place, "pass", isolation=isolation)
    zygote.spare(isolation)
    if zygote.ready["capabilities"]["cgroup"]["available"]:
        # It leaves the spare's group once that is forked.
        wait_until(lambda: group(zygote.spare(isolation)) != group(zygote.process.pid))
    return traces(zygote)


def group(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text()


def traces(zygote: ZygoteProcess) -> dict:
    """All that a zygote holds for its workers."""
    pid = zygote.process.pid
    found = find_hierarchies()
    folders = set(found.folders.values()) if isinstance(found, Hierarchies) else ()
    return {
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "children": list(zygote.children().values()),
        "groups": [len(list(folder.glob(f"gaugelet-zygote-{pid}-*"))) for folder in folders],
        "scratch": [
            list(each.iterdir()) for each in Path(tempfile.gettempdir()).glob(f"gaugelet-zygote-{pid}-*")
        ],
    }


@pytest.mark.parametrize("isolation", LEVELS)
def test_two_hundred_launches_leave_nothing(place, isolation):
    with running_zygote() as zygote:
        before = settled(zygote, place, isolation)
        for number in range(200):
            worker = zygote.request(place, isolation=isolation, program=["/bin/true"])
            match number % 3:
                case 0:
                    zygote.wait_for(FrameType.LAUNCHED, worker.launch)
                    zygote.wait_for(FrameType.ENDED, worker.launch)
                case 1:
                    zygote.wait_for_end(worker)
                case 2:
                    # Only the first of two ends has something to end.
                    zygote.send(FrameType.END, {"launch": worker.launch})
                    zygote.wait_for_end(worker)
                    zygote.send(FrameType.END, {"launch": worker.launch})
            worker.close()
        zygote.run(place, "pass", isolation=isolation)
        wait_until(lambda: traces(zygote) == before)
        assert zygote.close() == ""


@pytest.mark.parametrize("isolation", LEVELS)
def test_refused_launches_leave_nothing(place, isolation):
    with running_zygote() as zygote:
        before = settled(zygote, place, isolation)
        for _ in range(20):
            zygote.refusal("/no/such/folder", isolation=isolation)
        wait_until(lambda: traces(zygote) == before)


@pytest.mark.parametrize("spec", [{}, {"isolation": "sandbox", "network": True}], ids=["process", "sandbox"])
def test_what_a_launch_had_when_descriptors_ran_out_is_given_back(place, spec):
    # It complains of spares that it could not fork.
    with contextlib.closing(ZygoteProcess()) as zygote:
        before = settled(zygote, place)
        pid = zygote.process.pid
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = max(map(int, os.listdir(f"/proc/{pid}/fd"))) + 1
        for spare in range(20):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + spare, limits[1]))
            worker = zygote.request(place, program=["/bin/true"], **spec)
            zygote.wait_until_over(worker)
            worker.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        zygote.run(place, "pass")
        zygote.spare("process")
        wait_until(lambda: traces(zygote) == before)


def test_a_worker_that_is_ended_while_it_is_set_up_leaves_no_pipes(place):
    with running_zygote() as zygote:
        before = settled(zygote, place)
        worker = zygote.request(place)
        zygote.send(FrameType.END, {"launch": worker.launch})
        zygote.wait_for_end(worker)
        worker.close()
        wait_until(lambda: traces(zygote) == before)


@pytest.mark.parametrize("isolation", LEVELS)
def test_the_scratch_folder_goes_whatever_is_in_it(place, isolation):
    with running_zygote() as zygote:
        before = settled(zygote, place, isolation)
        code = (
            "import os, tempfile\n"
            "os.chdir(tempfile.gettempdir())\n"
            "for _ in range(1200): os.mkdir('deep'); os.chdir('deep')\n"
            "open('file', 'w').close()\n"
            "print(os.stat(tempfile.gettempdir()).st_mode & 0o777)"
        )
        assert zygote.run(place, code, isolation=isolation) == f"{0o700}\n"
        wait_until(lambda: traces(zygote) == before)


STRAYS = """
import os, subprocess, sys, time
def stray():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            print(os.getpid(), flush=True)
            for descriptor in range(3, 10):
                try: os.close(descriptor)
                except OSError: pass
            os.execv("/bin/sleep", ["sleep", "1000"])
        os._exit(0)
    os.wait()
for _ in range(3): stray()
subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True, env={})
"""


def sleepers(zygote: ZygoteProcess) -> list[int]:
    """The programs below a zygote that only sleep."""
    found, rest = [], [zygote.process.pid]
    while rest:
        pid = rest.pop()
        try:
            rest.extend(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
            if Path(f"/proc/{pid}/comm").read_text() == "sleep\n" and is_running(pid):
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@pytest.mark.parametrize("isolation", LEVELS)
def test_what_a_worker_started_ends_with_it(place, isolation):
    with running_zygote() as zygote:
        worker = zygote.request_program(place, STRAYS + "time.sleep(1000)", isolation=isolation)
        wait_until(lambda: len(sleepers(zygote)) == 4)
        zygote.end(worker)
        assert sleepers(zygote) == []


@pytest.mark.parametrize("isolation", LEVELS)
def test_what_a_worker_started_ends_when_it_ends_by_itself(place, isolation):
    with running_zygote() as zygote:
        worker = zygote.request_program(place, STRAYS, isolation=isolation)
        assert zygote.wait_for_end(worker)["exitCode"] == 0
        assert sleepers(zygote) == []
        worker.close()


@pytest.mark.parametrize("isolation", LEVELS)
def test_a_worker_does_not_end_what_another_started(place, isolation):
    with running_zygote() as zygote:
        kept = zygote.request_program(place, STRAYS + "time.sleep(1000)", isolation=isolation)
        wait_until(lambda: len(sleepers(zygote)) == 4)
        zygote.run(place, STRAYS, isolation=isolation)
        assert len(sleepers(zygote)) == 4
        zygote.end(kept)


def test_a_new_zygote_removes_what_a_dead_one_left(place):
    dead = ZygoteProcess()
    dead.launch(place, program=["/bin/sleep", "1000"])
    dead.process.kill()
    dead.process.wait()
    with running_zygote() as zygote:
        found = find_hierarchies()
        for folder in set(found.folders.values()) if isinstance(found, Hierarchies) else ():
            wait_until(lambda folder=folder: not list(folder.glob(f"gaugelet-zygote-{dead.process.pid}-*")))
        assert not list(Path(tempfile.gettempdir()).glob(f"gaugelet-zygote-{dead.process.pid}-*"))
        assert zygote.run(place, "print(1)") == "1\n"


@pytest.mark.parametrize("name", ["gaugelet-zygote-1-1", "gaugelet-zygote-²-1"])
def test_what_anybody_may_put_beside_scratch_folders_keeps_no_zygote_from_starting(place, name):
    (place / name).symlink_to("/nowhere")
    with running_zygote(environment={"TMPDIR": str(place)}) as zygote:
        assert zygote.run(place, "print(1)") == "1\n"


def test_what_is_called_after_a_day_is_nobodys_scratch_folder(place):
    names = {"gaugelet-2026-11-30", "gaugelet-2026-11-30.tar.gz", "gaugelet-20261130-1200"}
    for name in names:
        (place / name).touch()
    with running_zygote(environment={"TMPDIR": str(place)}):
        assert names <= set(os.listdir(place))
