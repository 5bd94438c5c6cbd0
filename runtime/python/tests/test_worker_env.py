"""A worker process: the env of a function, from call to call and from worker to worker."""

import collections
import datetime
import os

import pytest

from gaugelet_worker.env_snapshot import dump_env, load_env
from tests.hostile import called, env_of, found
from tests.worker_process import no_module, running_worker

COUNT = """
def handler(input, context):
    context.env["calls"] = context.env.get("calls", 0) + 1
    return {"calls": context.env["calls"]}
"""
KINDS = """
import collections, datetime
class Own:
    value = 1
def handler(input, context):
    env = context.env
    shown = {str(key): repr(value) for key, value in env.items() if key != "own"}
    env.setdefault("window", collections.deque(maxlen=2)).append((datetime.datetime(2026, 11, 21), 1.5))
    env[7] = {1: "a"}
    env.setdefault("own", Own()).value += 1
    return {"shown": shown, "own": env["own"].value}
"""


def test_env_is_kept_from_call_to_call(loaded):
    worker = loaded(COUNT)
    assert [worker.invoke().value["calls"] for _ in range(3)] == [1, 2, 3]
    assert load_env(worker.snapshot().body, no_module) == {"calls": 3}


def test_env_is_the_same_live_object_and_may_hold_anything(loaded):
    worker = loaded(
        "import threading\n"
        "def handler(input, context):\n"
        "    lock = context.env.setdefault('lock', threading.Lock())\n"
        "    known = context.env.setdefault('known', (id(lock), id(context.env)))\n"
        "    return {'same': known == (id(lock), id(context.env))}\n"
    )
    assert [worker.invoke().value for _ in range(2)] == [{"same": True}] * 2


def test_each_shard_has_an_env_of_its_own(loaded):
    worker = loaded(COUNT)
    for shard in (1, 2):
        worker.restore(shard=shard, name=f"s{shard}")
    calls = [worker.invoke(shard=shard).value["calls"] for shard in (1, 2, 1, 0, 1, 2)]
    assert calls == [1, 1, 2, 1, 3, 2]


def test_a_call_that_keeps_no_env_has_an_empty_one(loaded):
    worker = loaded(COUNT)
    worker.restore(shard=1, keepEnv=False)
    assert [worker.invoke(shard=1).value for _ in range(2)] == [{"calls": 1}] * 2


def test_replacing_env_is_a_change_of_it(loaded):
    worker = loaded(
        "def handler(input, context):\n"
        "    context.env = {'calls': context.env.get('calls', 0) + 1}\n"
        "    return context.env\n"
    )
    assert [worker.invoke().value for _ in range(2)] == [{"calls": 1}, {"calls": 2}]
    assert load_env(worker.snapshot().body, no_module) == {"calls": 2}


@pytest.mark.parametrize("change", ["context.env['n'] = input['n']", "context.env = {'n': input['n']}"])
@pytest.mark.parametrize("end", ["raise ValueError", "import sys; sys.exit()", "return None"])
def test_a_call_that_fails_keeps_what_it_changed_for_the_next(loaded, change, end):
    worker = loaded(
        f"def handler(input, context):\n    if not input: return context.env\n    {change}\n    {end}\n"
    )
    assert worker.invoke({"n": 5}).outcome == "error"
    result, saved = worker.invoke_and_save()
    assert result.value == {"n": 5}
    assert load_env(saved.env, no_module) == {"n": 5}


def test_a_saved_env_is_given_back_with_its_types_to_another_worker(folder, loaded):
    first = loaded(KINDS)
    first.invoke_and_save()
    saved = first.invoke_and_save()[1].env
    assert saved == first.snapshot().body
    with running_worker(folder.path) as second:
        second.load()
        assert second.restore(saved) is None
        point = "(datetime.datetime(2026, 11, 21, 0, 0), 1.5)"
        assert second.invoke().value == {
            "shown": {"window": f"deque([{point}, {point}], maxlen=2)", "7": "{1: 'a'}"},
            "own": 4,
        }


def test_a_snapshot_is_the_env_as_it_is_now(loaded):
    worker = loaded(COUNT)
    worker.restore(shard=1, name="a")
    assert load_env(worker.snapshot().body, no_module) == {}
    worker.invoke(shard=1)
    snapshot = worker.snapshot(shard=1)
    assert snapshot.head == {"problem": None}
    assert load_env(snapshot.body, no_module) == {"calls": 1}
    assert load_env(worker.snapshot(shard=0).body, no_module) == {}


def test_a_snapshot_of_what_cannot_be_saved_says_why(loaded):
    worker = loaded(
        "import os\ndef handler(input, context):\n    context.env['f'] = os.system\n    return {}\n"
    )
    worker.invoke()
    snapshot = worker.snapshot()
    assert snapshot.head == {"problem": "context.env['f'] cannot be saved: posix.system cannot be saved"}
    assert snapshot.body == b""


def test_restoring_nothing_begins_an_empty_env(loaded):
    worker = loaded(COUNT)
    worker.invoke()
    assert worker.restore(b"") is None
    assert worker.invoke().value == {"calls": 1}


def test_restoring_replaces_the_env_of_its_shard_alone(loaded):
    worker = loaded(COUNT)
    worker.invoke()
    env = {"calls": 10, "more": collections.deque([datetime.date(2026, 1, 1)])}
    assert worker.restore(dump_env(env, 10**6, no_module), shard=1) is None
    assert worker.invoke(shard=1).value == {"calls": 11}
    assert worker.invoke().value == {"calls": 2}


def test_a_hostile_env_does_not_run_and_the_function_begins_with_an_empty_one(loaded, tmp_path):
    worker = loaded(COUNT)
    marker = tmp_path / "marker"
    for data in (env_of(called(found("os", "system"), f"touch {marker}")), os.urandom(100), b"{}"):
        assert worker.restore(data).startswith("the saved env cannot be read: ")
        assert worker.invoke().value == {"calls": 1}
        assert not marker.exists()
