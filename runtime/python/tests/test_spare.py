"""The spare: a worker that is forked ahead of need, at the level `process`."""

import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gaugelet_worker.frames import FrameType
from gaugelet_worker.rehearsal import rehearse
from tests.machine import is_running, needs_linux, needs_root, show_python_to_everybody, wait_until
from tests.test_isolation_process import WHO
from tests.test_zygote import SEARCH, STATE
from tests.zygote_process import SPARE, ZygoteProcess, running_zygote

pytestmark = needs_linux

DRAW = (
    "import random, numpy\n"
    "def handler(i, c):\n    return {'random': random.random(), 'numpy': numpy.random.rand()}\n"
)

# A zygote that waits for no worker for long.
IMPATIENT = ("-c", "from gaugelet_worker import zygote; zygote.main([], set_up_seconds=0.5)")


@pytest.fixture
def zygote(place) -> Iterator[ZygoteProcess]:
    """One that has a spare."""
    with running_zygote() as process:
        process.run(place, "pass")
        process.spare()
        yield process


def serve(zygote: ZygoteProcess, place: Path, source: str, *options, **spec):
    """A worker that was the spare."""
    spare = zygote.spare()
    worker = zygote.serve(place, source, *options, **spec)
    assert worker.pid == spare
    return worker


def test_there_is_none_before_the_first_worker_and_always_one_after(place):
    with running_zygote() as zygote:
        assert zygote.children() == {}
        zygote.end(zygote.launch(place))
        for _ in range(3):
            spare = zygote.spare()
            worker = zygote.launch(place)
            assert worker.pid == spare
            zygote.end(worker)
        zygote.spare()
        assert list(zygote.children().values()) == [SPARE]


def test_it_becomes_a_worker_like_any_other(zygote, place):
    environment = {"COLOUR": "blue", "TZ": "Asia/Tokyo"}
    worker = serve(zygote, place, STATE, environment)
    state = worker.call()
    temporary = state["environment"].pop("TMPDIR")
    state["environment"].pop("HOME", None)
    assert state["environment"] == environment
    assert (state["temporary"], state["directory"]) == (temporary, str(place))
    assert (state["arguments"], state["noon"], state["path"]) == ([], "21:00", str(place))
    assert state["files"] == [0, 1, 2, 3, 4, 5, 6]
    assert (state["leads"], state["interrupt"], state["others"]) == (True, True, [])
    assert SPARE not in {name for pid, name in zygote.children().items() if pid == worker.pid}
    zygote.end(worker)


@needs_root
def test_it_gets_a_user_of_its_own_and_has_no_rights(place):
    with running_zygote(prepare=show_python_to_everybody) as zygote:
        zygote.run(place, "pass")
        seen = []
        for _ in range(2):
            worker = serve(zygote, place, WHO)
            seen.append(worker.call())
            assert worker.level["ownUser"] is True
        for each in seen:
            assert len(set(each["ids"])) == 1
            status = each["status"]
            assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
            assert status["NoNewPrivs"] == "1"
        assert seen[0]["ids"] != seen[1]["ids"]


def test_it_is_held_to_the_limits_of_its_launch(zygote, place):
    source = (
        "def handler(input, context):\n"
        "    try:\n        return {'length': len(bytearray(1 << 28))}\n"
        "    except MemoryError:\n        return {'length': None}\n"
    )
    bounded = serve(zygote, place, source, limits={"memory": 1 << 26})
    assert bounded.call() == {"length": None}
    free = serve(zygote, place, source)
    assert free.call() == {"length": 1 << 28}
    own = [Path(f"/proc/{worker.pid}/cgroup").read_text() for worker in (bounded, free)]
    if zygote.ready["capabilities"]["cgroup"]["available"]:
        assert own[0] != own[1]
        assert Path(f"/proc/{zygote.spare()}/cgroup").read_text() not in own
    for worker in (bounded, free):
        zygote.end(worker)


def test_no_two_draw_the_same_numbers(place):
    with running_zygote("numpy") as zygote:
        zygote.run(place, "pass")
        draws = [serve(zygote, place, DRAW).call() for _ in range(3)]
        assert len({draw["random"] for draw in draws}) == 3
        assert len({draw["numpy"] for draw in draws}) == 3


def test_it_has_nothing_of_the_functions_before_it(zygote, place):
    secret = f"{random.getrandbits(128):032x}"
    other = serve(zygote, place, SEARCH, {"TOKEN": f"{secret}-the-secret"})
    worker = serve(zygote, place, SEARCH)
    assert other.call({"backwards": secret[::-1]})["found"] > 0
    assert worker.call({"backwards": secret[::-1]})["found"] == 0
    for each in (other, worker):
        zygote.end(each)


def test_it_executes_programs_too(zygote, place):
    assert zygote.run(place, "print('on it goes')") == "on it goes\n"
    assert zygote.ended["exitCode"] == 0


def test_a_sandbox_is_another_fork(zygote, place):
    spare = zygote.spare()
    worker = zygote.launch(place, isolation="sandbox")
    zygote.end(worker)
    assert zygote.spare() == spare


def test_a_sandbox_in_between_keeps_none_from_coming(zygote, place):
    workers = [zygote.request(place, isolation=isolation) for isolation in ("process", "sandbox")]
    for worker in workers:
        zygote.wait_for(FrameType.LAUNCHED, worker.launch)
    zygote.spare()
    for worker in workers:
        zygote.end(worker)


def test_a_launch_that_cannot_be_is_refused_and_the_next_gets_another_one(zygote, place):
    assert "/no/such/folder" in zygote.refusal("/no/such/folder")
    assert zygote.run(place, "print('on it goes')") == "on it goes\n"
    zygote.spare()


def test_a_launch_with_more_than_can_be_told_is_refused(zygote, place):
    read_only = [f"/no/such/folder/{'x' * 100}/{number}" for number in range(5_000)]
    assert "could not be told" in zygote.refusal(place, readOnly=read_only)
    assert zygote.run(place, "print('on it goes')") == "on it goes\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_is_killed_is_no_loss(zygote, place, number):
    spare = zygote.spare()
    os.kill(spare, number)
    wait_until(lambda: not is_running(spare))
    assert zygote.run(place, "print('on it goes')") == "on it goes\n"
    assert zygote.spare() != spare


@pytest.mark.parametrize("isolation", ["process", "sandbox"])
def test_one_that_hangs_is_given_up_and_the_next_gets_another_one(place, isolation):
    with running_zygote(program=IMPATIENT) as zygote:
        zygote.run(place, "pass")
        spare = zygote.spare()
        os.kill(spare, signal.SIGSTOP)
        # Is not held up meanwhile.
        waits = zygote.request(place)
        assert zygote.run(place, "print('on it goes')", isolation=isolation) == "on it goes\n"
        reason = zygote.wait_for(FrameType.REFUSED, waits.launch)["reason"]
        assert reason == "its process was not set up within 0.5 s; it is tried again"
        assert not is_running(spare)
        waits.close()
        zygote.spare()


@pytest.mark.parametrize("kills", [True, False])
def test_it_ends_with_the_zygote(place, kills):
    zygote = ZygoteProcess()
    zygote.run(place, "pass")
    spare = zygote.spare()
    if kills:
        zygote.process.send_signal(signal.SIGKILL)
        zygote.process.wait()
    else:
        assert zygote.close() == ""
    wait_until(lambda: not is_running(spare))


def test_a_rehearsal_answers_and_leaves_nothing():
    before = (list(sys.path), set(sys.modules))
    answers = rehearse()
    assert answers == [FrameType.LOADED, FrameType.RESTORED, FrameType.RESULT]
    assert (sys.path, set(sys.modules)) == before
