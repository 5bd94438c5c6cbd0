"""Values of Python's own types in a saved env: what comes back equals what was kept, with its type."""

import array
import collections
import datetime
import decimal
import fractions
import math
import types
import uuid
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaugelet_worker.env_snapshot import EnvError, dump_env, load_env

LIMIT = 16 * 1024**2


def no_module(_: str) -> bool:
    return False


def saved_and_loaded(env: dict) -> dict:
    return load_env(dump_env(env, LIMIT, no_module), no_module)


def utc(*fields: int) -> datetime.datetime:
    return datetime.datetime(*fields, tzinfo=datetime.UTC)


VALUES = [
    None,
    True,
    -1,
    10**400,
    1.5,
    -0.0,
    math.inf,
    2 + 3j,
    "größe 😀 \ud800",
    b"\x00\xff",
    bytearray(b"\x00\xff"),
    ...,
    NotImplemented,
    range(1, 9, 2),
    slice(1, None, 2),
    (1, (2, ())),
    [1, [2, []]],
    {1: "a", (2, 3): "b", None: "c", 1.5: "d", frozenset([4]): "e"},
    {1, "a", (2,)},
    frozenset([1, 2]),
    datetime.datetime(2026, 11, 21, 5, 54, 49, 123456, fold=1),
    datetime.date(2026, 11, 21),
    datetime.time(5, 54, 49),
    datetime.timedelta(days=-1, microseconds=1),
    datetime.timezone(datetime.timedelta(hours=5, minutes=45), "Asia/Kathmandu"),
    utc(2026, 11, 21),
    datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    zoneinfo.ZoneInfo("UTC"),
    collections.deque([1, (2, utc(2026, 1, 1))], maxlen=5),
    collections.defaultdict(int, a=1),
    collections.defaultdict(list, a=[1]),
    collections.defaultdict(collections.deque, a=collections.deque([1])),
    collections.Counter("hello"),
    collections.OrderedDict([("b", 1), ("a", 2)]),
    collections.ChainMap({"a": 1}, {"b": 2}),
    collections.UserDict(a=1),
    collections.UserList([1]),
    collections.UserString("a"),
    decimal.Decimal("1.10"),
    fractions.Fraction(1, 3),
    uuid.UUID(int=7),
    types.SimpleNamespace(a=1),
    array.array("d", [0.5, 1.5]),
    int,
    collections.deque,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__} {ascii(value)[:30]}")
def test_a_value_comes_back_with_its_type(value):
    back = saved_and_loaded({"value": value, "in": [{"a": (value,)}]})
    assert (type(back["value"]), back["value"], repr(back["value"])) == (type(value), value, repr(value))
    assert back == {"value": value, "in": [{"a": (value,)}]}


def test_nan_comes_back():
    assert math.isnan(saved_and_loaded({"a": math.nan})["a"])


def test_a_deque_keeps_its_longest_length():
    back = saved_and_loaded({"a": collections.deque(range(3), maxlen=3)})["a"]
    back.append(3)
    assert list(back) == [1, 2, 3]


def test_a_defaultdict_keeps_what_it_makes():
    back = saved_and_loaded({"a": collections.defaultdict(list)})["a"]
    back["new"].append(1)
    assert back == {"new": [1]}


def test_an_exception_comes_back():
    back = saved_and_loaded({"a": ValueError("x", 1)})["a"]
    assert (type(back), back.args) == (ValueError, ("x", 1))


def test_an_env_may_be_a_dict_of_another_kind():
    back = saved_and_loaded(collections.defaultdict(int, a=1))
    assert back["missing"] == 0
    assert back["a"] == 1


def test_what_is_shared_stays_shared():
    shared = [1]
    back = saved_and_loaded({"a": shared, "b": shared, "c": (shared,)})
    back["a"].append(2)
    assert back == {"a": [1, 2], "b": [1, 2], "c": ([1, 2],)}


def test_what_contains_itself_comes_back():
    ring = []
    ring.append({"ring": ring})
    env = {"ring": ring}
    env["env"] = env
    back = saved_and_loaded(env)
    assert back["ring"][0]["ring"] is back["ring"]
    assert back["env"] is back


def test_a_long_list_comes_back():
    env = {"a": list(range(100_000)), "b": "x" * 1_000_000}
    assert saved_and_loaded(env) == env


def test_an_empty_env_comes_back():
    assert saved_and_loaded({}) == {}


def test_an_env_may_be_as_long_as_its_limit_and_no_longer():
    env = {"a": "x" * 10_000}
    length = len(dump_env(env, LIMIT, no_module))
    assert len(dump_env(env, length, no_module)) == length
    with pytest.raises(EnvError) as caught:
        dump_env(env, length - 1, no_module)
    assert str(caught.value) == (
        f"env is {length:,} bytes when saved, more than the limit of {length - 1:,};"
        " keep less in it or raise limits.env"
    )


def test_nesting_that_cannot_be_saved_is_named():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(EnvError, match=r"^context\.env\['deep'\] cannot be saved: RecursionError"):
        dump_env({"fine": 1, "deep": value}, LIMIT, no_module)


atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.datetimes(timezones=st.timezones())
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
)
keys = st.integers() | st.text() | st.tuples(st.integers(), st.text()) | st.dates() | st.none()
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.frozensets(keys, max_size=4)
        | st.sets(keys, max_size=4)
        | st.builds(collections.deque, st.lists(inner, max_size=4), maxlen=st.none() | st.integers(0, 5))
        | st.dictionaries(keys, inner, max_size=4).map(collections.OrderedDict)
        | st.dictionaries(keys, inner, max_size=4).map(lambda d: collections.defaultdict(list, d))
    ),
    max_leaves=15,
)


def with_types(value):
    """Tells apart what is equal, such as 1 and True, or a dict and a defaultdict."""
    if isinstance(value, dict):
        return type(value), tuple((with_types(key), with_types(inner)) for key, inner in value.items())
    if isinstance(value, (list, tuple, collections.deque)):
        return type(value), tuple(with_types(inner) for inner in value)
    if isinstance(value, (set, frozenset)):
        return type(value), frozenset(with_types(inner) for inner in value)
    return type(value), value


@given(st.dictionaries(keys, values, max_size=5))
def test_any_nesting_of_these_comes_back(env):
    back = saved_and_loaded(env)
    assert back == env
    assert with_types(back) == with_types(env)
