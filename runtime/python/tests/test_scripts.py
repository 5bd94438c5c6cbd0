"""A worker process whose function is a plain script."""

import contextlib
import os
import shutil
import signal

import pytest

from gaugelet_worker.frames import FrameType
from tests.machine import is_running, wait_until
from tests.worker_process import LIMITS

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node")
WITHOUT_LIMIT = LIMITS | {"output": 64 * 1024**2}


@pytest.fixture
def script(folder, worker):
    """A worker that has loaded a script."""

    def load(source: str, name: str = "run.sh", limits: dict = LIMITS):
        folder.write(name, source)
        answer = worker.load(f"./{name}", limits=limits)
        assert answer.type == FrameType.LOADED, answer.head
        worker.restore()
        return worker

    return load


@pytest.mark.parametrize(
    ("printed", "output"),
    [
        ('{"a": [1, 12345678901234567890]}', {"a": [1, 12345678901234567890]}),
        ('\\n  {"a": 1}\\n\\n', {"a": 1}),
        ("größe\\n", {"output": "größe"}),
        ("  two\\nlines\\n\\n", {"output": "  two\nlines"}),
        ("[1, 2]", {"output": "[1, 2]"}),
        ("{broken", {"output": "{broken"}),
        ("\\377", {"output": "\ufffd"}),
        ("", {"output": ""}),
    ],
)
def test_what_it_prints_is_the_output(script, printed, output):
    assert script(f"printf '{printed}'").invoke().value == output


def test_it_gets_the_event_on_its_standard_input(script):
    event = {"n": 1, "text": "größe 'x'", "deep": {"a": [None]}}
    assert script("cat").invoke(event).value == event


def test_it_gets_arguments_and_environment_as_they_are(script):
    worker = script('printf "%s|" "$@" "$COLOR" "$N" "$FLAG"')
    event = {
        "arguments": ["a b", "$(touch x)", "", 1, 1.5, True],
        "environment": {"COLOR": "`id`\n", "N": 2, "FLAG": False},
    }
    assert worker.invoke(event).value == {"output": "a b|$(touch x)||1|1.5|true|`id`\n|2|false|"}
    assert worker.invoke().value == {"output": "|||"}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"arguments": "a"}, "arguments: expected a list of texts and numbers"),
        ({"arguments": ["a", None]}, "arguments[1]: expected a text or a number"),
        ({"arguments": ["a\0b"]}, "arguments[0]: expected a text without null characters"),
        ({"arguments": ["\ud800"]}, "arguments[0]: expected a text without halves of characters"),
        ({"environment": ["A"]}, "environment: expected an object of names and texts or numbers"),
        ({"environment": {"A": {}}}, "environment.A: expected a text or a number"),
        (
            {"environment": {"A=B": "1"}},
            "environment: expected names of letters, digits and underscores, not 'A=B'",
        ),
        ({"environment": {"LD_PRELOAD": "x"}}, "environment.LD_PRELOAD: an event cannot set this variable"),
        ({"environment": {"PATH": "x"}}, "environment.PATH: an event cannot set this variable"),
        ({"environment": {"BASH_ENV": "x"}}, "environment.BASH_ENV: an event cannot set this variable"),
        (
            {"environment": {"NODE_OPTIONS": "x"}},
            "environment.NODE_OPTIONS: an event cannot set this variable",
        ),
        ({"environment": {"PYTHONPATH": "x"}}, "environment.PYTHONPATH: an event cannot set this variable"),
    ],
)
def test_an_event_that_it_cannot_be_started_with_is_rejected(script, event, message):
    result = script("touch started").invoke(event)
    assert (result.outcome, result.head) == ("rejected", {"message": message})
    assert not os.path.exists("started")


def test_more_arguments_than_the_system_allows_are_an_error(script):
    result = script("true").invoke({"arguments": ["x" * 200_000]})
    assert result.outcome == "error"
    assert "Argument list too long" in result.head["message"]


def test_another_exit_code_is_an_error_with_the_end_of_what_it_wrote_to_stderr(script):
    worker = script("echo '{}'; echo first >&2; printf 'größe\\nlast\\n' >&2; exit 3")
    result = worker.invoke()
    assert (result.outcome, result.head) == (
        "error",
        {"message": "the script ended with exit code 3", "details": "first\ngröße\nlast"},
    )
    assert worker.end().stderr == "first\ngröße\nlast\n"


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGSEGV, "SIGSEGV"), (40, f"SIGRTMIN+{40 - signal.SIGRTMIN}")]
)
def test_a_signal_is_an_error(script, number, name):
    head = script(f"kill -{number} $$").invoke().head
    assert head == {"message": f"the script was ended by {name}", "details": ""}


def test_what_it_writes_to_stderr_is_log_and_no_error(script):
    worker = script("echo careful >&2; echo done")
    assert worker.invoke().value == {"output": "done"}
    assert worker.end().stderr == "careful\n"


def test_each_event_starts_it_anew(script):
    worker = script("echo $$")
    outputs = [worker.invoke().value["output"] for _ in range(3)]
    assert len(set(outputs)) == 3


def test_a_large_event_and_a_large_output_do_not_wait_for_each_other(script):
    event = {"text": "x" * 5_000_000}
    assert script("cat", limits=WITHOUT_LIMIT).invoke(event).value == event


def test_it_need_not_read_the_event(script):
    assert script("exec 0<&-; echo done").invoke({"text": "x" * 5_000_000}).value == {"output": "done"}


def test_output_beyond_the_limit_ends_it(script):
    result = script("echo $$ >&2; yes").invoke()
    assert (result.outcome, result.head) == (
        "error",
        {
            "message": "the script printed more than the limit of 1,048,576 bytes;"
            " print less or raise limits.output",
            "limit": "output",
        },
    )


def test_what_it_leaves_behind_is_ended_and_not_waited_for(script):
    worker = script("sleep 1000 & echo $!; sleep 1000 >/dev/null 2>&1 & echo $!")
    for pid in worker.invoke().value["output"].split():
        wait_until(lambda pid=pid: not is_running(int(pid)))


def test_what_left_its_group_is_not_waited_for_either(script):
    worker = script("setsid sleep 1000 & sleep 0.1; echo $!")
    pid = int(worker.invoke().value["output"])
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_processor_time_and_memory_are_those_of_the_script(script):
    source = "import time\nx = b'x' * 80_000_000\nwhile time.process_time() < 0.3: pass\n"
    result = script(source, "run.py").invoke()
    assert result.outcome == "ok"
    assert result.cpu_seconds >= 0.28
    assert result.memory_bytes >= 80_000_000


def test_more_processor_time_than_allowed_ends_it(script):
    result = script("while :; do :; done", limits=LIMITS | {"cpu": 1}).invoke()
    message = "the script used more processor time than limits.cpu; raise it or do less"
    assert (result.head["message"], result.head["limit"]) == (message, "cpu")


def test_python_is_run_with_its_siblings_and_without_the_workers_own_modules(script, folder):
    folder.write("helper.py", "value = 7\n")
    source = (
        "import json, sys, helper\n"
        "try:\n  import gaugelet_worker\nexcept ImportError: pass\nelse: raise SystemExit(9)\n"
        "print(json.dumps({'sum': json.load(sys.stdin)['n'] + helper.value, 'name': __name__}))\n"
    )
    assert script(source, "run.py").invoke({"n": 1}).value == {"sum": 8, "name": "__main__"}


@needs_node
@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("run.mjs", "console.log(JSON.stringify({ got: process.argv[2] }));"),
        ("bin/run.ts", "const got: string = process.argv[2]!; console.log(JSON.stringify({ got }));"),
    ],
)
def test_javascript_and_typescript_are_run_by_node(script, folder, name, source):
    (folder.path / "bin").mkdir()
    worker = script(source, name)
    assert worker.invoke({"arguments": ["a"]}).value == {"got": "a"}
    assert worker.end().stderr == ""


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("./other.sh", "there is no script {folder}/other.sh"),
        ("./run.rb", "it cannot be told how to run {folder}/run.rb: its name must end in"),
    ],
)
def test_a_script_that_cannot_be_run_is_not_loaded(folder, worker, handler, message):
    folder.write("run.rb", "")
    answer = worker.load(handler)
    assert answer.type == FrameType.LOAD_FAILED
    assert answer.head["message"].startswith(message.format(folder=folder.path))
