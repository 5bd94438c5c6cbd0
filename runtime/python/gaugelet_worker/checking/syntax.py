"""Whether a module can be compiled, by Python's own compiler."""

import warnings

from gaugelet_worker.checking.report import Report


def check_syntax(path: str, code: bytes, report: Report) -> bool:
    """Compile a module. False where that failed."""
    if b"\0" in code:
        # What UTF-16 looks like. Python's own word for it is another from release to release.
        report.error(path, "a Python file cannot contain null bytes; save it as UTF-8", "SyntaxError")
        return False
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            compile(code, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            message = error.msg or "invalid syntax"
            # Zero is Python's word for somewhere.
            line, column = error.lineno or None, max(error.offset or 0, 0) or None
            report.error(path, message, type(error).__name__, line, column)
            return False
        except (RecursionError, MemoryError, SystemError):
            report.error(path, "it is nested too deeply, or too large, for Python to compile it", "syntax")
            return False
        except (ValueError, OverflowError) as error:
            report.error(path, f"this is no Python: {error}", "syntax")
            return False
    for each in caught:
        report.warning(path, str(each.message), each.category.__name__, each.lineno)
    return True
