"""The shards of a function in one worker: a live `env` each."""

from typing import Any

from gaugelet_worker.context import Context, set_env, set_event


class Shard:
    """A live `env` and what its calls have in common."""

    def __init__(self, fields: dict[str, Any], keep_env: bool, env: dict) -> None:
        self.keep_env = keep_env
        self.last_id = 0
        # What the runtime has; None where it has none of it.
        self.saved: bytes | None = None
        # One object from call to call: it is half a microsecond to make.
        self.context = Context(fields, env)
        # What `context` says of the event, as it came.
        self.event_head: bytes | dict = b""

    @property
    def env(self) -> dict:
        """The live dictionary, or the one that replaced it."""
        return self.context.env

    def set_event(self, head: bytes | dict) -> None:
        """Let `context` say of the next event what it alone has, once somebody asks."""
        self.event_head = head
        set_event(self.context, head)

    def clear_env(self) -> None:
        """Give the next call an `env` of its own."""
        set_env(self.context, {})
