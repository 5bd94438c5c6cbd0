"""What the runtime says about a worker that it wants."""

import dataclasses
from typing import Any

from gaugelet_worker.frames import decode_head
from gaugelet_worker.isolation.refused import Refused

LEVELS = ("process", "sandbox")


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one worker; None is no bound."""

    memory: int | None = None
    """Bytes beyond what the process has when it starts."""
    cpu: float | None = None
    """CPU seconds of one call."""
    openFiles: int | None = None
    processes: int | None = None
    disk: int | None = None
    """Bytes of the scratch folder in the sandbox, bytes of each written file everywhere."""


@dataclasses.dataclass(frozen=True, slots=True)
class LaunchSpec:
    """One worker."""

    launch: int | None
    """Its number; None for a worker that is forked ahead of its launch."""
    directory: str
    isolation: str
    program: tuple[str, ...] | None = None
    network: bool = False
    readOnly: tuple[str, ...] = ()
    limits: Limits = Limits()

    @classmethod
    def of(cls, head: dict[str, Any]) -> "LaunchSpec":
        """From its JSON form, without the environment, which travels beside it."""
        if head["isolation"] not in LEVELS:
            raise Refused(f"the isolation {head['isolation']!r} is none of {', '.join(LEVELS)}")
        program = head.get("program")
        return cls(
            launch=head["launch"],
            directory=head["directory"],
            isolation=head["isolation"],
            program=None if program is None else tuple(program),
            network=head.get("network", False),
            readOnly=tuple(head.get("readOnly", ())),
            limits=Limits(**head.get("limits", {})),
        )


def parse_environment(body: bytes | bytearray) -> dict[str, str]:
    """The whole environment of a function, from the body of a launch."""
    return decode_head(body) if body else {}
