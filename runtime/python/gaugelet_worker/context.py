"""The `context` that a handler is called with."""

import datetime
import math
from collections.abc import Mapping
from typing import Any


class Context:
    """What a handler knows about its call, and the `env` it keeps between calls.

    Every field but `env` is read-only.
    """

    __slots__ = ("_env", "_fields", "_last_execution")

    def __init__(self, fields: Mapping[str, Any], env: dict, last_execution: float = math.nan) -> None:
        """`last_execution` is in Unix milliseconds, NaN before the first."""
        set_fields(self, fields)
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
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(f"context has no field {name!r}; it has {', '.join(dir(self))}") from None

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
        return ["env", *self._fields, "last_execution"]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in dir(self) if name != "env")
        return f"Context({fields}, env with {len(self._env)} keys)"


# For the worker's loop: past __setattr__, as fast as can be.
set_fields = Context._fields.__set__  # type: ignore[attr-defined]
set_env = Context._env.__set__  # type: ignore[attr-defined]
set_last_execution = Context._last_execution.__set__  # type: ignore[attr-defined]
