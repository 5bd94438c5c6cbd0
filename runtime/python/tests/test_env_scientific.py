"""Values of numpy and pandas in a saved env."""

import datetime

import numpy
import pandas
import pytest
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal

from gaugelet_worker.env_snapshot import EnvError, dump_env, load_env

LIMIT = 16 * 1024**2


def no_module(_: str) -> bool:
    return False


def saved_and_loaded(value):
    return load_env(dump_env({"value": value}, LIMIT, no_module), no_module)["value"]


@pytest.mark.parametrize(
    "value",
    [
        numpy.arange(6).reshape(2, 3),
        numpy.arange(6.0).reshape(2, 3).T,
        numpy.arange(10)[::3],
        numpy.array([]),
        numpy.array(1.5),
        numpy.array(["a", "bcd"]),
        numpy.array([1, "a", None, (2,)], dtype=object),
        numpy.array(["2026-11-21T05:54:49", "NaT"], dtype="datetime64[s]"),
        numpy.array([1, 2], dtype="timedelta64[ms]"),
        numpy.array([(1, "a", 0.5)], dtype=[("id", "i4"), ("name", "U3"), ("value", "f8")]),
        numpy.array([1, 2], dtype=">u2"),
        numpy.array([1 + 2j], dtype="complex64"),
        numpy.array([True, False]),
        numpy.ones((300, 300), dtype="float32"),
    ],
    ids=lambda value: f"{value.dtype} {value.shape}",
)
def test_an_array_comes_back(value):
    back = saved_and_loaded(value)
    assert (type(back), back.dtype, back.shape) == (numpy.ndarray, value.dtype, value.shape)
    numpy.testing.assert_array_equal(back, value)
    back[...] = value  # and can be written to


def test_a_masked_array_comes_back():
    back = saved_and_loaded(numpy.ma.masked_array([1, 2, 3], mask=[False, True, False]))
    assert back.tolist() == [1, None, 3]


@pytest.mark.parametrize(
    "value",
    [
        numpy.float32(0.1),
        numpy.int64(-1),
        numpy.uint8(255),
        numpy.bool_(True),
        numpy.str_("a"),
        numpy.datetime64("2026-11-21"),
        numpy.timedelta64(5, "s"),
        numpy.dtype("float32"),
        numpy.dtype([("a", "i4"), ("b", "U3")]),
        numpy.float64,
    ],
    ids=repr,
)
def test_a_scalar_or_a_type_of_numpy_comes_back(value):
    back = saved_and_loaded(value)
    assert (type(back), back) == (type(value), value)


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_a_generator_of_random_numbers_goes_on_where_it_was(kind):
    generator = numpy.random.Generator(getattr(numpy.random, kind)(7))
    generator.normal(size=10)
    back = saved_and_loaded(generator)
    numpy.testing.assert_array_equal(back.integers(1000, size=20), generator.integers(1000, size=20))


def test_a_random_state_goes_on_where_it_was():
    state = numpy.random.RandomState(7)
    state.rand(5)
    back = saved_and_loaded(state)
    numpy.testing.assert_array_equal(back.rand(20), state.rand(20))


@pytest.mark.parametrize(
    "value",
    [
        pandas.Series([1.5, None, 2.5], name="x"),
        pandas.Series(["a", None, "b"]),
        pandas.Series([1, None], dtype="Int64"),
        pandas.Series([True, None], dtype="boolean"),
        pandas.Series([0.5, None], dtype="Float64"),
        pandas.Series([1, "a", (2,)], dtype=object),
        pandas.Series(["a", "b", "a"], dtype="category"),
        pandas.Series(["a", "b"], dtype="string[python]"),
        pandas.Series(pandas.to_datetime(["2026-11-21", None])),
        pandas.Series(pandas.date_range("2026-03-28", periods=3, tz="Europe/Berlin")),
        pandas.Series(pandas.to_timedelta([1, 2], unit="s")),
        pandas.Series(pandas.period_range("2026-01", periods=2, freq="M")),
        pandas.Series(pandas.interval_range(0, 2)),
        pandas.Series([1, 2], index=pandas.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", "n"])),
        pandas.Series(range(1000)).rolling(10).mean(),
    ],
    ids=lambda value: f"{value.dtype} {len(value)}",
)
def test_a_series_comes_back(value):
    assert_series_equal(saved_and_loaded(value), value)


def test_a_frame_comes_back():
    frame = pandas.DataFrame(
        {
            "integer": [1, 2],
            "float": [0.5, None],
            "text": ["a", None],
            "time": pandas.to_datetime(["2026-11-21", "2026-11-22"]),
            "aware": pandas.date_range("2026-11-21", periods=2, tz="Europe/Berlin"),
            "category": pandas.Categorical(["x", "y"]),
            "flag": [True, False],
        }
    ).set_index("time")
    frame.attrs["unit"] = "s"
    back = saved_and_loaded(frame)
    assert_frame_equal(back, frame)
    assert back.attrs == {"unit": "s"}
    back.loc[pandas.Timestamp("2026-11-23")] = back.iloc[0]
    assert len(back) == 3


@pytest.mark.parametrize(
    "value",
    [
        pandas.Index([1, 2], name="i"),
        pandas.Index(["a", "b"]),
        pandas.RangeIndex(3),
        pandas.MultiIndex.from_product([["a", "b"], [1, 2]]),
        pandas.CategoricalIndex(["a"]),
        pandas.IntervalIndex.from_breaks([0, 1, 2]),
        pandas.date_range("2026-11-21", periods=3, freq="5min"),
        pandas.date_range("2026-11-21", periods=3, freq="D", tz="UTC"),
        pandas.timedelta_range("1s", periods=3, freq="s"),
        pandas.period_range("2026-01", periods=2, freq="M"),
    ],
    ids=lambda value: f"{type(value).__name__} {value.dtype}",
)
def test_an_index_comes_back(value):
    back = saved_and_loaded(value)
    assert_index_equal(back, value, exact=True)
    assert getattr(back, "freq", None) == getattr(value, "freq", None)


@pytest.mark.parametrize(
    "value",
    [
        pandas.Timestamp("2026-11-21 05:54:49.123456789"),
        pandas.Timestamp("2026-07-01", tz="Europe/Berlin"),
        pandas.Timestamp("2026-07-01", tz=datetime.timezone(datetime.timedelta(hours=2))),
        pandas.Timedelta("1 days 00:00:00.000000001"),
        pandas.Period("2026-01"),
        pandas.Interval(0, 1, closed="left"),
        pandas.offsets.BusinessDay(2),
        pandas.CategoricalDtype(["a", "b"], ordered=True),
        pandas.DatetimeTZDtype(tz="UTC"),
    ],
    ids=repr,
)
def test_a_scalar_or_a_type_of_pandas_comes_back(value):
    back = saved_and_loaded(value)
    assert (type(back), back) == (type(value), value)


def test_what_is_missing_in_pandas_comes_back_as_the_one_there_is():
    assert saved_and_loaded(pandas.NA) is pandas.NA
    assert saved_and_loaded(pandas.NaT) is pandas.NaT


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (numpy.sin, "numpy.sin"),
        (numpy.load, "numpy.load"),
        (pandas.eval, "pandas.eval"),
        (numpy.vectorize(abs), "a value of type numpy.vectorize"),
        (pandas.Series([1]).rolling(2), "a value of type pandas.api.typing.Rolling"),
        (pandas.DateOffset(months=1), "a value of type dateutil.relativedelta.relativedelta"),
    ],
    ids=["ufunc", "function", "function of pandas", "vectorize", "window", "offset of a month"],
)
def test_what_is_no_data_is_refused(value, problem):
    with pytest.raises(EnvError) as caught:
        dump_env({"value": value}, LIMIT, no_module)
    assert str(caught.value) == f"context.env['value'] cannot be saved: {problem} cannot be saved"


def test_a_memory_map_is_refused(tmp_path):
    value = numpy.memmap(tmp_path / "data", mode="w+", shape=(2,))
    with pytest.raises(EnvError, match=r"^context\.env\['value'\] cannot be saved: .*memmap"):
        dump_env({"value": value}, LIMIT, no_module)
