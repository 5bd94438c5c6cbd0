"""The check of uploaded Python, as the process that it is."""

import io
import json
import subprocess
import sys
from pathlib import Path

from gaugelet_worker.checking.package import check_package

ROOT = Path(__file__).parents[1]
LIMITS = {"memory": 512 * 1024**2, "cpu": 10}


def _check(
    files: dict[str, bytes], handler: str | None = "handler.handler", limits: dict = LIMITS, **environment
):
    head = {"handler": handler, "files": [{"path": path, "bytes": len(code)} for path, code in files.items()]}
    return subprocess.run(
        [sys.executable, "-P", "-m", "gaugelet_worker.checking", json.dumps(limits)],
        input=json.dumps(head).encode() + b"\n" + b"".join(files.values()),
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **environment},
        capture_output=True,
        check=False,
    )


def _lines(**files: str) -> list[dict]:
    ended = _check({f"{name}.py": code.encode() for name, code in files.items()})
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def _findings(**files: str) -> list[dict]:
    return [line["finding"] for line in _lines(**files) if "finding" in line]


GOOD = "def handler(input, context):\n    return {}\n"


def test_says_what_it_looks_at_and_when_it_is_done():
    assert _lines(handler=GOOD, other="") == [
        {"checking": "handler.py"},
        {"checking": "other.py"},
        {"warnings": True},
        {"checking": "handler.py"},
        {"checking": "other.py"},
        {"done": True},
    ]


def test_a_finding_has_its_place_in_characters():
    [finding] = _findings(handler=f"{GOOD}größe = 'ü', nothing\n")
    assert finding == {
        "severity": "warning",
        "file": "handler.py",
        "line": 3,
        "column": 14,
        "message": "undefined name 'nothing'",
        "rule": "UndefinedName",
    }


def test_an_error_in_the_entry_points_module_is_the_only_one_about_it():
    assert [finding["rule"] for finding in _findings(handler="def handler(")] == ["SyntaxError"]


def test_no_more_than_a_thousand_warnings_are_said():
    findings = _findings(handler=GOOD + "".join(f"print(missing_{number})\n" for number in range(1200)))
    assert len(findings) == 1001
    assert findings[-1]["message"] == "more than 1000 warnings; the rest is left out"


def test_a_long_message_is_cut():
    [finding] = _findings(handler=f"{GOOD}print({'x' * 2000})\n")
    assert finding["message"].endswith("… (cut)")
    assert len(finding["message"]) < 520


def test_modules_named_like_the_checks_own_are_not_imported():
    findings = _findings(handler=GOOD, ast="raise SystemExit(3)", pyflakes="raise SystemExit(3)")
    assert findings == []


def test_it_can_start_no_process():
    code = (
        "import os, gaugelet_worker.checking.contained as c\n"
        # Root has no limit of processes.
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        f"c.contain({LIMITS!r}, is_program=False)\n"
        "os.fork()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False
    )
    assert b"BlockingIOError" in ended.stderr


def test_it_can_write_no_file(tmp_path):
    code = (
        "import sys, gaugelet_worker.checking.contained as c\n"
        f"c.contain({LIMITS!r}, is_program=False)\n"
        "file = open(sys.argv[1], 'w', buffering=1)\n"
        "file.write('x\\n')\n"
    )
    target = tmp_path / "file"
    command = [sys.executable, "-c", code, str(target)]
    ended = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    assert b"File too large" in ended.stderr
    assert target.read_text() == ""


def test_it_is_ended_when_its_processor_time_is_over():
    ended = _check(
        {"handler.py": b"x.y = a[b] + c(d)\n" * 1_000_000}, limits={"memory": 8 * 1024**3, "cpu": 1}
    )
    assert ended.returncode == -24
    assert ended.stdout == b'{"checking": "handler.py"}\n'


def test_what_takes_pyflakes_too_long_is_told_and_no_error():
    body = "  a = a\n" * 20_000
    code = f"{GOOD}def other(a):\n{body}".encode()
    head = {"handler": "handler.handler", "files": [{"path": "handler.py", "bytes": len(code)}]}
    output = io.StringIO()
    check_package(io.BytesIO(json.dumps(head).encode() + b"\n" + code), output, cpu_seconds=0.02)
    *_, finding, end = [json.loads(line) for line in output.getvalue().splitlines()]
    assert end == {"done": True}
    assert (finding["finding"]["severity"], finding["finding"]["rule"]) == ("warning", "took-too-long")


def test_it_becomes_another_program_within_the_limits():
    program = [sys.executable, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_CPU)[0])"]
    command = [sys.executable, "-P", "-m", "gaugelet_worker.checking", json.dumps(LIMITS), *program]
    ended = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    assert ended.stdout == b"10\n", ended.stderr
