"""Event bytes to a handler's input."""

import math

import pytest

from gaugelet_worker import codec
from gaugelet_worker.codec import InputError
from tests.worker_process import may_hold_long_integer


def decode_input(event: bytes) -> dict:
    return codec.decode_input(event, int(may_hold_long_integer(event)))


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (b"{}", {}),
        (b' \r\n\t{"a" : [1, 2.5, null, true, "x"]} \n', {"a": [1, 2.5, None, True, "x"]}),
        ('{"größe": "😀"}'.encode(), {"größe": "😀"}),
        (b'{"a":"\\u00e9\\ud83d\\ude00"}', {"a": "é😀"}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":1,"b":2,"a":3}', {"a": 3, "b": 2}),
        (b'{"a":1e400}', {"a": math.inf}),
        (b'{"a":-0.0}', {"a": -0.0}),
    ],
    ids=["empty", "white space", "unicode", "escapes", "BOM", "doubled key", "overflow", "negative zero"],
)
def test_a_json_object_is_an_input(event, expected):
    assert decode_input(event) == expected


@pytest.mark.parametrize(
    "number",
    [2**63 - 1, -(2**63), 2**64 - 1, 2**64, 2**64 + 1, -(2**63) - 1, 10**30 + 1, 1_700_000_000_123_456_789],
)
def test_integers_are_exact_whatever_their_size(number):
    assert decode_input(b'{"a":{"b":[%d]}}' % number) == {"a": {"b": [number]}}


def test_long_fractions_are_floats():
    value = decode_input(b'{"a":0.1000000000000000055511151231257827021181583404541015625}')["a"]
    assert (type(value), value) == (float, 0.1)


def test_nan_and_infinity_are_taken_as_pythons_json_writes_them():
    value = decode_input(b'{"a":NaN,"b":[Infinity,-Infinity]}')
    assert math.isnan(value["a"])
    assert value["b"] == [math.inf, -math.inf]


def test_a_lone_surrogate_is_taken():
    assert decode_input(b'{"a":"\\ud800"}') == {"a": "\ud800"}


def test_a_hundred_levels_are_not_too_deep():
    value = decode_input(nested(100))
    for _ in range(100):
        value = value["a"]
    assert value == 1


@pytest.mark.parametrize("event", [b"", b" ", b"\r\n\t  \n"])
def test_an_empty_input_is_called_empty(event):
    with pytest.raises(InputError, match="the input is empty; a JSON object was expected"):
        decode_input(event)


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (b"[1]", "a value of type list"),
        (b'"text"', "a value of type str"),
        (b"1", "a value of type int"),
        (b"12345678901234567890123", "a value of type int"),
        (b"1.5", "a value of type float"),
        (b"true", "a value of type bool"),
        (b"null", "None"),
        (b"NaN", "a value of type float"),
    ],
)
def test_json_that_is_no_object_is_refused_by_its_type(event, found):
    with pytest.raises(InputError, match=f"^the input is {found}; a JSON object was expected$"):
        decode_input(event)


@pytest.mark.parametrize(
    "event",
    [
        b"\xff\xfe\xfd",
        b'{"a":"\xff"}',
        b'{"a":"\xc3\x28"}',
        b"{'a':1}",
        b'{"a":1',
        b'{"a":1}x',
        b'{"a":1}{"a":2}',
        b'{"a":01}',
        b'{"a":\x00}',
        b"\x00",
        b"{a:1}",
        b'{"a":1,}',
        b'{1:"a"}',
        b'{"a":"line\nbreak"}',
        b"usage: metrics",
        b"\x80\x05}\x94.",
    ],
)
def test_what_is_not_json_is_refused_with_its_beginning(event):
    with pytest.raises(InputError) as caught:
        decode_input(event)
    assert str(caught.value).startswith("the input is not JSON: ")
    assert str(caught.value).endswith(f"; it begins with {event[:40]!r}")


def test_only_the_beginning_of_a_long_input_is_told():
    with pytest.raises(InputError) as caught:
        decode_input(b"x" * 1_000_000)
    assert len(str(caught.value)) < 200


def test_a_number_that_python_would_take_for_ever_over_is_refused():
    with pytest.raises(InputError, match=r"the input is not JSON: .*digits"):
        decode_input(b'{"a":' + b"9" * 1_000_000 + b"}")


@pytest.mark.parametrize(
    "event",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        nested(100_000),
        nested(100_000).replace(b"1", b"12345678901234567890123"),
    ],
    ids=["arrays", "objects", "closed", "with a long integer"],
)
def test_what_is_nested_too_deeply_is_refused(event):
    with pytest.raises(InputError, match="nested too deeply"):
        decode_input(event)
