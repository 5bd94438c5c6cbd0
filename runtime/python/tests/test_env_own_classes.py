"""Objects of the function's own classes in a saved env, and what is refused when it is saved."""

import _thread
import functools
import os
import re
import socket
import threading

import pytest

from gaugelet_worker.env_snapshot import EnvError, dump_env, load_env

LIMIT = 1024**2

USERMODULE = """
import collections, dataclasses, enum, os, subprocess, typing
from subprocess import Popen
from shapes.circle import Circle

class Plain:
    def __init__(self, value):
        self.value = value
        self.seen = collections.deque(maxlen=3)

class Slotted:
    __slots__ = ("a",)

class WithState:
    def __init__(self):
        self.lock = os.getpid
        self.count = 1
    def __getstate__(self):
        return {"count": self.count}
    def __setstate__(self, state):
        self.__init__()
        self.count = state["count"]

class Window(collections.deque): pass
class Table(dict): pass
class Problem(Exception): pass

class Outer:
    class Inner:
        pass

@dataclasses.dataclass(frozen=True)
class Reading:
    value: float
    tags: tuple = ()

Point = collections.namedtuple("Point", "x y")

class Sample(typing.NamedTuple):
    x: int

class Colour(enum.Enum):
    RED = "red"

class Access(enum.Flag):
    READ = 1
    WRITE = 2

class Exiting:
    def __getstate__(self):
        raise SystemExit(3)

class Recent(collections.deque):
    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

class Fault(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code

class Proxy:
    def __init__(self):
        self.fields = {}
    def __getattr__(self, name):
        return self.fields[name]

class Limited(dict):
    def __setitem__(self, key, value):
        if len(self) < self.most:
            super().__setitem__(key, value)

class Counted:
    made = 0
    def __new__(cls):
        cls.made += 1
        return super().__new__(cls)

class Careful:
    tried = False
    def __setstate__(self, state):
        Careful.tried = True

def helper(): pass

def local_class():
    class Local: pass
    return Local()
"""
CIRCLE = """
class Circle:
    radius = 1
"""


@pytest.fixture
def usermodule(folder):
    folder.write("shapes/__init__.py", "")
    folder.write("shapes/circle.py", CIRCLE)
    folder.write("usermodule.py", USERMODULE)
    return folder.load("usermodule")


@pytest.fixture
def saved_and_loaded(folder):
    def call(value):
        own = folder.own_modules
        return load_env(dump_env({"value": value}, LIMIT, own), own)["value"]

    return call


def test_an_object_of_the_functions_module_comes_back(usermodule, saved_and_loaded):
    value = usermodule.Plain({"a": usermodule.Plain(1)})
    value.seen.extend([value, 2])
    back = saved_and_loaded(value)
    assert type(back) is usermodule.Plain
    assert back.value["a"].value == 1
    assert back.seen[0] is back
    assert back.seen.maxlen == 3


def test_an_object_of_a_package_beside_the_function_comes_back(usermodule, saved_and_loaded):
    value = usermodule.Circle()
    value.radius = 5
    back = saved_and_loaded(value)
    assert (type(back), back.radius) == (usermodule.Circle, 5)


def test_slots_come_back(usermodule, saved_and_loaded):
    value = usermodule.Slotted()
    value.a = 1
    assert saved_and_loaded(value).a == 1


def test_a_class_may_say_itself_what_is_saved(usermodule, saved_and_loaded):
    value = usermodule.WithState()
    value.count = 7
    assert saved_and_loaded(value).count == 7


@pytest.mark.parametrize(
    "make",
    [
        lambda module: module.Window([1, 2], maxlen=2),
        lambda module: module.Table(a=1),
        lambda module: module.Reading(1.5, ("a",)),
        lambda module: module.Point(1, 2),
        lambda module: module.Sample(1),
        lambda module: module.Colour.RED,
        lambda module: module.Access.READ | module.Access.WRITE,
        lambda module: module.Plain,
        lambda module: module.Outer.Inner,
    ],
    ids="deque dict dataclass namedtuple NamedTuple enum flag class inner-class".split(),
)
def test_a_value_of_an_own_class_comes_back(usermodule, saved_and_loaded, make):
    value = make(usermodule)
    back = saved_and_loaded(value)
    assert (type(back), back) == (type(value), value)


def test_objects_of_an_inner_class_and_of_an_exception_come_back(usermodule, saved_and_loaded):
    assert type(saved_and_loaded(usermodule.Outer.Inner())) is usermodule.Outer.Inner
    back = saved_and_loaded(usermodule.Problem("x"))
    assert (type(back), back.args) == (usermodule.Problem, ("x",))


def test_a_module_of_the_function_is_imported_for_its_objects(usermodule, folder, forget):
    data = dump_env({"circle": usermodule.Circle()}, LIMIT, folder.own_modules)
    forget("usermodule", "shapes", "shapes.circle")
    assert type(load_env(data, folder.own_modules)["circle"]).__name__ == "Circle"


def test_a_class_that_is_gone_is_named(usermodule, folder, forget):
    data = dump_env({"circle": usermodule.Circle()}, LIMIT, folder.own_modules)
    folder.write("shapes/circle.py", "")
    forget("shapes", "shapes.circle")
    with pytest.raises(EnvError, match=r"^the saved env cannot be read: .*Circle"):
        load_env(data, folder.own_modules)


def limited(module):
    value = module.Limited()
    value.most = 1
    value["a"] = 1
    return value


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda module: module.Recent(60),
            "TypeError: Recent.__init__() missing 1 required positional argument",
        ),
        (lambda module: module.Fault(1, "x"), "TypeError: Fault.__init__() missing 1 required positional"),
        (lambda module: module.Proxy(), "RecursionError: maximum recursion depth exceeded"),
        (limited, "AttributeError: 'Limited' object has no attribute 'most'"),
        (lambda module: module.Plain(module.Recent(60)), "TypeError: Recent.__init__()"),
    ],
    ids="deque exception getattr dict inside".split(),
)
def test_what_its_class_cannot_make_again_is_refused_when_it_is_saved(usermodule, folder, make, reason):
    for _ in range(2):
        with pytest.raises(EnvError) as caught:
            dump_env({"fine": 1, "x": make(usermodule)}, LIMIT, folder.own_modules)
        assert str(caught.value).startswith("context.env['x'] cannot be saved: a value of type usermodule.")
        assert f" could not be read back: {reason}" in str(caught.value)


def test_a_class_whose_values_come_back_is_tried_once(usermodule, folder):
    first, second = usermodule.Counted(), usermodule.Counted()
    first.others = [second, first]
    for _ in range(3):
        dump_env({"first": first, "second": second}, LIMIT, folder.own_modules)
    assert usermodule.Counted.made == 4


def test_what_a_class_does_when_it_is_given_its_state_is_not_done_when_it_is_saved(usermodule, folder):
    value = usermodule.Careful()
    value.n = 1
    dump_env({"value": value, "inside": usermodule.Plain(value)}, LIMIT, folder.own_modules)
    assert not usermodule.Careful.tried


OTHERS = {
    "lambda": lambda _: lambda: 1,
    "open file": lambda _: open(os.devnull),  # noqa: SIM115
    "socket": lambda _: socket.socket(),
    "lock": lambda _: threading.Lock(),
    "condition": lambda _: threading.Condition(),
    "thread": lambda _: threading.Thread(),
    "generator": lambda _: (x for x in ()),
    "partial": lambda _: functools.partial(print),
    "module": lambda _: os,
    "os.system": lambda _: os.system,
    "function of the module": lambda module: module.helper,
    "function of another module": lambda _: os.path.join,
    "builtin": lambda _: len,
    "eval": lambda _: eval,
    "getattr": lambda _: getattr,
    "method": lambda _: [].append,
    "method of an own object": lambda module: module.Plain(1).__init__,
    "class of another module": lambda module: module.Popen,
    "object of another module": lambda _: re.compile("a"),
    "thread lock type": lambda _: _thread.RLock(),
    "type": lambda _: type,
    "iterator": lambda _: iter([]),
    "class in a function": lambda module: module.local_class(),
    "object that exits when it is saved": lambda module: module.Exiting(),
    "attribute of an own object": lambda module: module.Plain(os.system),
    "deep inside": lambda _: [{"a": (1, {"b": [os.system]})}],
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_what_cannot_come_back_is_refused_and_its_entry_named(usermodule, folder, make):
    value = make(usermodule)
    with pytest.raises(EnvError, match=r"^context\.env\[\('key', 1\)\] cannot be saved: ."):
        dump_env({"fine": [1], ("key", 1): value, "later": value}, LIMIT, folder.own_modules)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (os.system, "posix.system cannot be saved"),
        (threading.Lock(), "a value of type _thread.lock cannot be saved"),
        (iter([]), "a value of type builtins.list_iterator cannot be saved"),
        (re.compile("a"), "a value of type re.Pattern cannot be saved"),
    ],
    ids=["function", "lock", "iterator", "pattern"],
)
def test_the_reason_names_what_it_is(folder, value, problem):
    with pytest.raises(EnvError) as caught:
        dump_env({"x": value}, LIMIT, folder.own_modules)
    assert str(caught.value) == f"context.env['x'] cannot be saved: {problem}"


def test_a_key_that_cannot_be_saved_is_named(folder):
    with pytest.raises(EnvError, match=r"^context\.env\[<built-in function system>\] cannot be saved"):
        dump_env({os.system: 1}, LIMIT, folder.own_modules)


class Raising(dict):
    """A dict of the function's own of which nothing can be told."""

    __hash__ = object.__hash__

    def __repr__(self):
        raise RuntimeError

    items = __repr__


@pytest.mark.parametrize("env", [{Raising(): os.system}, Raising(x=os.system)], ids=["key", "env"])
def test_what_raises_when_it_is_to_be_named_is_refused_all_the_same(folder, env):
    with pytest.raises(EnvError, match=r"cannot be saved: "):
        dump_env(env, LIMIT, folder.own_modules)


def test_an_object_of_a_module_elsewhere_is_refused(folder, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "stranger.py").write_text("class Stranger: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    value = folder.load("stranger").Stranger()
    with pytest.raises(EnvError, match=r"a value of type stranger\.Stranger cannot be saved$"):
        dump_env({"value": value}, LIMIT, folder.own_modules)
