"""Whether a module can be compiled, by Python's own compiler."""

import warnings

from gaugelet_worker.checking.report import Report


def check_syntax(path: str, code: bytes, report: Report) -> bool:
    """Compile a module. False where that failed."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            compile(code, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            _tell(path, code, error, report)
            return False
        except (RecursionError, MemoryError, SystemError):
            report.error(path, "it is nested too deeply, or too large, for Python to compile it", "syntax")
            return False
        except (ValueError, OverflowError) as error:
            # Null bytes, before Python 3.12: what UTF-16 looks like.
            report.error(path, f"this is no Python: {error}; save it as UTF-8", "syntax")
            return False
    for each in caught:
        report.warning(path, str(each.message), each.category.__name__, each.lineno)
    return True


def _tell(path: str, code: bytes, error: SyntaxError, report: Report) -> None:
    message = error.msg or "invalid syntax"
    if b"\0" in code:
        message = f"{message}; save it as UTF-8"
    # Zero is Python's word for somewhere.
    report.error(path, message, type(error).__name__, error.lineno or None, max(error.offset or 0, 0) or None)
