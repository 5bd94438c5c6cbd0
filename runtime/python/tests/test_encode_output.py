"""What a handler returned to an output's bytes."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import json
import types
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaugelet_worker.codec import OutputError, encode_output

LIMIT = 1024**2


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Reading:
    value: float
    at: datetime.date


class Raising:
    """What it raises is no matter of JSON."""

    def tolist(self):
        raise TypeError("no tolist")


Point = collections.namedtuple("Point", "x y")


def a_ring() -> list:
    ring: list = []
    ring.append(ring)
    return ring


TYPES = [
    ("dict of any JSON", {"a": [1, -2.5, "é", None, True, {}]}, {"a": [1, -2.5, "é", None, True, {}]}),
    ("tuple", (1, (2,)), [1, [2]]),
    ("namedtuple", Point(1, 2), [1, 2]),
    ("set", {7}, [7]),
    ("frozenset", frozenset([7]), [7]),
    ("deque", collections.deque([1, 2, 3], maxlen=3), [1, 2, 3]),
    ("OrderedDict", collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    ("defaultdict", collections.defaultdict(list, a=[1]), {"a": [1]}),
    ("Counter", collections.Counter("aab"), {"a": 2, "b": 1}),
    ("ChainMap", collections.ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
    ("UserDict", collections.UserDict(a=1), {"a": 1}),
    ("mapping proxy", types.MappingProxyType({"a": 1}), {"a": 1}),
    ("Decimal", decimal.Decimal("1.25"), 1.25),
    ("datetime", datetime.datetime(2026, 11, 21, 5, 54, 49, 123456), "2026-11-21T05:54:49.123456"),
    ("aware", datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "2026-01-01T00:00:00+00:00"),
    ("date", datetime.date(2026, 11, 21), "2026-11-21"),
    ("time", datetime.time(5, 54), "05:54:00"),
    ("UUID", uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ("enum", Colour.RED, "red"),
    ("IntEnum", Level.HIGH, 3),
    ("dataclass", Reading(1.5, datetime.date(2026, 1, 1)), {"value": 1.5, "at": "2026-01-01"}),
    ("array", array.array("d", [1.5, 2.5]), [1.5, 2.5]),
]


@pytest.mark.parametrize(("value", "expected"), [case[1:] for case in TYPES], ids=[case[0] for case in TYPES])
@pytest.mark.parametrize("beside", [0, 2**70], ids=["orjson", "Python's json"])
def test_a_type_has_its_place_in_json_whichever_encoder_writes_it(value, expected, beside):
    output, not_finite = encode_output({"value": value, "beside": beside}, LIMIT)
    assert json.loads(output) == {"value": expected, "beside": beside}
    assert not_finite == []


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400])
def test_integers_are_written_exactly_whatever_their_size(number):
    assert encode_output({"a": number}, LIMIT)[0] == b'{"a":%d}' % number


def test_floats_are_written_so_that_they_come_back():
    values = [0.1, 1 / 3, 1e300, 5e-324, -0.0, 1e16]
    assert json.loads(encode_output({"a": values}, LIMIT)[0])["a"] == values


def test_keys_that_are_no_strings_become_strings():
    value = {1: "a", 1.5: "b", None: "c", False: "d", "e": "f"}
    expected = {"1": "a", "1.5": "b", "null": "c", "false": "d", "e": "f"}
    assert json.loads(encode_output(value, LIMIT)[0]) == expected
    assert json.loads(encode_output(value | {"big": 2**70}, LIMIT)[0]) == expected | {"big": 2**70}


def test_lone_surrogates_are_escaped():
    output, _ = encode_output({"\ud800": "a\udfff"}, LIMIT)
    assert output == b'{"\\ud800":"a\\udfff"}'


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "handler returned None; a dict was expected; did you forget `return`?"),
        ([1], "handler returned a value of type list; a dict was expected"),
        ("text", "handler returned a value of type str; a dict was expected"),
        (3, "handler returned a value of type int; a dict was expected"),
        ((x for x in ()), "handler returned a value of type generator; a dict was expected"),
    ],
    ids=["None", "list", "str", "int", "generator"],
)
def test_what_is_no_dict_is_refused_by_its_type(value, message):
    with pytest.raises(OutputError) as caught:
        encode_output(value, LIMIT)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"x", '"a[0]" holds bytes, which are not JSON; decode them to str, or use base64'),
        (bytearray(b"x"), '"a[0]" holds bytes, which are not JSON; decode them to str, or use base64'),
        (memoryview(b"x"), '"a[0]" holds bytes, which are not JSON; decode them to str, or use base64'),
        (object(), '"a[0]" holds a value of type object, which is not JSON'),
        (1j, '"a[0]" holds a value of type complex, which is not JSON'),
        (datetime.timedelta(1), '"a[0]" holds a value of type timedelta, which is not JSON'),
        (range(3), '"a[0]" holds a value of type range, which is not JSON'),
        (print, '"a[0]" holds a value of type builtin_function_or_method, which is not JSON'),
        (Reading, '"a[0]" holds a value of type type, which is not JSON'),
        ({(1, 2): 3}, '"a[0]" holds a key of type tuple; keys must be str, int, float, bool or None'),
        ({b"x": 3}, '"a[0]" holds a key of type bytes; keys must be str, int, float, bool or None'),
        (
            {"größe": {1: {Point(1j, 2)}}},
            '"a[0].größe.1[0][0]" holds a value of type complex, which is not JSON',
        ),
        ([1, Reading(2, object())], '"a[0][1].at" holds a value of type object, which is not JSON'),
        ([object(), a_ring()], '"a[0][0]" holds a value of type object, which is not JSON'),
        (Raising(), "no tolist"),
        (decimal.Decimal("sNaN"), "cannot convert signaling NaN to float"),
    ],
)
def test_what_has_no_place_in_json_is_refused_by_its_type_and_place(value, reason):
    with pytest.raises(OutputError) as caught:
        encode_output({"z": [1, {"a": 2}], "a": [value]}, LIMIT)
    assert str(caught.value) == f"the output cannot be JSON: {reason}"


def test_an_integer_too_long_to_be_text_is_refused():
    with pytest.raises(OutputError, match="the output cannot be JSON: Exceeds the limit"):
        encode_output({"a": 10**5000}, LIMIT)


def test_what_contains_itself_is_refused():
    value = {}
    value["a"] = [value]
    with pytest.raises(OutputError, match="contains itself"):
        encode_output(value, LIMIT)
    ring = collections.deque()
    ring.append(ring)
    with pytest.raises(OutputError, match="contains itself"):
        encode_output({"ring": ring}, LIMIT)


def nested(depth: int) -> dict:
    value = {"a": 1}
    for _ in range(depth):
        value = {"a": value}
    return value


def test_thousands_of_levels_are_refused():
    with pytest.raises(OutputError, match="nested too deeply"):
        encode_output(nested(100_000), LIMIT)


def test_hundreds_of_levels_are_written():
    assert json.loads(encode_output(nested(400), LIMIT)[0]) == nested(400)


def test_an_output_may_be_as_long_as_its_limit_and_no_longer():
    assert len(encode_output({"a": "x" * 92}, 100)[0]) == 100
    with pytest.raises(OutputError) as caught:
        encode_output({"a": "x" * 1_000_000}, 100_000)
    assert str(caught.value) == (
        "the output is 1,000,008 bytes, more than the limit of 100,000; return less or raise limits.output"
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_any_json_is_written_as_it_is(value):
    output, not_finite = encode_output(value, LIMIT)
    assert json.loads(output) == value
    assert not_finite == []
