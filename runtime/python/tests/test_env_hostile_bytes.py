"""Saved envs that are damaged, random or made to hurt: an error at worst, and nothing runs."""

import collections
import contextlib
import datetime
import pickle
import resource
import struct
import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaugelet_worker.env_snapshot import EnvError, dump_env, load_env
from tests.hostile import WAYS_TO_CALL, called, env_of, found, pushed, refusal, text, watched


def no_module(_: str) -> bool:
    return False


# Nothing of numpy: what it does with a damaged state of an array, it does in native code.
ENV = {
    "window": collections.deque([(datetime.datetime(2026, 11, 21), 1.5)], maxlen=3),
    "counts": collections.Counter("ab"),
    "uuid": uuid.UUID(int=1),
    7: {"bytes": b"\x00\xff", "text": "größe", "set": {1, 2}},
}
SAVED = dump_env(ENV, 10**6, no_module)


@contextlib.contextmanager
def little_memory():
    """A machine with no more than a gigabyte left, so that a bomb hurts nobody else."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 1024**3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def test_bytes_that_end_too_early_are_refused_wherever_they_end():
    for end in range(len(SAVED)):
        assert refusal(SAVED[:end], no_module).startswith("the saved env cannot be read: ")


def test_bytes_after_the_end_do_not_matter():
    assert load_env(SAVED + b"garbage", no_module).keys() == ENV.keys()


@pytest.mark.parametrize("value", [None, 1, "text", [1], (1,), b"bytes", {1}], ids=repr)
def test_what_is_no_dict_is_refused_by_its_type(value):
    reason = refusal(pickle.dumps(value), no_module)
    assert reason == f"the saved env is of type {type(value).__name__}, not a dict"


@pytest.mark.parametrize(
    "data", [b"\x00", b"{}", b'{"a": 1}', b"\x80\x63.", b".", b"\x80\x05.", b"\x80\x040."]
)
def test_what_is_no_pickle_is_refused(data):
    assert refusal(data, no_module).startswith("the saved env cannot be read: ")


NUMPY_ARRAY = found("numpy._core.multiarray", "_reconstruct")
# Of how much room each asks for, with how few bytes.
BOMBS = {
    "bytes": env_of(called(found("builtins", "bytes"), 10**12)),
    "bytearray": env_of(called(found("builtins", "bytearray"), 10**12)),
    "list of a range": env_of(called(found("builtins", "list"), called(found("builtins", "range"), 10**12))),
    "tuple of a range": env_of(called(found("builtins", "tuple"), called(found("builtins", "range"), 10**9))),
    "array": env_of(called(NUMPY_ARRAY, found("numpy", "ndarray"), (10**12,), "b")),
    "array of 30 dimensions": env_of(called(NUMPY_ARRAY, found("numpy", "ndarray"), (100,) * 30, "b")),
    "constructed array": env_of(called(found("numpy", "ndarray"), (10**12,))),
    "length of a bytes": b"\x80\x04" + pickle.BINBYTES8 + struct.pack("<Q", 2**62),
    "length of a bytearray": b"\x80\x05" + pickle.BYTEARRAY8 + struct.pack("<Q", 2**62),
    "length of a text": b"\x80\x04" + pickle.BINUNICODE8 + struct.pack("<Q", 2**40),
    "length of an integer": b"\x80\x04" + pickle.LONG4 + struct.pack("<i", 2**31 - 1),
    "length of a frame": b"\x80\x04" + pickle.FRAME + struct.pack("<Q", 2**62),
    "decimal text": env_of(called(found("builtins", "int"), "9" * 10_000)),
    "time zone": env_of(called(found("zoneinfo", "ZoneInfo"), "../" * 20 + "etc/passwd")),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_a_bomb_does_not_go_off(data):
    with little_memory():
        assert refusal(data, no_module).startswith("the saved env cannot be read: ")


@pytest.mark.parametrize("opcode", [pickle.MARK, pickle.EMPTY_LIST, pickle.EMPTY_DICT])
def test_a_deep_stack_is_refused(opcode):
    with little_memory():
        assert refusal(b"\x80\x04" + opcode * 1_000_000, no_module).startswith("the saved env cannot be read")


def test_deep_nesting_is_read_or_refused_but_ends_nothing():
    depth = 1_000_000
    data = env_of(pickle.EMPTY_LIST * depth + pickle.APPEND * (depth - 1))
    with little_memory(), watched(), contextlib.suppress(EnvError):
        env = load_env(data, no_module)
        while env:
            env = env.pop() if isinstance(env, list) else env["key"]


def test_a_state_that_is_set_on_a_class_that_all_use_is_refused():
    state = pushed(None) + pushed({"fromisoformat": 1}) + pickle.TUPLE2
    before = datetime.datetime.fromisoformat
    assert "cannot be read" in refusal(
        env_of(found("datetime", "datetime") + state + pickle.BUILD), no_module
    )
    assert datetime.datetime.fromisoformat == before


def reads_or_refuses(data: bytes) -> None:
    with little_memory(), watched(), contextlib.suppress(EnvError):
        assert isinstance(load_env(data, no_module), dict)


@settings(max_examples=500)
@given(st.binary(max_size=200))
def test_random_bytes_are_an_error_at_worst(data):
    reads_or_refuses(data)
    reads_or_refuses(b"\x80\x04" + data + b".")


@settings(max_examples=500)
@given(st.lists(st.tuples(st.integers(0, len(SAVED) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_bytes_are_an_error_at_worst(changes):
    data = bytearray(SAVED)
    for place, byte in changes:
        data[place] = byte
    reads_or_refuses(bytes(data))


PARTS = [
    *(bytes([opcode]) for opcode in b"0123(t)lde]}uasboRi\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94Nh"),
    *(pushed(value) for value in (0, -1, 1.5, "os", "system", "touch /tmp/never", b"x", {"a": 1}, ("id",))),
    *(
        found(module, name)
        for module, name in [("os", "system"), ("builtins", "dict"), ("builtins", "object")]
    ),
    *(found("collections", name) for name in ("deque", "OrderedDict", "UserDict", "ChainMap")),
    *(found("copyreg", name) for name in ("_reconstructor", "__newobj__", "__newobj_ex__")),
    found("types", "SimpleNamespace"),
    text("__class__"),
    text("__reduce__"),
    *(way("builtins", "eval", "1") for way in WAYS_TO_CALL.values()),
]


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(PARTS), max_size=30))
def test_any_program_of_opcodes_is_an_error_at_worst(parts):
    reads_or_refuses(env_of(b"".join(parts)))


def test_a_class_that_everybody_shares_cannot_be_changed():
    before = collections.Counter.update
    slots = pickle.NONE + pickle.EMPTY_DICT + text("update") + found("builtins", "list") + pickle.SETITEM
    data = env_of(found("collections", "Counter") + slots + pickle.TUPLE2 + pickle.BUILD)
    assert "is not allowed to be changed by env" in refusal(data, no_module)
    assert collections.Counter.update is before


def test_an_array_cannot_be_given_pointers():
    numpy = pytest.importorskip("numpy")

    class Dtype:
        """Bytes that say that they are a pointer, and that they hold none."""

        def __reduce__(self):
            fields = {"f": (numpy.dtype("O"), 0)}
            return numpy.dtype, ("V8", False, True), (3, "|", None, ("f",), fields, 8, 1, 0)

    class Array:
        def __reduce__(self):
            return numpy._core.numeric._frombuffer, (b"A" * 8, Dtype(), (1,), "C")

    for value in (Dtype(), Array()):
        assert "is not allowed in env" in refusal(pickle.dumps({"a": value}, 5), no_module)
