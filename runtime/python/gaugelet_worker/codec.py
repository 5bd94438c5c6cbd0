"""Event bytes to the handler's input; what the handler returned to the output's bytes."""

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import json
import math
import types
import uuid
from collections.abc import Iterator
from typing import Any

import orjson

from gaugelet_worker.frames import LIST, LONG_INTEGER

_ORJSON_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
_MAX_PATHS = 100
# What JSON makes text of.
_KEYS = (str, int, float, type(None))


class _NotJson(TypeError):
    """A value has no place in JSON: what it is."""


class InputError(Exception):
    """The event cannot be given to a handler."""


class OutputError(Exception):
    """What the handler returned cannot be an output. `limit` names the limit that it is beyond, if any."""

    def __init__(self, message: str, limit: str | None = None) -> None:
        super().__init__(message)
        self.limit = limit


def decode_input(event: bytes, flags: int) -> Any:
    """Read an event: a JSON object in UTF-8, or a list of them where `flags` say so.

    With orjson, and with Python's own reader where that refuses or would round, since other programs write
    `NaN` or integers beyond 64 bits with Python's `json`.
    """
    if flags & LONG_INTEGER:
        value = _decode_with_python(event)
    else:
        try:
            value = orjson.loads(event)
        except orjson.JSONDecodeError:
            value = _decode_with_python(event)
    if flags & LIST:
        return _list_of_objects(value)
    if value.__class__ is not dict:
        raise InputError(f"the input is {_name_of(value)}; a JSON object was expected")
    return value


def _list_of_objects(value: Any) -> list:
    if value.__class__ is not list:
        raise InputError(f"the input is {_name_of(value)}; a list of JSON objects was expected")
    for index, item in enumerate(value):
        if item.__class__ is not dict:
            raise InputError(f"event {index} of the list is {_name_of(item)}; a JSON object was expected")
    return value


def _decode_with_python(event: bytes) -> Any:
    try:
        return json.loads(event)
    except RecursionError:
        raise InputError("the input is nested too deeply") from None
    except ValueError as error:
        if not event.strip():
            raise InputError("the input is empty; a JSON object was expected") from None
        raise InputError(f"the input is not JSON: {error}; it begins with {event[:40]!r}") from None


def encode_output(value: Any, limit: int) -> tuple[bytes, list[str]]:
    """Write what a handler returned as JSON.

    Returns the bytes and the paths of values that JSON cannot hold and that became null (NaN, Infinity).
    """
    if value.__class__ is not dict and not isinstance(value, dict):
        hint = "; did you forget `return`?" if value is None else ""
        raise OutputError(f"handler returned {_name_of(value)}; a dict was expected{hint}")
    try:
        output = orjson.dumps(value)
    except TypeError:
        output = _encode_more_types(value)
    not_finite = _paths_not_finite(value) if b"null" in output else []
    if len(output) > limit:
        raise OutputError(
            f"the output is {len(output):,} bytes, more than the limit of {limit:,};"
            " return less or raise limits.output",
            limit="output",
        )
    return output, not_finite


def _encode_more_types(value: dict) -> bytes:
    """What is not JSON's, but has an obvious place in it."""
    try:
        return orjson.dumps(value, default=_to_json_type, option=_ORJSON_OPTIONS)
    except TypeError:
        return _encode_with_python(value)


def _encode_with_python(value: dict) -> bytes:
    """Python's own encoder, for what orjson refuses: integers beyond 64 bits, lone surrogates."""
    try:
        text = json.dumps(value, default=_to_json_type, separators=(",", ":"))
        if "NaN" in text or "Infinity" in text:
            finite = json.loads(text, parse_constant=lambda _: None)
            text = json.dumps(finite, separators=(",", ":"))
    except RecursionError:
        raise OutputError("the output is nested too deeply or contains itself") from None
    except ValueError as error:
        reason = "it contains itself" if "Circular" in str(error) else str(error)
        raise OutputError(f"the output cannot be JSON: {reason}") from None
    except TypeError as error:
        raise OutputError(f"the output cannot be JSON: {_refused_part(value) or error}") from None
    return text.encode()


def _to_json_type(value: Any) -> Any:
    """For types that are not JSON's but have an obvious place in it; some of them orjson knows by itself."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (set, frozenset, collections.deque)):
        return list(value)
    if isinstance(value, collections.abc.Mapping):
        return dict(value)
    if isinstance(value, (datetime.date, datetime.time)):
        # pandas' NaT is a datetime too, one that equals nothing.
        return value.isoformat() if value == value else None
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise _NotJson("bytes, which are not JSON; decode them to str, or use base64")
    if getattr(getattr(value, "flags", None), "c_contiguous", None) is False:
        return value.copy()  # of a part of an array, which orjson cannot write, but can its copy
    # Scalars, arrays and series of numpy and pandas.
    to_list = getattr(value, "tolist", None)
    plain = to_list() if callable(to_list) else value
    if type(plain) is type(value):
        raise _NotJson(f"{_name_of(value)}, which is not JSON")
    return plain


def _paths_not_finite(output: dict) -> list[str]:
    """Where NaN and Infinity are, the first hundred."""
    found: list[str] = []
    for path, value in _parts_of(output):
        if isinstance(value, float) and not math.isfinite(value):
            found.append(path)
            if len(found) == _MAX_PATHS:
                break
    return found


def _refused_part(output: dict) -> str | None:
    """The first part of an output that has no place in JSON, and where it is; None where none is found."""
    for path, value in _parts_of(output):
        if isinstance(value, dict):
            refused = next((key for key in value if not isinstance(key, _KEYS)), None)
            if refused is not None:
                what = f"a key of type {_type_of(refused)}; keys must be str, int, float, bool or None"
                return f"{_quoted(path)} holds {what}"
        elif isinstance(value, _NotJson):
            return f"{_quoted(path)} holds {value}"
    return None


def _parts_of(output: dict) -> Iterator[tuple[str, Any]]:
    """All parts of an output with their paths, in the order in which they are written.

    In place of one that cannot be written comes the error. A loop, since outputs may be nested deeply.
    """
    rest: list[tuple[str, Any]] = [("", output)]
    while rest:
        path, value = rest.pop()
        yield path, value
        if isinstance(value, dict):
            rest.extend(
                [(f"{path}.{key}" if path else str(key), inner) for key, inner in value.items()][::-1]
            )
        elif isinstance(value, (list, tuple)):
            rest.extend([(f"{path}[{index}]", inner) for index, inner in enumerate(value)][::-1])
        elif value is not None and not isinstance(value, (str, int, float)):
            try:
                rest.append((path, _to_json_type(value)))
            except TypeError as error:
                yield path, error


def _name_of(value: Any) -> str:
    if isinstance(value, types.CoroutineType):
        return "a coroutine (write `def` instead of `async def`, and `asyncio.run` in it)"
    return "None" if value is None else f"a value of type {type(value).__name__}"


def _type_of(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _quoted(path: str) -> str:
    return json.dumps(path, ensure_ascii=False) if path else "it"
