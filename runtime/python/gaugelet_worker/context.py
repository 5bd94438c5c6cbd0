"""The `context` that a handler is called with."""

import datetime
from typing import Any


class Context:
    """What a handler knows about its call, and the `env` it keeps between calls.

    Every field but `env` is read-only.
    """

    __slots__ = ("_env", "_fields")

    def __init__(self, fields: dict[str, Any], env: dict) -> None:
        object.__setattr__(self, "_fields", fields)
        object.__setattr__(self, "_env", env)

    @property
    def env(self) -> dict:
        """The dictionary kept between calls: the same live object while the worker lives."""
        return self._env

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked for by `copy` too, before there are fields
            raise AttributeError(f"context has no {name}")
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(
                f"context has no field {name!r}; it has env, {', '.join(self._fields)}"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "env":
            known = name in self._fields
            raise AttributeError(
                f"context.{name} is read-only"
                if known
                else f"context has no field {name!r} to set; keep values of your own in context.env[{name!r}]"
            )
        if not isinstance(value, dict):
            raise TypeError(f"context.env must be a dict, not {type(value).__name__}")
        object.__setattr__(self, "_env", value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"context.{name} cannot be deleted")

    def __dir__(self) -> list[str]:
        return ["env", *self._fields]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._fields.items())
        return f"Context({fields}, env with {len(self._env)} keys)"


def local_time(unix_milliseconds: float | None) -> datetime.datetime | None:
    """Unix milliseconds as naive local time, which handlers compare with `datetime.now()`."""
    return None if unix_milliseconds is None else datetime.datetime.fromtimestamp(unix_milliseconds / 1000)
