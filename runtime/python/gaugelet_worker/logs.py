"""What a function prints and logs, on its way to the runtime's log.

`print` and stray writes reach the runtime through stdout and stderr, line by line. Records of `logging`
go as one JSON object a line over a descriptor of their own, so that level and logger are kept.
"""

import logging
import os
import sys

import orjson

# The runtime cuts longer lines, and a record that is cut is no record any more.
_MAX_LINE_BYTES = 8192


class RecordHandler(logging.Handler):
    """Writes log records as JSON lines."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = self.format(record).encode("utf-8", "backslashreplace").decode()[:_MAX_LINE_BYTES]
            line = _line(record, message)
            while len(line) > _MAX_LINE_BYTES and message:
                message = message[: len(message) * 3 // 4]
                line = _line(record, f"{message}… (cut)")
            os.write(self._descriptor, line + b"\n")
        except OSError:
            # The runtime closed its end or the function closed ours: there is nobody left to tell.
            pass
        except Exception:
            self.handleError(record)


def _line(record: logging.LogRecord, message: str) -> bytes:
    fields = {"level": record.levelname, "logger": record.name[:200], "message": message}
    return orjson.dumps(fields)


def set_up_logs(descriptor: int) -> None:
    """Send `logging` to the runtime, from LOG_LEVEL (default INFO) up, and flush prints line by line."""
    root = logging.getLogger()
    root.addHandler(RecordHandler(descriptor))
    level = logging.getLevelNamesMapping().get(os.environ.get("LOG_LEVEL", "INFO").upper(), logging.INFO)
    root.setLevel(level)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
