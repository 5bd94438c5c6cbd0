"""The spare: a worker that is forked ahead of need, one at each level where there was a worker."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gaugelet_worker.frames import FrameType
from gaugelet_worker.isolation import linux, mounts
from gaugelet_worker.rehearsal import rehearse
from gaugelet_worker.specification import LEVELS
from tests.machine import is_running, needs_linux, needs_root, show_python_to_everybody, wait_until
from tests.test_isolation_process import WHO
from tests.test_zygote import SEARCH, STATE
from tests.zygote_process import SPARE, ZygoteProcess, children_of, running_zygote

pytestmark = needs_linux

DRAW = (
    "import random, numpy\n"
    "def handler(i, c):\n    return {'random': random.random(), 'numpy': numpy.random.rand()}\n"
)

# A zygote that waits for no worker for long.
IMPATIENT = ("-c", "from gaugelet_worker import zygote; zygote.main([], set_up_seconds=0.5)")


@pytest.fixture(params=LEVELS)
def level(request) -> str:
    """Of the spare."""
    return request.param


@pytest.fixture
def zygote(place, level) -> Iterator[ZygoteProcess]:
    """One that has a spare."""
    with running_zygote() as process:
        need(process, level)
        process.run(place, "pass", isolation=level)
        process.spare(level)
        yield process


def need(zygote: ZygoteProcess, level: str) -> None:
    """Skip where this machine has not got the level."""
    sandbox = zygote.ready["capabilities"]["sandbox"]
    if level == "sandbox" and not sandbox["available"]:
        pytest.skip(sandbox["reason"])


def worker_in(spare: int, level: str) -> int:
    """The process that becomes the worker: in a sandbox the second one."""
    return children_of(spare)[0] if level == "sandbox" else spare


def serve(zygote: ZygoteProcess, place: Path, level: str, source: str, *options, **spec):
    """A worker that was the spare."""
    spare = worker_in(zygote.spare(level), level)
    worker = zygote.serve(place, source, *options, isolation=level, **spec)
    assert worker.pid == spare
    return worker


def test_there_is_none_before_the_first_worker_and_always_one_after(place, level):
    with running_zygote() as zygote:
        need(zygote, level)
        assert zygote.children() == {}
        zygote.end(zygote.launch(place, isolation=level))
        for _ in range(3):
            spare = worker_in(zygote.spare(level), level)
            worker = zygote.launch(place, isolation=level)
            assert worker.pid == spare
            zygote.end(worker)
        zygote.spare(level)
        assert list(zygote.children().values()) == [SPARE]


def test_it_becomes_a_worker_like_any_other(zygote, place, level):
    environment = {"COLOUR": "blue", "TZ": "Asia/Tokyo"}
    spare = zygote.spare(level)
    worker = serve(zygote, place, level, STATE, environment)
    state = worker.call()
    temporary = state["environment"].pop("TMPDIR")
    state["environment"].pop("HOME", None)
    assert state["environment"] == environment
    assert (state["temporary"], state["directory"]) == (temporary, str(place))
    assert (state["arguments"], state["noon"], state["path"]) == ([], "21:00", str(place))
    assert state["files"] == [0, 1, 2, 3, 4, 5, 6]
    assert (state["leads"], state["interrupt"], state["others"]) == (True, True, [])
    for pid in {spare, worker.pid}:
        assert Path(f"/proc/{pid}/comm").read_text() != f"{SPARE}\n"
    zygote.end(worker)


@needs_root
def test_it_gets_a_user_of_its_own_and_has_no_rights(place, level):
    with running_zygote(prepare=show_python_to_everybody) as zygote:
        need(zygote, level)
        zygote.run(place, "pass", isolation=level)
        owners = set()
        for _ in range(2):
            worker = serve(zygote, place, level, WHO)
            own = worker.call()
            owners.add(Path(f"/proc/{worker.pid}/task").stat().st_uid)
            assert worker.level["ownUser"] is True
            assert len(set(own["ids"])) == 1
            status = own["status"]
            assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
            assert status["NoNewPrivs"] == "1"
        assert len(owners) == 2
        assert min(owners) >= 61_184


def test_it_is_held_to_the_limits_of_its_launch(zygote, place, level):
    source = (
        "def handler(input, context):\n"
        "    try:\n        return {'length': len(bytearray(1 << 28))}\n"
        "    except MemoryError:\n        return {'length': None}\n"
    )
    bounded = serve(zygote, place, level, source, limits={"memory": 1 << 26})
    assert bounded.call() == {"length": None}
    free = serve(zygote, place, level, source)
    assert free.call() == {"length": 1 << 28}
    own = [Path(f"/proc/{worker.pid}/cgroup").read_text() for worker in (bounded, free)]
    if zygote.ready["capabilities"]["cgroup"]["available"]:
        assert own[0] != own[1]
        assert Path(f"/proc/{zygote.spare(level)}/cgroup").read_text() not in own
    for worker in (bounded, free):
        zygote.end(worker)


def test_no_two_draw_the_same_numbers(place, level):
    with running_zygote("numpy") as zygote:
        need(zygote, level)
        zygote.run(place, "pass", isolation=level)
        draws = [serve(zygote, place, level, DRAW).call() for _ in range(3)]
        assert len({draw["random"] for draw in draws}) == 3
        assert len({draw["numpy"] for draw in draws}) == 3


def test_it_has_nothing_of_the_functions_before_it(zygote, place, level):
    secret = f"{random.getrandbits(128):032x}"
    other = serve(zygote, place, level, SEARCH, {"TOKEN": f"{secret}-the-secret"})
    worker = serve(zygote, place, level, SEARCH)
    assert other.call({"backwards": secret[::-1]})["found"] > 0
    assert worker.call({"backwards": secret[::-1]})["found"] == 0
    for each in (other, worker):
        zygote.end(each)


def test_it_executes_programs_too(zygote, place, level):
    assert zygote.run(place, "print('on it goes')", isolation=level) == "on it goes\n"
    assert zygote.ended["exitCode"] == 0


def test_each_level_has_its_own(zygote, place):
    for _ in range(2):
        workers = []
        for level in LEVELS:
            need(zygote, level)
            workers.append(zygote.request(place, isolation=level))
        for worker in workers:
            zygote.wait_for(FrameType.LAUNCHED, worker.launch)
        spares = {zygote.spare(level) for level in LEVELS}
        assert len(spares) == 2
        for worker in workers:
            zygote.end(worker)
    assert list(zygote.children().values()) == [SPARE, SPARE]
    assert {zygote.spare(level) for level in LEVELS} == spares


@pytest.mark.parametrize("level", ["sandbox"], indirect=True)
def test_one_with_the_machines_network_is_another_fork(zygote, place, level):
    spare = zygote.spare(level)
    own = os.readlink("/proc/self/ns/net")
    source = "import os\ndef handler(i, c): return {'network': os.readlink('/proc/self/ns/net')}"
    with_network = zygote.serve(place, source, isolation=level, network=True)
    assert with_network.call()["network"] == own
    assert zygote.spare(level) == spare
    without = serve(zygote, place, level, source)
    assert without.call()["network"] != own
    for worker in (with_network, without):
        zygote.end(worker)


@needs_root
def test_what_was_mounted_since_is_there(place, level):
    folder = place / "later"
    folder.mkdir()
    with running_zygote(prepare=keep_mounts_to_itself) as zygote:
        need(zygote, level)
        zygote.run(place, "pass", isolation=level)
        spare = zygote.spare(level)
        inside = ("nsenter", f"--mount=/proc/{zygote.process.pid}/ns/mnt")
        subprocess.run([*inside, "mount", "-t", "tmpfs", "none", folder], check=True)
        subprocess.run([*inside, "sh", "-c", f"echo 'late = 7' > {folder}/usermodule.py"], check=True)
        code = f"import sys; sys.path.insert(0, {str(folder)!r}); import usermodule; print(usermodule.late)"
        assert zygote.run(folder, code, isolation=level) == "7\n"
        assert zygote.spare(level) != spare
        assert not is_running(spare)
        assert list(zygote.children().values()) == [SPARE]


def keep_mounts_to_itself() -> None:
    """A machine where what is mounted in one mount namespace is not in others."""
    show_python_to_everybody()
    linux.unshare(linux.CLONE_NEWNS)
    mounts.make_private()


def test_a_launch_that_cannot_be_is_refused_and_the_next_gets_another_one(zygote, place, level):
    assert "/no/such/folder" in zygote.refusal("/no/such/folder", isolation=level)
    assert zygote.run(place, "print('on it goes')", isolation=level) == "on it goes\n"
    zygote.spare(level)


def test_a_launch_with_more_than_can_be_told_is_refused(zygote, place, level):
    read_only = [f"/no/such/folder/{'x' * 100}/{number}" for number in range(5_000)]
    assert "could not be told" in zygote.refusal(place, readOnly=read_only, isolation=level)
    assert zygote.run(place, "print('on it goes')", isolation=level) == "on it goes\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_is_killed_is_no_loss(zygote, place, level, number):
    spare = zygote.spare(level)
    os.kill(worker_in(spare, level), number)
    wait_until(lambda: not is_running(spare))
    assert zygote.run(place, "print('on it goes')", isolation=level) == "on it goes\n"
    assert zygote.spare(level) != spare


@pytest.mark.parametrize("isolation", LEVELS)
def test_one_that_hangs_is_given_up_and_the_next_gets_another_one(place, level, isolation):
    with running_zygote(program=IMPATIENT) as zygote:
        need(zygote, "sandbox")
        zygote.run(place, "pass", isolation=level)
        spare = worker_in(zygote.spare(level), level)
        os.kill(spare, signal.SIGSTOP)
        # Is not held up meanwhile.
        waits = zygote.request(place, isolation=level)
        assert zygote.run(place, "print('on it goes')", isolation=isolation) == "on it goes\n"
        reason = zygote.wait_for(FrameType.REFUSED, waits.launch)["reason"]
        assert reason == "its process was not set up within 0.5 s; it is tried again"
        assert not is_running(spare)
        waits.close()
        zygote.spare(level)


@pytest.mark.parametrize("kills", [True, False])
def test_it_ends_with_the_zygote(place, level, kills):
    zygote = ZygoteProcess()
    zygote.run(place, "pass", isolation=level)
    spare = zygote.spare(level)
    pids = {spare, worker_in(spare, level)}
    if kills:
        zygote.process.send_signal(signal.SIGKILL)
        zygote.process.wait()
    else:
        assert zygote.close() == ""
    wait_until(lambda: not any(map(is_running, pids)))


def test_a_rehearsal_answers_and_leaves_nothing():
    before = (list(sys.path), set(sys.modules))
    answers = rehearse()
    assert answers == [FrameType.LOADED, FrameType.RESTORED, FrameType.RESULT]
    assert (sys.path, set(sys.modules)) == before
