"""What a check says, line by line, so that what is said stays said where the check is ended."""

import json
from typing import Literal, TextIO

_MAX_MESSAGE_CHARACTERS = 500
_MAX_WARNINGS = 1000


class Report:
    """Writes JSON lines: `{"checking": file}`, `{"warnings": true}`, `{"finding": …}`, `{"done": true}`."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._warnings = 0

    def checking(self, file: str) -> None:
        """From now on this file is looked at: it is to blame for what happens."""
        self._say(checking=file)

    def only_warnings_follow(self) -> None:
        """All errors are said."""
        self._say(warnings=True)

    def error(
        self, file: str, message: str, rule: str, line: int | None = None, column: int | None = None
    ) -> None:
        """What keeps the code from being stored."""
        self._finding("error", file, line, column, message, rule)

    def warning(
        self, file: str, message: str, rule: str, line: int | None = None, column: int | None = None
    ) -> None:
        """What does not. Beyond a thousand they are left out."""
        self._warnings += 1
        if self._warnings == _MAX_WARNINGS + 1:
            self._finding(
                "warning",
                file,
                None,
                None,
                f"more than {_MAX_WARNINGS} warnings; the rest is left out",
                "many",
            )
        if self._warnings <= _MAX_WARNINGS:
            self._finding("warning", file, line, column, message, rule)

    def done(self) -> None:
        """Everything was looked at."""
        self._say(done=True)

    def _finding(
        self,
        severity: Literal["error", "warning"],
        file: str,
        line: int | None,
        column: int | None,
        message: str,
        rule: str,
    ) -> None:
        if len(message) > _MAX_MESSAGE_CHARACTERS:
            message = f"{message[:_MAX_MESSAGE_CHARACTERS]}… (cut)"
        place = {"file": file, "line": line, "column": column}
        self._say(finding={"severity": severity, **place, "message": message, "rule": rule})

    def _say(self, **what: object) -> None:
        self._output.write(f"{json.dumps(what)}\n")
        self._output.flush()
