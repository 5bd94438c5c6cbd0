"""Control groups, of both versions, as far as the machine has them."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from gaugelet_worker.isolation.cgroups import Group
from gaugelet_worker.isolation.hierarchies import Hierarchies, find_hierarchies
from tests.machine import needs_linux, needs_root, wait_until
from tests.zygote_process import running_zygote

pytestmark = [needs_linux, needs_root]


def version_2() -> Path | None:
    """Where version 2 is mounted, with or without controllers."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            return Path(mount.split()[4])
    return None


def groups() -> list[Group]:
    found = find_hierarchies()
    places = [found] if isinstance(found, Hierarchies) else []
    unified = version_2()
    if unified is not None:
        places.append(Hierarchies(2, dict.fromkeys(("memory", "pids"), unified)))
    return [Group(place, f"gaugelet-test-{os.getpid()}") for place in places]


@pytest.mark.parametrize("group", groups(), ids=lambda group: f"version {group.hierarchies.version}")
def test_all_in_a_group_is_ended_and_the_group_removed(group):
    group.make()
    shell = subprocess.Popen(
        ["/bin/sh", "-c", "sleep 1000 & setsid sleep 1000 & wait"], preexec_fn=group.enter
    )
    folder = next(iter(group.hierarchies.folders.values())) / group.name
    wait_until(lambda: len((folder / "cgroup.procs").read_text().split()) == 3)
    assert not group.remove()
    assert not group.kill()
    assert shell.wait() == -signal.SIGKILL
    wait_until(lambda: group.kill() and group.remove())
    assert not folder.exists()


def show_version_2_alone() -> None:
    """A machine as newer ones are: all mounts of version 1 are out of sight."""
    from gaugelet_worker.isolation import linux, mounts

    linux.check(linux.libc.unshare(linux.CLONE_NEWNS), "unshare")
    mounts.make_private()
    unified = mounts.new_file_system("cgroup2", 0)
    mounts.place(mounts.new_file_system("tmpfs", 0), "/sys/fs/cgroup")
    mounts.place(unified, "/sys/fs/cgroup")


def test_version_2_without_controllers_is_explained(place):
    if "memory" in (version_2() or Path("/")).joinpath("cgroup.controllers").read_text().split():
        pytest.skip("here version 2 has them")
    with running_zygote(prepare=show_version_2_alone) as zygote:
        reason = zygote.ready["capabilities"]["cgroup"]["reason"]
        assert "/sys/fs/cgroup has no controllers memory and pids" in reason
        assert zygote.run(place, "print('on it goes')") == "on it goes\n"


def test_a_worker_is_in_its_group_and_the_zygote_is_not(place):
    with running_zygote() as zygote:
        if not zygote.ready["capabilities"]["cgroup"]["available"]:
            pytest.skip(zygote.ready["capabilities"]["cgroup"]["reason"])
        limits = {"memory": 1 << 26, "processes": 5}
        workers = [zygote.launch(place, limits=limits) for _ in range(2)]
        pids = [workers[0].pid, workers[1].pid]
        own = [Path(f"/proc/{pid}/cgroup").read_text() for pid in pids]
        assert own[0] != own[1]
        wait_until(lambda: Path(f"/proc/{zygote.process.pid}/cgroup").read_text() not in own)
        for worker in workers:
            zygote.end(worker)
