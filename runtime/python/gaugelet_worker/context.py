"""The `context` that a handler is called with."""

import copy
import datetime
import functools
import math
import re
from collections.abc import Mapping
from typing import Any

from gaugelet_worker.frames import decode_head

# What an event may have of its own, and what is said of one that has it not.
_OF_AN_EVENT: dict[str, Any] = {"input_key": None}
_OF_A_TOPIC: dict[str, Any] = {
    "topic": None,
    "partition": None,
    "offset": None,
    "key": None,
    "timestamp": None,
    "attempt": 1,
    "event_id": None,
    "headers": {},
    "events": None,
}


class Context:
    """What a handler knows about its call, and the `env` it keeps between calls.

    Every field but `env` is read-only.
    """

    __slots__ = ("_env", "_event", "_fields", "_last_execution")

    def __init__(self, fields: Mapping[str, Any], env: dict, last_execution: float = math.nan) -> None:
        """`last_execution` is in Unix milliseconds, NaN before the first."""
        set_fields(self, fields)
        set_event(self, b"")
        set_env(self, env)
        set_last_execution(self, last_execution)

    @property
    def env(self) -> dict:
        """The dictionary kept between calls: the same live object while the worker lives."""
        return self._env

    @property
    def last_execution(self) -> datetime.datetime | None:
        """When the last output was stored, as naive local time, which handlers compare with `now()`."""
        milliseconds = self._last_execution
        if milliseconds != milliseconds:
            return None
        return datetime.datetime.fromtimestamp(milliseconds / 1000)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked for by `copy` too, before there are fields
            raise AttributeError(f"context has no {name}")
        fields = self._fields
        if name not in fields:
            fields = self._event_fields()
            if name not in fields:
                raise AttributeError(f"context has no field {name!r}; it has {', '.join(dir(self))}")
            # The next call may have the same ones.
            if name == "headers":
                return dict(fields[name])
            if name == "events" and fields[name] is not None:
                return copy.deepcopy(fields[name])
        return fields[name]

    def _event_fields(self) -> Mapping[str, Any]:
        event = self._event
        if not isinstance(event, Fields):
            event = Fields(fields_of(event))
            set_event(self, event)
        return event

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "env":
            known = name in dir(self)
            raise AttributeError(
                f"context.{name} is read-only"
                if known
                else f"context has no field {name!r} to set; keep values of your own in context.env[{name!r}]"
            )
        if not isinstance(value, dict):
            raise TypeError(f"context.env must be a dict, not {type(value).__name__}")
        set_env(self, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"context.{name} cannot be deleted")

    def __dir__(self) -> list[str]:
        return ["env", *self._fields, *self._event_fields(), "last_execution"]

    def __repr__(self) -> str:
        left_out = {"env", *(() if self.topic is not None else _OF_A_TOPIC)}
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in dir(self) if name not in left_out)
        return f"Context({fields}, env with {len(self._env)} keys)"


class Fields(dict):
    """What an event has of its own, once it was asked for."""


def fields_of(head: bytes | dict) -> dict[str, Any]:
    """What `context` says of an event with this head."""
    own = _snake_cased(decode_head(head) if isinstance(head, bytes) and head else head or {})
    fields = {**_OF_AN_EVENT, **_OF_A_TOPIC, "headers": {}, **own}
    if fields["topic"] is None:
        return fields
    place = f"{fields['topic']}/{fields['partition']}"
    for each in (fields, *(fields["events"] or ())):
        if each.get("event_id") is None:
            each["event_id"] = f"{place}/{each['offset']}"
    return fields


def _snake_cased(head: Mapping[str, Any]) -> dict[str, Any]:
    fields = {_snake_case(name): value for name, value in head.items()}
    if fields.get("events"):
        fields["events"] = [{"key": None, "headers": {}, **_snake_cased(each)} for each in fields["events"]]
    return fields


@functools.lru_cache(maxsize=64)
def _snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)


# For the worker's loop: past __setattr__, as fast as can be.
set_fields = Context._fields.__set__  # type: ignore[attr-defined]
set_env = Context._env.__set__  # type: ignore[attr-defined]
set_event = Context._event.__set__  # type: ignore[attr-defined]
set_last_execution = Context._last_execution.__set__  # type: ignore[attr-defined]
