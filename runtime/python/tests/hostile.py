"""Pickles that a stranger could write, put together by hand, and a watch over what reading them does."""

import contextlib
import io
import pickle
import struct
import sys
from collections.abc import Callable, Iterator

import pandas  # noqa: F401  (imported here, so that nobody takes what their import does for an attack)

from gaugelet_worker.env_snapshot import EnvError, load_env

# What no env needs: https://docs.python.org/3/library/audit_events.html
_FORBIDDEN = (
    "os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.remove os.rename os.mkdir"
    " os.rmdir os.chmod os.putenv os.kill subprocess.Popen pty.spawn shutil.rmtree tempfile.mkstemp"
    " socket.__new__ socket.connect urllib.Request ctypes.dlopen ctypes.dlsym ctypes.addressof compile"
    " code.__new__ function.__new__ builtins.input builtins.breakpoint webbrowser.open signal.pthread_kill"
).split()

_watching = False
_seen: list[str] = []


def _audit(event: str, arguments: tuple) -> None:
    if not _watching:
        return
    if event in _FORBIDDEN or (event == "open" and _writes(arguments)):
        _seen.append(f"{event} {arguments!r}")


def _writes(arguments: tuple) -> bool:
    mode = arguments[1]
    return isinstance(mode, str) and any(letter in mode for letter in "wax+")


sys.addaudithook(_audit)


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Fails where anything dangerous is done meanwhile, whatever comes of it."""
    global _watching
    _seen.clear()
    _watching = True
    try:
        yield
    finally:
        _watching = False
    assert _seen == []


def refusal(data: bytes, own_modules: Callable[[str], bool]) -> str:
    """Read a hostile env. Gives the reason it is refused for."""
    with watched():
        try:
            env = load_env(data, own_modules)
        except EnvError as error:
            return str(error)
    raise AssertionError(f"it was read: {env!r}")


def text(value: str) -> bytes:
    """Pushes a str."""
    encoded = value.encode("utf-8", "surrogatepass")
    return pickle.BINUNICODE + struct.pack("<I", len(encoded)) + encoded


def pushed(value: object) -> bytes:
    """Pushes any harmless value."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 2)
    pickler.fast = True  # no memo, whose numbers would clash
    pickler.dump(value)
    return stream.getvalue()[2:-1]


def found(module: str, name: str) -> bytes:
    """Pushes what a module has under a name."""
    return text(module) + text(name) + pickle.STACK_GLOBAL


def called(function: bytes, *arguments: object) -> bytes:
    """Calls what `function` pushes. Arguments that are bytes push themselves."""
    parts = [value if isinstance(value, bytes) else pushed(value) for value in arguments]
    return function + pickle.MARK + b"".join(parts) + pickle.TUPLE + pickle.REDUCE


def env_of(value: bytes) -> bytes:
    """An env with one entry, so that nothing but the value can be a reason to refuse it."""
    return b"\x80\x04" + pickle.EMPTY_DICT + text("key") + value + pickle.SETITEM + pickle.STOP


# How an opcode asks for a callable and calls it with one str.
WAYS_TO_CALL = {
    "STACK_GLOBAL, REDUCE": lambda module, name, argument: called(found(module, name), argument),
    "GLOBAL, REDUCE": lambda module, name, argument: called(f"c{module}\n{name}\n".encode(), argument),
    "INST": lambda module, name, argument: b"(" + text(argument) + f"i{module}\n{name}\n".encode(),
    "OBJ": lambda module, name, argument: b"(" + found(module, name) + text(argument) + pickle.OBJ,
    "NEWOBJ": lambda module, name, argument: (
        found(module, name) + text(argument) + pickle.TUPLE1 + pickle.NEWOBJ
    ),
    "NEWOBJ_EX": lambda module, name, argument: (
        found(module, name) + text(argument) + pickle.TUPLE1 + pickle.EMPTY_DICT + pickle.NEWOBJ_EX
    ),
    "only found": lambda module, name, argument: found(module, name),
}
