"""What pyflakes finds in a module: names that are not defined, imports that nobody uses and the like."""

import ast
import warnings
from collections.abc import Callable

try:
    from pyflakes.checker import Checker
except ImportError:
    Checker = None

from gaugelet_worker.checking.report import Report


def find_mistakes(path: str, code: bytes, report: Report, is_over: Callable[[], bool]) -> None:
    """Report what pyflakes finds as warnings. The module can be compiled.

    Raises TimeoutError where the time is over.
    """
    if Checker is None:
        message = "pyflakes is not installed in this Python environment: only the syntax was checked"
        report.warning(path, message, "pyflakes-missing")
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code, path)
        found = Checker(tree, filename=path).messages
    except Exception as error:
        # What interrupts the building of a syntax tree may come out as another error.
        if is_over():
            raise TimeoutError from error
        report.warning(path, f"pyflakes could not look through it: {type(error).__name__}", "pyflakes-failed")
        return
    lines = code.splitlines()
    for each in sorted(found, key=lambda each: (each.lineno, each.col)):
        message = each.message % each.message_args
        column = _characters(lines, each.lineno, each.col) + 1
        report.warning(path, message, type(each).__name__, each.lineno, column)


def _characters(lines: list[bytes], number: int, offset: int) -> int:
    """How many characters so many bytes of a line are."""
    if not 0 < number <= len(lines):
        return offset
    return len(lines[number - 1][:offset].decode(errors="replace"))
