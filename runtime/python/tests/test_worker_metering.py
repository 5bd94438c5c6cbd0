"""A worker process: what it says that its calls used."""

import pytest

from tests.worker_process import LIMITS, running_worker

MEGABYTE = 1024**2
# A system may count processor time in steps of this many seconds.
STEP = 0.02
USE = """
import time
def handler(input, context):
    started = time.process_time()
    while time.process_time() < started + input.get("use", 0): pass
    time.sleep(input.get("sleep", 0))
    return {"used": time.process_time() - started, "total": time.process_time()}
"""


def test_the_processor_time_of_calls_adds_up(loaded):
    worker = loaded(USE)
    before = worker.invoke().value["total"]
    uses = [0.02, 0.0, 0.05, 0.0, 0.1, 0.03] * 2
    worker.send_invokes(*({"use": use} for use in uses))
    results = [worker.result() for _ in uses]
    metered = sum(result.cpu_seconds for result in results)
    assert metered >= sum(result.value["used"] for result in results) - STEP
    assert metered <= results[-1].value["total"] - before + STEP


def test_the_processor_time_of_calls_that_are_sent_together_is_shared_out_by_how_long_each_took(loaded):
    worker = loaded(USE)
    worker.send_invokes({}, {"use": 0.1}, {})
    short, long, other = [worker.result() for _ in range(3)]
    assert long.cpu_seconds >= 0.1 - STEP
    assert short.cpu_seconds < long.cpu_seconds
    assert other.cpu_seconds < long.cpu_seconds
    assert short.seconds < long.seconds


def test_waiting_takes_no_processor_time(loaded):
    result = loaded(USE).invoke({"sleep": 0.1})
    assert result.seconds >= 0.1
    assert result.cpu_seconds < 0.1


def test_importing_the_function_is_no_calls_processor_time(loaded):
    use = "import time\nwhile time.process_time() < 1: pass\n"
    assert loaded(use + USE).invoke().cpu_seconds < 0.5


@pytest.mark.parametrize("keeps", [True, False])
def test_saving_and_reading_env_is_no_calls_processor_time(folder, keeps):
    # Takes its time to be saved and to be read.
    fill = "    if 'fill' in input: context.env['a'] = [[str(n)] for n in range(input['fill'])]\n"
    folder.write("usermodule.py", USE.replace("    started", f"{fill}    started", 1))
    with running_worker(folder.path) as worker:
        worker.load(limits=LIMITS | {"env": 2**28})
        worker.restore()
        _, saved = worker.invoke_and_save({"fill": 1_000_000})
        if not keeps:
            worker.restore(saved.env)
        result = worker.invoke()
        assert result.cpu_seconds < 0.1


def test_memory_is_the_most_that_the_process_has_used_so_far(loaded):
    worker = loaded("def handler(input, context):\n    return {'n': len(bytes(1) * input['bytes'])}\n")
    before = worker.invoke({"bytes": 1}).memory_bytes
    assert 5 * MEGABYTE < before < 1000 * MEGABYTE
    # `before` may be that of the program which became the worker.
    more = int(before) + 50 * MEGABYTE
    during = worker.invoke({"bytes": more}).memory_bytes
    assert more < during < 3 * more
    assert worker.invoke({"bytes": 1}).memory_bytes >= during
