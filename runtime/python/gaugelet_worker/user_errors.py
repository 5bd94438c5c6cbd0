"""What is told of a handler that raised."""

import traceback
from typing import Any

from gaugelet_worker.limits_reached import limit_of

# An error's text goes into a log line and onto a page.
_MAX_MESSAGE_CHARACTERS = 2_000
_MAX_DETAILS_CHARACTERS = 32_000


class ScriptFailed(Exception):
    """A script came to no good end. `details` is the end of what it wrote to its standard error."""

    def __init__(self, message: str, details: str, limit: str | None = None) -> None:
        """`limit` is the one that ended it, if one did."""
        super().__init__(message)
        self.details = details
        self.limit = limit


def failure_of_call(error: BaseException, limits: dict[str, Any]) -> dict[str, Any]:
    """The head of a `result` for a handler that raised."""
    if isinstance(error, ScriptFailed):
        failure = {"message": str(error), "details": error.details}
        return failure if error.limit is None else failure | {"limit": error.limit}
    head: dict[str, Any] = {"details": _traceback(error)}
    text = _describe(error)
    limit = limit_of(error)
    # Where the function has no such limit, it is the system's own.
    if limit is not None and limits.get(limit, 0) is not None:
        head["limit"] = limit
        text += f"; limits.{limit} is reached: raise it or use less"
    head["message"] = _cut(text, _MAX_MESSAGE_CHARACTERS)
    return head


def failure_of_load(message: str, details: str) -> dict[str, Any]:
    """The head of a `loadFailed`."""
    return {
        "message": _cut(message, _MAX_MESSAGE_CHARACTERS),
        "details": _cut(details, _MAX_DETAILS_CHARACTERS),
    }


def _describe(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"handler called sys.exit({_shown(error.code)}); return instead"
    return _cut("".join(traceback.format_exception_only(error)).strip(), _MAX_MESSAGE_CHARACTERS)


def _shown(code: object) -> str:
    try:
        return repr(code)
    except Exception:  # of a class of the function
        return "…"


def _traceback(error: BaseException) -> str:
    """The traceback from the user's code on; recursion a thousand frames deep is shortened."""
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    text = "".join(traceback.format_exception(type(error), error, frames, limit=-30)).rstrip()
    return _cut(text, _MAX_DETAILS_CHARACTERS)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… (cut)"
