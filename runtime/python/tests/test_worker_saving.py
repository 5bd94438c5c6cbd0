"""A worker process: the `env` that it saves unasked."""

import time

import pytest

from gaugelet_worker.env_snapshot import load_env
from gaugelet_worker.frames import FrameType
from tests.worker_process import Result, Saved, no_module

COUNT = """
def handler(input, context):
    context.env["calls"] = context.env.get("calls", 0) + 1
    if input.get("fail"): raise ValueError
    return {"calls": context.env["calls"]}
"""
SET = """
import threading
def handler(input, context):
    context.env.clear()
    context.env.update(input)
    if "lock" in input: context.env["lock"] = threading.Lock()
    return {}
"""


def test_env_is_saved_unasked_after_a_call(loaded):
    worker = loaded(COUNT)
    for calls in (1, 2, 3):
        result, saved = worker.invoke_and_save()
        assert result.value == {"calls": calls}
        assert (saved.problem, saved.unchanged) == (None, False)
        assert load_env(saved.env, no_module) == {"calls": calls}


def test_env_is_saved_after_the_results_of_the_calls_that_it_holds(loaded):
    worker = loaded(COUNT)
    worker.send_invokes({}, {}, {})
    answered = saved_up_to = 0
    while saved_up_to < 3:
        frame = worker.frame()
        if frame.type == FrameType.RESULT:
            answered = Result(frame).id
            continue
        saved = Saved(frame)
        assert saved.id == answered
        assert load_env(saved.env, no_module) == {"calls": answered}
        saved_up_to = saved.id


def test_env_is_saved_under_load_too(loaded):
    worker = loaded(
        "import time\n"
        "def handler(input, context):\n"
        "    time.sleep(0.001)\n"
        "    context.env['calls'] = context.env.get('calls', 0) + 1\n"
        "    return {}\n"
    )
    # All of them have arrived before the first is over, so that the worker has never nothing to do.
    last = 400
    worker.send_invokes(*({} for _ in range(last)))
    ids = []
    while not ids or ids[-1] < last:
        saved = worker.saved()
        assert load_env(saved.env, no_module) == {"calls": saved.id}
        ids.append(saved.id)
    assert len(ids) > 2
    assert ids == sorted(set(ids))


def test_what_is_saved_covers_failed_calls_after_one_that_succeeded(loaded):
    worker = loaded(COUNT)
    # Where the machine is slow the first is saved before the second: then it is tried again.
    for _ in range(50):
        worker.send_invokes({}, {"fail": True}, b"no input")
        saved = worker.saved()
        results = [worker.result() for _ in range(3)]
        assert [result.outcome for result in results] == ["ok", "error", "rejected"]
        kept = load_env(saved.env, no_module)["calls"]
        if saved.id == results[2].id:
            assert kept == results[0].value["calls"] + 1
            return
    pytest.fail("the failed calls are never covered")


def test_a_call_that_fails_is_not_saved_for(loaded):
    worker = loaded(COUNT)
    assert worker.invoke({"fail": True}).outcome == "error"
    assert worker.invoke(b"").outcome == "rejected"
    # Time enough to save, for a worker that would.
    time.sleep(0.05)
    result, saved = worker.invoke_and_save()
    assert (result.value, load_env(saved.env, no_module)) == ({"calls": 2}, {"calls": 2})
    assert worker.unheard == []


def test_bytes_that_are_those_of_the_last_time_are_not_sent_again(loaded):
    worker = loaded(SET)
    seen = []
    for event in ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}, {"a": 1}):
        _, saved = worker.invoke_and_save(event)
        seen.append((saved.unchanged, load_env(saved.env, no_module) if saved.env else None))
    assert seen == [(False, {"a": 1}), (True, None), (False, {"a": 2}), (True, None), (False, {"a": 1})]


def test_an_env_that_was_restored_is_sent_again(loaded):
    worker = loaded(SET)
    _, saved = worker.invoke_and_save({"a": 1})
    assert worker.restore(saved.env) is None
    _, again = worker.invoke_and_save({"a": 1})
    assert (again.unchanged, again.env) == (False, saved.env)


def test_each_shard_is_saved_by_itself(loaded):
    worker = loaded(COUNT)
    for shard in (1, 2, 3):
        worker.restore(shard=shard, name=f"s{shard}")
    calls = [1, 2, 1, 3, 1, 2]
    ids = {}
    for shard in calls:
        ids[shard] = worker.put_invoke(shard=shard)
    worker.flush()
    assert [worker.result().id for _ in calls] == list(range(1, 7))
    last = {}
    while {shard: saved.id for shard, saved in last.items()} != ids:
        saved = worker.saved()
        last[saved.shard] = saved
    found = {shard: load_env(saved.env, no_module)["calls"] for shard, saved in last.items()}
    assert found == {1: 3, 2: 2, 3: 1}
    # Only of those with calls since.
    worker.invoke_and_save(shard=2)
    worker.invoke_and_save(shard=3)
    assert worker.unheard == []


def test_a_shard_that_keeps_no_env_has_an_empty_one_at_each_call_and_none_is_saved(loaded):
    worker = loaded(COUNT)
    worker.restore(shard=1, keepEnv=False)
    for _ in range(3):
        assert worker.invoke(shard=1).value == {"calls": 1}
    worker.send_invokes({}, {}, shard=1)
    assert [worker.result().value for _ in range(2)] == [{"calls": 1}] * 2
    # Would have come before that of the other shard.
    worker.invoke_and_save(shard=0)
    assert worker.unheard == []


def test_a_problem_is_told_and_the_bytes_are_sent_once_it_is_gone(loaded):
    worker = loaded(SET)
    _, before = worker.invoke_and_save({"a": 1})
    for _ in range(2):
        _, saved = worker.invoke_and_save({"lock": 1})
        problem = "context.env['lock'] cannot be saved: a value of type _thread.lock cannot be saved"
        assert (saved.problem, saved.unchanged, saved.env) == (problem, False, b"")
    _, after = worker.invoke_and_save({"a": 1})
    assert (after.problem, after.unchanged, after.env) == (None, False, before.env)


def test_an_env_beyond_its_limit_is_told_and_the_output_is_still_there(loaded):
    worker = loaded("def handler(input, context):\n    context.env['a'] = 'x' * 2**21\n    return {'a': 1}\n")
    result, saved = worker.invoke_and_save()
    assert (result.value, saved.env) == ({"a": 1}, b"")
    assert saved.problem.startswith("env is 2,097,")
    assert "more than the limit of 1,048,576; keep less in it or raise limits.env" in saved.problem


def test_what_was_saved_is_not_saved_again_without_a_call(loaded):
    worker = loaded(COUNT)
    worker.invoke_and_save()
    # Each of these finds the worker with nothing else to do.
    for _ in range(5):
        worker.snapshot()
    assert worker.unheard == []
