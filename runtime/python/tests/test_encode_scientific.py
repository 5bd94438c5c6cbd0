"""Values of numpy and pandas in an output."""

import json

import numpy
import pandas
import pytest

from gaugelet_worker.codec import OutputError, encode_output

LIMIT = 1024**2

VALUES = [
    ("int8", numpy.int8(-5), -5),
    ("int64", numpy.int64(2**62), 2**62),
    ("uint64", numpy.uint64(2**64 - 1), 2**64 - 1),
    ("bool", numpy.bool_(True), True),
    ("str", numpy.str_("é"), "é"),
    ("float16", numpy.float16(1.5), 1.5),
    ("float64", numpy.float64(0.1), 0.1),
    ("datetime64", numpy.datetime64("2026-11-21T05:54:49"), "2026-11-21T05:54:49"),
    ("array of integers", numpy.arange(3), [0, 1, 2]),
    ("array of floats", numpy.array([[0.5, 1.5], [2.5, 3.5]]), [[0.5, 1.5], [2.5, 3.5]]),
    ("array of bools", numpy.array([True, False]), [True, False]),
    ("array of text", numpy.array(["a", "b"]), ["a", "b"]),
    ("array of objects", numpy.array([1, "a", None], dtype=object), [1, "a", None]),
    ("array of no dimension", numpy.array(7), 7),
    ("empty array", numpy.array([]), []),
    ("every second of an array", numpy.arange(6)[::2], [0, 2, 4]),
    ("transposed array", numpy.arange(4).reshape(2, 2).T, [[0, 2], [1, 3]]),
    ("column of an array", numpy.arange(4).reshape(2, 2)[:, 1], [1, 3]),
    ("Series", pandas.Series([1.5, 2.5]), [1.5, 2.5]),
    ("Series of text", pandas.Series(["a", "b"]), ["a", "b"]),
    ("Series of times", pandas.Series(pandas.to_datetime(["2026-11-21"])), ["2026-11-21T00:00:00"]),
    ("Index", pandas.Index([1, 2]), [1, 2]),
    ("Categorical", pandas.Categorical(["a", "b", "a"]), ["a", "b", "a"]),
    ("Timestamp", pandas.Timestamp("2026-11-21 05:54:49"), "2026-11-21T05:54:49"),
    ("aware Timestamp", pandas.Timestamp("2026-11-21", tz="UTC"), "2026-11-21T00:00:00+00:00"),
    ("NaT", pandas.NaT, None),
]


@pytest.mark.parametrize(
    ("value", "expected"), [case[1:] for case in VALUES], ids=[case[0] for case in VALUES]
)
@pytest.mark.parametrize("beside", [0, "\ud800"], ids=["orjson", "Python's json"])
def test_a_value_has_its_place_in_json_whichever_encoder_writes_it(value, expected, beside):
    output, not_finite = encode_output({"value": value, "beside": beside}, LIMIT)
    assert json.loads(output) == {"value": expected, "beside": beside}
    assert not_finite == []


def test_a_float32_is_written_as_short_as_it_can_be_read_back():
    assert encode_output({"a": numpy.float32(0.1)}, LIMIT)[0] == b'{"a":0.1}'


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (numpy.complex64(1), "complex"),
        (numpy.longdouble(1), "longdouble"),
        (pandas.Timedelta("1s"), "Timedelta"),
        (pandas.NA, "NAType"),
        (pandas.DataFrame({"a": [1]}), "DataFrame"),
    ],
    ids=["complex", "longdouble", "Timedelta", "NA", "DataFrame"],
)
def test_what_has_no_place_in_json_is_refused_by_its_type(value, name):
    message = f'^the output cannot be JSON: "a" holds a value of type {name}, which is not JSON$'
    with pytest.raises(OutputError, match=message):
        encode_output({"a": value}, LIMIT)


def test_integers_of_numpy_are_no_keys():
    with pytest.raises(OutputError, match=r"it holds a key of type numpy\.int64; keys must be str"):
        encode_output({numpy.int64(1): 1}, LIMIT)
