"""A worker process: what it writes, how it ends, and what it leaves behind."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from gaugelet_worker.frames import FrameType
from tests.machine import is_running, wait_until
from tests.worker_process import running_worker, worker_environment

OK = "def handler(input, context):\n    return {}\n"


def test_it_ends_in_order_when_the_connection_is_closed(loaded):
    ended = loaded(OK).end()
    assert (ended.code, ended.stdout, ended.stderr, ended.records) == (0, "", "", [])


def test_it_ends_in_order_before_anything_is_loaded(worker):
    assert worker.end().code == 0


@pytest.mark.parametrize("daemon", [True, False])
def test_it_ends_although_a_thread_goes_on(loaded, daemon):
    worker = loaded(
        "import threading\n"
        f"thread = threading.Thread(target=threading.Event().wait, daemon={daemon})\n"
        "def handler(input, context):\n    thread.start()\n    return {'alive': thread.is_alive()}\n"
    )
    assert worker.invoke().value == {"alive": True}
    assert worker.end().code == 0


FORK = """
import os, sys
def handler(input, context):
    print("called", flush=True)
    pid = os.fork()
    if pid != 0:
        return {"code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}
    if input["end"] == "raise": raise ValueError("in the fork")
    if input["end"] != "return": sys.exit(input["end"])
    return {"fork": True}
"""


def test_a_process_that_a_handler_forks_answers_nothing_and_ends_with_the_call(loaded):
    worker = loaded(FORK)
    ends = {"return": 0, "raise": 1, 3: 3, 0: 0, None: 0, "a text": 1}
    worker.send_invokes(*[{"end": end} for end in ends])
    answers = [worker.result() for _ in ends]
    assert [(answer.id, answer.value) for answer in answers] == [
        (number, {"code": code}) for number, code in enumerate(ends.values(), 1)
    ]
    ended = worker.end()
    assert (ended.code, ended.stdout) == (0, "called\n" * len(ends))
    assert "ValueError: in the fork" in ended.stderr
    assert ended.stderr.endswith("a text\n")


@pytest.mark.parametrize("hex_bytes", ["ffffffff", "00000006" + "02" + "00000001" + "78", "7072696e7420"])
def test_it_ends_with_an_error_when_it_is_sent_something_else_than_frames(worker, hex_bytes):
    os.write(worker.requests, bytes.fromhex(hex_bytes))
    assert worker.answer() is None
    ended = worker.end()
    assert ended.code == 1
    assert "ProtocolError" in ended.stderr


def test_a_handler_that_ends_the_process_ends_it_with_its_code(loaded):
    worker = loaded("import os\ndef handler(input, context):\n    os._exit(7)\n")
    worker.send_invokes({})
    assert worker.answer() is None
    assert worker.end().code == 7


def test_what_is_printed_and_written_goes_to_its_stream_line_by_line(loaded):
    worker = loaded(
        "import os, sys\n"
        "print('at import')\n"
        "def handler(input, context):\n"
        "    print('printed', 'größe 😀 \\udce9')\n"
        "    print('to stderr', file=sys.stderr)\n"
        "    os.write(1, b'raw \\xff\\n')\n"
        "    os.write(2, b'raw error\\n')\n"
        "    print('no newline', end='')\n"
        "    return {}\n"
    )
    assert worker.invoke().value == {}
    assert os.read(worker.process.stdout.fileno(), 1000) == (
        "at import\nprinted größe 😀 \\udce9\n".encode() + b"raw \xff\nno newline"
    )
    assert os.read(worker.process.stderr.fileno(), 1000) == b"to stderr\nraw error\n"


@pytest.mark.parametrize(
    "statement", ["sys.stdout.close()", "sys.stdout = None", "os.close(1)", "del sys.stdout"]
)
def test_a_handler_may_close_its_stdout(loaded, statement):
    worker = loaded(f"import os, sys\ndef handler(input, context):\n    {statement}\n    return {{}}\n")
    assert worker.invoke().value == {}


def test_log_records_come_over_a_descriptor_of_their_own(loaded):
    worker = loaded(
        "import logging\n"
        "log = logging.getLogger('users')\n"
        "def handler(input, context):\n"
        "    log.debug('not by default')\n"
        "    log.info('%s', input)\n"
        "    logging.error('root')\n"
        "    return {}\n"
    )
    worker.invoke({"a": 1})
    ended = worker.end()
    assert ended.records == [
        {"level": "INFO", "logger": "users", "message": "{'a': 1}"},
        {"level": "ERROR", "logger": "root", "message": "root"},
    ]
    assert (ended.stdout, ended.stderr) == ("", "")


@pytest.mark.parametrize(
    ("level", "expected"),
    [("DEBUG", ["DEBUG", "INFO", "ERROR"]), ("error", ["ERROR"]), ("nonsense", ["INFO", "ERROR"])],
)
def test_the_log_level_is_the_environments(folder, level, expected):
    calls = "for log in (logging.debug, logging.info, logging.error):\n    log('')\n"
    folder.write("usermodule.py", f"import logging\n{OK}{calls}")
    with running_worker(folder.path, environment={"LOG_LEVEL": level}) as worker:
        worker.load()
        assert [record["level"] for record in worker.end().records] == expected


def test_a_handler_that_closes_the_log_goes_on(loaded):
    worker = loaded(
        "import logging, os\n"
        "def handler(input, context):\n    os.close(4)\n    logging.error('')\n    return {}\n"
    )
    assert worker.invoke().value == {}


@pytest.mark.parametrize("close", [True, False])
def test_programs_that_a_function_starts_have_none_of_its_descriptors(loaded, close):
    worker = loaded(
        "import os, subprocess\n"
        "def handler(input, context):\n"
        "    own = [os.readlink(f'/proc/self/fd/{fd}') for fd in (3, 4, 5)]\n"
        f"    listed = subprocess.check_output(['ls', '/proc/self/fd'], close_fds={close}, text=True)\n"
        "    return {'own': own, 'programs': listed.split()}\n"
    )
    value = worker.invoke().value
    assert [link.split(":")[0] for link in value["own"]] == ["pipe"] * 3
    assert value["programs"] == ["0", "1", "2", "3"]  # 3 is the folder that ls itself reads


def test_an_interrupt_from_the_terminal_does_not_end_it(loaded):
    worker = loaded(OK)
    worker.process.send_signal(signal.SIGINT)
    assert worker.invoke().value == {}


# Starts a worker, passes the runtime's ends of its pipes on, and waits to be killed.
PARENT = """
import socket, sys
from pathlib import Path
from tests.worker_process import WorkerProcess
worker = WorkerProcess(Path(sys.argv[1]))
worker.load()
worker.restore()
worker.send_invokes({})
socket.send_fds(socket.socket(fileno=int(sys.argv[2])), [b"x"], [worker.requests, worker.answering])
print(worker.process.pid, flush=True)
sys.stdin.read()
"""


def test_it_dies_with_its_parent_although_it_is_busy_and_its_pipes_are_open(folder, tmp_path):
    started = tmp_path / "started"
    busy = f"    open({str(started)!r}, 'w')\n    while True: pass\n"
    folder.write("usermodule.py", f"def handler(input, context):\n{busy}")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, folder.path, str(theirs.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env=worker_environment(),
        )
        pid = int(parent.stdout.readline())
        held = socket.recv_fds(ours, 1, 2)[1]
        try:
            wait_until(started.exists)
            assert is_running(pid)
            parent.kill()
            parent.communicate()
            wait_until(lambda: not is_running(pid))
        finally:
            for end in held:
                os.close(end)
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


def test_a_call_under_way_is_answered_when_no_more_will_come(loaded):
    worker = loaded(
        "import time\ndef handler(input, context):\n    time.sleep(0.1)\n    return {'a': 'x' * 500_000}\n"
    )
    worker.send_invokes({}, {})
    worker.close_requests()
    assert [worker.result().outcome for _ in range(2)] == ["ok", "ok"]
    assert worker.answer() is None
    assert worker.end().code == 0


@pytest.mark.parametrize("kind", [FrameType.LOADED, FrameType.SAVED, FrameType.LAUNCH, 0, 5, 255])
def test_a_message_that_is_none_for_a_worker_ends_it(worker, kind):
    worker.send(kind, {})
    assert worker.answer() is None
    assert worker.end().code == 1


def test_a_call_of_a_shard_that_was_never_begun_ends_it(loaded):
    worker = loaded(OK)
    worker.send_invokes({}, shard=77)
    assert worker.answer() is None
    ended = worker.end()
    assert (ended.code, "KeyError: 77" in ended.stderr) == (1, True)


def test_a_call_without_all_its_numbers_ends_it(loaded):
    worker = loaded(OK)
    worker.send(FrameType.INVOKE, {}, bytes(15))
    assert worker.answer() is None
    assert worker.end().code == 1
