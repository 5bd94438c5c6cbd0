"""Saving `context.env` so that it comes back with its types after a restart.

A shared Redis may hold bytes that strangers wrote, and plain unpickling runs whatever it is told to. So
reading allows only classes on a list; writing checks against the same list, so that an `env` that could
not come back is reported when it is saved, not when it is missed.
"""

import copyreg
import io
import pickle
import sys
from collections.abc import Callable
from typing import Any

_SAFE: dict[str, frozenset[str]] = {
    "builtins": frozenset(
        "bool bytearray bytes complex dict float frozenset int list range set slice str tuple object".split()
        + [name for name, value in vars(__import__("builtins")).items()
           if isinstance(value, type) and issubclass(value, BaseException)]
    ),
    "datetime": frozenset("date datetime time timedelta timezone".split()),
    "zoneinfo": frozenset(["ZoneInfo", "ZoneInfo._unpickle"]),
    "collections": frozenset(
        "ChainMap Counter OrderedDict UserDict UserList UserString defaultdict deque".split()
    ),
    "decimal": frozenset(["Decimal"]),
    "fractions": frozenset(["Fraction"]),
    "uuid": frozenset(["UUID", "SafeUUID"]),
    "types": frozenset(["SimpleNamespace"]),
    "array": frozenset(["array", "_array_reconstructor"]),
    "copyreg": frozenset(["_reconstructor", "__newobj__", "__newobj_ex__"]),
    "_codecs": frozenset(["encode"]),
}  # fmt: skip

# What numpy and pandas call to give their own objects back. Their classes are allowed by kind, below;
# whole modules are not: numpy alone has functions that run programs and open files.
_SAFE_SCIENTIFIC = frozenset(
    """
    numpy.core.multiarray._reconstruct numpy._core.multiarray._reconstruct
    numpy.core.multiarray.scalar numpy._core.multiarray.scalar
    numpy.core.numeric._frombuffer numpy._core.numeric._frombuffer
    numpy.random._pickle.__randomstate_ctor numpy.random._pickle.__generator_ctor
    numpy.random._pickle.__bit_generator_ctor
    pandas._libs.internals._unpickle_block pandas.core.internals.blocks.new_block
    pandas._libs.arrays.__pyx_unpickle_NDArrayBacked
    pandas._libs.tslibs.timestamps._unpickle_timestamp
    pandas._libs.tslibs.timedeltas._timedelta_unpickle
    pandas._libs.tslibs.period._unpickle_period pandas._libs.tslibs.nattype._nat_unpickle
    pandas._libs.missing._unpickle_na pandas.core.indexes.base._new_Index
    pandas.core.indexes.datetimes._new_DatetimeIndex
    """.split()
)
_PANDAS_CLASS_PACKAGES = ("pandas.core.", "pandas._libs.", "pandas.tseries.offsets")


class EnvError(Exception):
    """An `env` that cannot be saved, or saved bytes that must not be read."""


def dump_env(env: dict, limit: int, own_modules: Callable[[str], bool]) -> bytes:
    """The bytes of an `env`.

    `own_modules` tells whether a module belongs to the function. Raises EnvError, which names the entry
    that cannot be saved.
    """
    try:
        data = _dump(env, own_modules)
    except Exception as error:
        raise EnvError(_explain(env, error, own_modules)) from None
    if len(data) > limit:
        raise EnvError(
            f"env is {len(data):,} bytes when saved, more than the limit of {limit:,};"
            " keep less in it or raise limits.env"
        )
    return data


def load_env(data: bytes, own_modules: Callable[[str], bool]) -> dict:
    """The `env` that `dump_env` saved. Raises EnvError for anything that it did not write."""
    try:
        env = _AllowListUnpickler(io.BytesIO(data), own_modules).load()
    except Exception as error:
        raise EnvError(f"the saved env cannot be read: {_describe(error)}") from None
    if not isinstance(env, dict):
        raise EnvError(f"the saved env is of type {type(env).__name__}, not a dict")
    return env


def _allowed(module: str, name: str, value: Any, own_modules: Callable[[str], bool]) -> bool:
    if name in _SAFE.get(module, ()) or f"{module}.{name}" in _SAFE_SCIENTIFIC:
        return True
    if not isinstance(value, type):
        return False
    package = module.partition(".")[0]
    if package == "numpy":
        return _is_numpy_value(value)
    if package == "pandas":
        return module.startswith(_PANDAS_CLASS_PACKAGES) and "computation" not in module
    return own_modules(module)


def _is_numpy_value(value: type) -> bool:
    numpy = sys.modules["numpy"]
    values = (numpy.generic, numpy.dtype, numpy.random.BitGenerator, numpy.random.Generator)
    values += (numpy.random.RandomState, numpy.random.SeedSequence)
    return issubclass(value, values) or value is numpy.ndarray or value is numpy.ma.MaskedArray


class _AllowListUnpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, own_modules: Callable[[str], bool]) -> None:
        super().__init__(stream)
        self._own_modules = own_modules

    def find_class(self, module: str, name: str) -> Any:
        # Checked before the import too: importing a stranger's choice of module is already running code.
        package = module.partition(".")[0]
        if not (module in _SAFE or package in ("numpy", "pandas") or self._own_modules(module)):
            raise EnvError(f"{module}.{name} is not allowed in env")
        value = super().find_class(module, name)
        # A dotted name reaches through objects (`datetime.sys.modules`): only what is listed in full.
        if not _allowed(module, name, value, self._own_modules) or (
            "." in name and name not in _SAFE.get(module, ()) and not isinstance(value, type)
        ):
            raise EnvError(f"{module}.{name} is not allowed in env")
        return value


class _CheckingPickler(pickle.Pickler):
    """Refuses, while saving, what the unpickler would refuse."""

    def __init__(self, stream: io.BytesIO, own_modules: Callable[[str], bool]) -> None:
        super().__init__(stream, protocol=5)
        self._own_modules = own_modules
        self._checked: set[type] = set()

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind in self._checked:
            return NotImplemented
        if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
            self._check(value)
        else:
            self._check(kind)
            self._checked.add(kind)
        return NotImplemented

    def _check(self, value: Any) -> None:
        module = getattr(value, "__module__", None) or "builtins"
        name = getattr(value, "__qualname__", "")
        if kind_reduces_to_safe_builtin(value):
            return
        if not _allowed(module, name, value, self._own_modules):
            raise EnvError(f"a value of type {module}.{name} cannot be saved")


def kind_reduces_to_safe_builtin(kind: Any) -> bool:
    """Types that pickle as something else: iterators of builtins, NoneType, NotImplementedType, ellipsis."""
    return kind in copyreg.dispatch_table or kind in (type(None), type(...), type(NotImplemented))


def _dump(env: dict, own_modules: Callable[[str], bool]) -> bytes:
    stream = io.BytesIO()
    _CheckingPickler(stream, own_modules).dump(env)
    return stream.getvalue()


def _explain(env: dict, error: Exception, own_modules: Callable[[str], bool]) -> str:
    for key, value in list(env.items()):
        try:
            _dump({key: value}, own_modules)
        except Exception as inner:
            return f"context.env[{key!r}] cannot be saved: {_describe(inner)}"
    return f"env cannot be saved: {_describe(error)}"


def _describe(error: Exception) -> str:
    return str(error) if isinstance(error, EnvError) else f"{type(error).__name__}: {error}"
