"""The shards of a function in one worker: a live `env` each."""

import re
from typing import Any

from gaugelet_worker.context import Context, set_env, set_fields


class Shard:
    """A live `env` and what its calls have in common."""

    def __init__(self, fields: dict[str, Any], keep_env: bool, env: dict) -> None:
        self.keep_env = keep_env
        self.last_id = 0
        # What the runtime has; None where it has none of it.
        self.saved: bytes | None = None
        # One object from call to call: it is half a microsecond to make.
        self.context = Context(fields, env)
        # What `context` says of the event. Heads in a row that are the same are one object.
        self.event_fields: dict | None = None
        self._fields = fields

    @property
    def env(self) -> dict:
        """The live dictionary, or the one that replaced it."""
        return self.context.env

    def set_event(self, event_fields: dict) -> None:
        """Let `context` say of the next event what it alone has."""
        self.event_fields = event_fields
        own = {_snake_case(name): value for name, value in event_fields.items()}
        set_fields(self.context, self._fields | own)

    def clear_env(self) -> None:
        """Give the next call an `env` of its own."""
        set_env(self.context, {})


def _snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)
