"""NaN and Infinity, which JSON does not have: null in the output, and named by their path."""

import collections
import dataclasses
import decimal
import enum
import json
import math
import types

import numpy
import pandas
import pytest

from gaugelet_worker.codec import encode_output

LIMIT = 1024**2
NAN = math.nan


class Missing(enum.Enum):
    VALUE = NAN


@dataclasses.dataclass
class Reading:
    value: float


Point = collections.namedtuple("Point", "x y")

# What holds the number, what is written for it, and where in it the number is.
PLACES = [
    ("NaN", NAN, None, ""),
    ("Infinity", math.inf, None, ""),
    ("-Infinity", -math.inf, None, ""),
    ("list", [1, NAN], [1, None], "[1]"),
    ("tuple", (NAN,), [None], "[0]"),
    ("namedtuple", Point(1, NAN), [1, None], "[1]"),
    ("deque", collections.deque([NAN]), [None], "[0]"),
    ("set", {NAN}, [None], "[0]"),
    ("frozenset", frozenset([NAN]), [None], "[0]"),
    ("dict", {"b": {"c": NAN}}, {"b": {"c": None}}, ".b.c"),
    ("key that is no string", {1: NAN}, {"1": None}, ".1"),
    ("mapping", types.MappingProxyType({"b": NAN}), {"b": None}, ".b"),
    ("mixed", [{"b": [[NAN]]}], [{"b": [[None]]}], "[0].b[0][0]"),
    ("Decimal", decimal.Decimal("NaN"), None, ""),
    ("infinite Decimal", decimal.Decimal("-Infinity"), None, ""),
    ("dataclass", Reading(NAN), {"value": None}, ".value"),
    ("enum", Missing.VALUE, None, ""),
    ("float64", numpy.float64(NAN), None, ""),
    ("float32", numpy.float32(math.inf), None, ""),
    ("float16", numpy.float16(NAN), None, ""),
    ("array", numpy.array([[1, NAN]]), [[1, None]], "[0][1]"),
    ("array of no dimension", numpy.array(NAN), None, ""),
    ("part of an array", numpy.array([1, NAN, 2, NAN])[::3], [1, None], "[1]"),
    ("array of objects", numpy.array([1, NAN], dtype=object), [1, None], "[1]"),
    ("Series", pandas.Series([1, None]), [1, None], "[1]"),
]


@pytest.mark.parametrize(
    ("value", "written", "place"), [case[1:] for case in PLACES], ids=[case[0] for case in PLACES]
)
@pytest.mark.parametrize("beside", [0, 2**70], ids=["orjson", "Python's json"])
def test_it_is_null_and_named_wherever_it_is(value, written, place, beside):
    output, not_finite = encode_output({"a": value, "beside": beside}, LIMIT)
    assert json.loads(output, parse_constant=pytest.fail) == {"a": written, "beside": beside}
    assert not_finite == [f"a{place}"]


def test_none_is_not_taken_for_it():
    assert encode_output({"a": None, "b": [None], "c": "null NaN Infinity"}, LIMIT)[1] == []
    big = {"a": None, "b": "NaN Infinity", "c": 2**70}
    output, not_finite = encode_output(big, LIMIT)
    assert (json.loads(output), not_finite) == (big, [])


def test_all_are_named_in_their_order():
    value = {"z": NAN, "a": [NAN, 1, {"m": math.inf, "b": -math.inf}], "k": None}
    assert encode_output(value, LIMIT)[1] == ["z", "a[0]", "a[2].m", "a[2].b"]


@pytest.mark.parametrize("depth", [10, 200, 400])
def test_it_is_named_however_deep_it_is(depth):
    value = NAN
    for _ in range(depth):
        value = [value]
    output, not_finite = encode_output({"a": value}, LIMIT)
    assert output == b'{"a":' + b"[" * depth + b"null" + b"]" * depth + b"}"
    assert not_finite == ["a" + "[0]" * depth]


def test_of_very_many_only_the_first_are_named():
    not_finite = encode_output({"a": [NAN] * 10_000}, LIMIT)[1]
    assert not_finite == [f"a[{index}]" for index in range(100)]


def test_a_key_that_is_nan_is_a_key():
    assert encode_output({NAN: 1}, LIMIT) == (b'{"null":1}', [])
