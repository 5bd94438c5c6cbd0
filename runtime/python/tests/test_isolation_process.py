"""The level `process` where the zygote is root and its Python is readable: users of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gaugelet_worker.frames import FrameType
from tests.machine import needs_linux, needs_root, show_python_to_everybody
from tests.timed_streams import read_some
from tests.zygote_process import ZygoteProcess, running_zygote

pytestmark = [needs_linux, needs_root]


@pytest.fixture(scope="module")
def zygote() -> Iterator[ZygoteProcess]:
    with running_zygote(prepare=show_python_to_everybody) as process:
        yield process


WHO = """
import os
def handler(input, context):
    status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
    return {"ids": [*os.getresuid(), *os.getresgid()], "groups": os.getgroups(), "status": status,
            "home": os.environ.get("HOME"), "temporary": os.environ["TMPDIR"]}
"""


def test_each_worker_is_another_user_without_rights(zygote, place):
    assert zygote.ready["capabilities"]["process"] == {"ownUser": True, "reason": None}
    workers = [zygote.serve(place, WHO) for _ in range(2)]
    seen = [worker.call() for worker in workers]
    for worker, each in zip(workers, seen, strict=True):
        assert (worker.level["ownUser"], worker.level["ownUserReason"]) == (True, None)
        assert len(set(each["ids"])) == 1
        assert each["groups"] == []
        status = each["status"]
        assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
        assert status["NoNewPrivs"] == "1"
        assert each["home"] == each["temporary"]
    assert seen[0]["ids"] != seen[1]["ids"]
    for worker in workers:
        zygote.end(worker)


@pytest.mark.parametrize("reach", ["os.kill({pid}, 9)", "open('/proc/{pid}/environ').read()"])
def test_a_worker_cannot_reach_another_nor_the_zygote(zygote, place, reach):
    other = zygote.launch(place)
    for pid in (other.pid, zygote.process.pid, os.getpid()):
        zygote.run(place, f"import os\n{reach.format(pid=pid)}")
        assert "PermissionError" in zygote.errors
    zygote.end(other)


def test_a_worker_cannot_read_anothers_scratch_folder(zygote, place):
    other = zygote.serve(place, WHO)
    folder = other.call()["temporary"]
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    zygote.run(place, f"import os\nos.listdir({folder!r})")
    assert "PermissionError" in zygote.errors
    zygote.end(other)


def test_a_folder_that_its_own_user_cannot_read_is_refused(zygote, place):
    # To run it as the runtime's user instead would let a function choose that.
    place.chmod(0o700)
    assert f"cannot read the folder {place}" in zygote.refusal(place)


def test_a_file_that_its_own_user_cannot_read_gets_it_no_other_user(zygote, place):
    (place / "usermodule.py").write_text("")
    (place / "usermodule.py").chmod(0o600)
    worker = zygote.launch(place)
    assert worker.level["ownUser"] is True
    zygote.end(worker)


def test_where_its_own_user_gets_nowhere_near_it_keeps_the_runtimes_user_and_that_is_said(zygote, place):
    folder = place / "inner"
    folder.mkdir()
    place.chmod(0o700)
    worker = zygote.launch(folder)
    assert worker.level["ownUser"] is False
    assert str(place) in worker.level["ownUserReason"]
    zygote.end(worker)


def test_without_an_own_user_there_are_no_rights_either(place):
    folder = place / "inner"
    folder.mkdir()
    place.chmod(0o700)
    with running_zygote() as zygote:
        worker = zygote.serve(folder, WHO)
        assert worker.level["ownUser"] is False
        status = worker.call()["status"]
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1"
        zygote.end(worker)


def test_a_user_id_is_used_by_one_worker_at_a_time_over_all_zygotes(zygote, place):
    with running_zygote(prepare=show_python_to_everybody) as second:
        users = set()
        workers = [(each, each.serve(place, WHO)) for each in (zygote, second, zygote, second)]
        for _, worker in workers:
            users.add(worker.call()["ids"][0])
        assert len(users) == 4
        for owner, worker in workers:
            owner.end(worker)


def test_without_groups_what_it_started_ends_by_its_user(place):
    with running_zygote(prepare=hide_groups) as zygote:
        assert zygote.ready["capabilities"]["cgroup"]["available"] is False
        code = (
            "import os\nreading, writing = os.pipe()\npid = os.fork()\n"
            "if pid == 0:\n    os.setsid(); os.write(writing, b'.')\n    while True: pass\n"
            "os.read(reading, 1); print(pid, flush=True)"
        )
        worker = zygote.request_program(place, code)
        pid = int(read_some(worker.streams[1]))
        assert zygote.wait_for(FrameType.LAUNCHED, worker.launch)["level"] == {
            "ownUser": True,
            "ownUserReason": None,
            "cgroup": False,
        }
        assert zygote.wait_for(FrameType.ENDED, worker.launch)["exitCode"] == 0
        assert not Path(f"/proc/{pid}").exists()


def test_without_groups_its_processes_are_limited_by_its_user(place):
    source = (
        "import os, signal\n"
        "def handler(input, context):\n"
        "    kept = []\n"
        "    try:\n"
        "        while len(kept) < 200:\n"
        "            pid = os.fork()\n"
        "            if pid == 0:\n"
        "                while True: signal.pause()\n"
        "            kept.append(pid)\n"
        "    except OSError: pass\n"
        "    return {'count': len(kept)}\n"
    )
    with running_zygote(prepare=hide_groups) as zygote:
        worker = zygote.serve(place, source, limits={"processes": 10})
        assert 10 <= worker.call()["count"] <= 30
        zygote.end(worker)


def hide_groups() -> None:
    """A machine on which no control group can be made."""
    from gaugelet_worker.isolation import mounts

    show_python_to_everybody()
    mounts.place(mounts.new_file_system("tmpfs", 0), "/sys/fs/cgroup")
