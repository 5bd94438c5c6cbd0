"""Event bytes to the handler's input; what the handler returned to the output's bytes."""

import collections
import decimal
import json
import math
from typing import Any

import orjson

_ORJSON_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


class InputError(Exception):
    """The event cannot be given to a handler."""


class OutputError(Exception):
    """What the handler returned cannot be an output."""


def decode_input(event: bytes) -> dict:
    """Read an event: a JSON object in UTF-8.

    orjson first; Python's own reader where that refuses, since other programs write `NaN` or integers
    beyond 64 bits with Python's `json`.
    """
    if not event.strip():
        raise InputError("the input is empty; a JSON object was expected")
    try:
        value = orjson.loads(event)
    except orjson.JSONDecodeError as first:
        try:
            value = json.loads(event)
        except RecursionError:
            raise InputError("the input is nested too deeply") from None
        except ValueError:
            raise InputError(f"the input is not JSON: {first}; it begins with {event[:40]!r}") from None
    if not isinstance(value, dict):
        raise InputError(f"the input is {_name_of(value)}; a JSON object was expected")
    return value


def encode_output(value: Any, limit: int) -> tuple[bytes, list[str]]:
    """Write what a handler returned as JSON.

    Returns the bytes and the paths of values that JSON cannot hold and that became null (NaN, Infinity).
    """
    if not isinstance(value, dict):
        hint = "; did you forget `return`?" if value is None else ""
        raise OutputError(f"handler returned {_name_of(value)}; a dict was expected{hint}")
    not_finite: list[str] = []
    try:
        output = orjson.dumps(value, default=_to_json_type, option=_ORJSON_OPTIONS)
        if b"null" in output:
            not_finite = list(_paths_not_finite(value, "", 0))
    except (TypeError, orjson.JSONEncodeError):
        output, not_finite = _encode_with_python(value)
    if len(output) > limit:
        raise OutputError(
            f"the output is {len(output):,} bytes, more than the limit of {limit:,};"
            " return less or raise limits.output"
        )
    return output, not_finite


def _encode_with_python(value: dict) -> tuple[bytes, list[str]]:
    """Python's own encoder, for what orjson refuses: integers beyond 64 bits, lone surrogates."""
    try:
        text = json.dumps(value, default=_to_json_type, separators=(",", ":"))
    except RecursionError:
        raise OutputError("the output is nested too deeply or contains itself") from None
    except ValueError as error:
        reason = "it contains itself" if "Circular" in str(error) else str(error)
        raise OutputError(f"the output cannot be JSON: {reason}") from None
    except TypeError as error:
        raise OutputError(f"the output cannot be JSON: {error}") from None
    not_finite = list(_paths_not_finite(value, "", 0))
    if not_finite:
        return json.dumps(_with_nulls(json.loads(text)), separators=(",", ":")).encode(), not_finite
    return text.encode(), not_finite


def _to_json_type(value: Any) -> Any:
    """For types that are not JSON's but have an obvious place in it."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (set, frozenset, collections.deque)):
        return list(value)
    if isinstance(value, collections.abc.Mapping):
        return dict(value)
    # Scalars of numpy and pandas that orjson does not know give their Python value.
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        return item()
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError("bytes are not JSON; decode them to str, or use base64")
    raise TypeError(f"a value of type {type(value).__name__} is not JSON")


def _paths_not_finite(value: Any, path: str, depth: int) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            yield path
    elif depth < 64 and isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths_not_finite(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif depth < 64 and isinstance(value, (list, tuple, collections.deque)):
        for index, inner in enumerate(value):
            yield from _paths_not_finite(inner, f"{path}[{index}]", depth + 1)


def _with_nulls(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _with_nulls(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_nulls(inner) for inner in value]
    return value


def _name_of(value: Any) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
