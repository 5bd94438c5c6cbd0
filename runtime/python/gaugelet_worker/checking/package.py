"""Checking the modules of a Python package.

Standard input: a line of JSON, `{"handler": "module.attribute" | null, "files": [{"path": …, "bytes": …}]}`,
then the contents of these files one after the other. With `names` in the line: what there is in the package.
Standard output: see `report.py`.
"""

import json
import signal
from typing import BinaryIO, TextIO

from gaugelet_worker.checking.entry_point import check_entry_point
from gaugelet_worker.checking.mistakes import find_mistakes
from gaugelet_worker.checking.report import Report
from gaugelet_worker.checking.syntax import check_syntax

# Of the CPU seconds. Warnings are a courtesy: for them a package is not refused.
_PART_FOR_WARNINGS = 0.4


def check_package(source: BinaryIO, output: TextIO, cpu_seconds: float) -> None:
    """Say all that is found about the package, within so much processor time."""
    report = Report(output)
    head = json.loads(source.readline())
    files = {each["path"]: source.read(each["bytes"]) for each in head["files"]}
    sound = {}
    for path, code in files.items():
        report.checking(path)
        if check_syntax(path, code, report):
            sound[path] = code
    if head["handler"] is not None:
        check_entry_point(head["handler"], files, sound, report, head.get("names", []))
    report.only_warnings_follow()
    _find_mistakes(sound, report, cpu_seconds * _PART_FOR_WARNINGS)
    report.done()


def _find_mistakes(files: dict[str, bytes], report: Report, seconds: float) -> None:
    is_over = False

    def on_alarm(*_: object) -> None:
        nonlocal is_over
        is_over = True
        raise TimeoutError

    signal.signal(signal.SIGPROF, on_alarm)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    path = ""
    try:
        for path, code in files.items():
            report.checking(path)
            find_mistakes(path, code, report, lambda: is_over)
    except TimeoutError:
        message = "pyflakes took too long here: there may be more to find in this and the following files"
        report.warning(path, message, "took-too-long")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
