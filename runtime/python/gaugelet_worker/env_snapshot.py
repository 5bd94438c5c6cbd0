"""Saving `context.env` so that it comes back with its types after a restart.

A shared Redis may hold bytes that strangers wrote, and plain unpickling runs whatever it is told to. So
reading allows only classes on a list; writing checks against the same list, so that an `env` that could
not come back is reported when it is saved, not when it is missed.
"""

import contextlib
import enum
import importlib
import io
import pickle
import sys
import types
import zoneinfo
from collections.abc import Callable, Iterable
from traceback import format_exception_only
from typing import Any, ClassVar

from gaugelet_worker.env_arrays import reduce_numpy

_SAFE: dict[str, frozenset[str]] = {
    "builtins": frozenset(
        "bool bytearray bytes complex dict float frozenset int list range set slice str tuple object".split()
        + "Ellipsis ellipsis NotImplemented NotImplementedType".split()
        + [name for name, value in vars(__import__("builtins")).items()
           if isinstance(value, type) and issubclass(value, BaseException)]
    ),
    "datetime": frozenset("date datetime time timedelta timezone".split()),
    "zoneinfo": frozenset(["ZoneInfo"]),
    "collections": frozenset(
        "ChainMap Counter OrderedDict UserDict UserList UserString defaultdict deque".split()
    ),
    "decimal": frozenset(["Decimal"]),
    "fractions": frozenset(["Fraction"]),
    "uuid": frozenset(["UUID", "SafeUUID"]),
    "types": frozenset(["SimpleNamespace"]),
    "array": frozenset(["array", "_array_reconstructor"]),
    "copyreg": frozenset(["_reconstructor", "__newobj__", "__newobj_ex__"]),
    "gaugelet_worker.env_arrays": frozenset(
        "dtype_from_description array_from_bytes scalar_from_bytes array_of_objects masked_array".split()
    ),
}  # fmt: skip

# What numpy and pandas call to give their own objects back, and classes that only they use. The classes
# that people use are allowed by kind, below; whole modules are not: numpy alone has functions that run
# programs and open files.
_SAFE_SCIENTIFIC = frozenset(
    """
    numpy.random._pickle.__randomstate_ctor numpy.random._pickle.__generator_ctor
    numpy.random._pickle.__bit_generator_ctor numpy.random.bit_generator.__pyx_unpickle_SeedSequence
    pandas.NA
    pandas._libs.arrays.__pyx_unpickle_NDArrayBacked
    pandas._libs.internals._unpickle_block pandas._libs.interval.__pyx_unpickle_IntervalMixin
    pandas._libs.missing._unpickle_na pandas._libs.tslibs.nattype._nat_unpickle
    pandas._libs.tslibs.period._unpickle_period
    pandas._libs.tslibs.timedeltas._timedelta_unpickle
    pandas._libs.tslibs.timestamps._unpickle_timestamp
    pandas.core.indexes.base._new_Index
    pandas.core.indexes.datetimes._new_DatetimeIndex pandas.core.indexes.interval._new_IntervalIndex
    pandas.core.indexes.period._new_PeriodIndex pandas.core.indexes.timedeltas._new_TimedeltaIndex
    pandas.core.internals.blocks.new_block pandas.core.internals.blocks.NumpyBlock
    pandas.core.internals.blocks.DatetimeLikeBlock pandas.core.internals.blocks.ExtensionBlock
    pandas.core.internals.blocks.NumericBlock pandas.core.internals.blocks.ObjectBlock
    pandas.core.internals.managers.BlockManager pandas.core.internals.managers.SingleBlockManager
    """.split()
)
_SCIENTIFIC_MODULES = frozenset(name.rpartition(".")[0] for name in _SAFE_SCIENTIFIC)


_SHARED_BY_EVERYBODY = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
)


# So that each class of the function's own is tried once.
_known_to_come_back: set[type] = set()

# An enum with a way of its own to be saved keeps it.
_REDUCE_OF_ENUM = (enum.Enum.__reduce_ex__, enum.Flag.__reduce_ex__)


class EnvError(Exception):
    """An `env` that cannot be saved, or saved bytes that must not be read."""


def dump_env(env: dict, limit: int, own_modules: Callable[[str], bool]) -> bytes:
    """The bytes of an `env`.

    `own_modules` tells whether a module belongs to the function. Raises EnvError, which names the entry
    that cannot be saved.
    """
    try:
        data = _dump(env, own_modules)
    except BaseException as error:  # a class of the function may raise anything
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
    except BaseException as error:
        raise EnvError(f"the saved env cannot be read: {_describe(error)}") from None
    if not isinstance(env, dict):
        raise EnvError(f"the saved env is of type {type(env).__name__}, not a dict")
    return env


def _allowed(module: str, name: str, value: Any, own_modules: Callable[[str], bool]) -> bool:
    if name in _SAFE.get(module, ()) or f"{module}.{name}" in _SAFE_SCIENTIFIC:
        return True
    # Where a class is at home counts, not where it was found: `usermodule.subprocess.Popen` is found too.
    return isinstance(value, type) and (_is_scientific(value) or own_modules(value.__module__))


def _is_scientific(value: type) -> bool:
    match value.__module__.partition(".")[0]:
        case "numpy":
            numpy = sys.modules["numpy"]
            # Arrays and dtypes travel otherwise (env_arrays.py); a memmap would open any file.
            kinds = (numpy.generic, numpy.random.BitGenerator, numpy.random.Generator)
            kinds += (numpy.random.RandomState, numpy.random.SeedSequence)
            return issubclass(value, kinds)
        case "pandas":
            pandas = sys.modules["pandas"]
            kinds = (pandas.DataFrame, pandas.Series, pandas.Index, pandas.offsets.BaseOffset)
            kinds += (pandas.api.extensions.ExtensionArray, pandas.api.extensions.ExtensionDtype)
            kinds += (pandas.Timestamp, pandas.Timedelta, pandas.Period, pandas.Interval)
            return issubclass(value, (*kinds, type(pandas.NaT), type(pandas.NA)))
    return False


def _may_import(module: str, own_modules: Callable[[str], bool]) -> bool:
    """Asked before the import: importing a stranger's choice of module is already running code."""
    if module in _SAFE or module in _SCIENTIFIC_MODULES or own_modules(module):
        return True
    package = module.partition(".")[0]
    if package not in ("numpy", "pandas"):
        return False
    # Only what a package loads by itself: `numpy.f2py.__main__` is a program.
    importlib.import_module(package)
    return module in sys.modules


class _AllowListUnpickler(pickle._Unpickler):
    """Python's own unpickler in Python: the one in C cannot be told what BUILD may be done to."""

    def __init__(self, stream: io.BytesIO, own_modules: Callable[[str], bool]) -> None:
        super().__init__(stream)
        self._own_modules = own_modules

    def find_class(self, module: str, name: str) -> Any:
        if _may_import(module, self._own_modules):
            value = super().find_class(module, name)
            if _allowed(module, name, value, self._own_modules):
                return value
        raise EnvError(f"{module}.{name} is not allowed in env")

    def load_build(self) -> None:
        """Give an instance its state. On a class or a function it would change it for everybody."""
        target = self.stack[-2]
        if isinstance(target, _SHARED_BY_EVERYBODY):
            raise EnvError(f"{target!r} is not allowed to be changed by env")
        super().load_build()

    dispatch: ClassVar = {**pickle._Unpickler.dispatch, pickle.BUILD[0]: load_build}


class _NotTriedError(Exception):
    """Whether a value can be read back is not found out."""


class _TryingUnpickler(_AllowListUnpickler):
    """Stops where a class of the function's own has a `__setstate__`: that may take long, or do more."""

    def load_build(self) -> None:
        kind = type(self.stack[-2])
        if hasattr(kind, "__setstate__") and self._own_modules(kind.__module__):
            raise _NotTriedError
        super().load_build()

    dispatch: ClassVar = {**_AllowListUnpickler.dispatch, pickle.BUILD[0]: load_build}


class _CheckingPickler(pickle.Pickler):
    """Refuses, while saving, what the unpickler would refuse."""

    def __init__(
        self, stream: io.BytesIO, own_modules: Callable[[str], bool], checked: Iterable[type] = ()
    ) -> None:
        super().__init__(stream, protocol=5)
        self._own_modules = own_modules
        self._checked = set(checked)

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind in self._checked:
            return NotImplemented
        if kind is zoneinfo.ZoneInfo and value.key is not None:
            # By itself it would ask for `getattr`.
            return zoneinfo.ZoneInfo, (value.key,)
        if isinstance(value, enum.Enum) and kind.__reduce_ex__ in _REDUCE_OF_ENUM:
            # So that the first releases of Python 3.11 do not ask for `getattr` and `or_`.
            return kind, (value._value_,)
        if numpy := sys.modules.get("numpy"):
            reduced = reduce_numpy(value, numpy)
            if reduced is not None:
                return reduced
        if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
            self._check(value)
        else:
            self._check(kind)
            self._checked.add(kind)
            self._try(value, kind)
        return NotImplemented

    def _try(self, value: Any, kind: type) -> None:
        """Read the first value of a class of the function's own back: not every one can make its values anew.

        One like `deque` that has its own `__init__` may not, say, and then nothing of `env` could be read.
        """
        if kind in _known_to_come_back:
            return
        if self._own_modules(kind.__module__):
            data = _dump({"": value}, self._own_modules, self._checked)
            try:
                _TryingUnpickler(io.BytesIO(data), self._own_modules).load()
            except (MemoryError, _NotTriedError):
                pass  # a process that begins with it has more room, and nothing to do meanwhile
            except BaseException as error:
                what = f"a value of type {kind.__module__}.{kind.__qualname__}"
                raise EnvError(f"{what} could not be read back: {_describe(error)}") from None
        _known_to_come_back.add(kind)

    def _check(self, value: Any) -> None:
        module = getattr(value, "__module__", None) or "builtins"
        name = getattr(value, "__qualname__", "")
        if not _allowed(module, name, value, self._own_modules):
            what = f"a value of type {module}.{name}" if isinstance(value, type) else f"{module}.{name}"
            raise EnvError(f"{what} cannot be saved")


def _dump(env: dict, own_modules: Callable[[str], bool], checked: Iterable[type] = ()) -> bytes:
    stream = io.BytesIO()
    _CheckingPickler(stream, own_modules, checked).dump(env)
    return stream.getvalue()


def _explain(env: dict, error: BaseException, own_modules: Callable[[str], bool]) -> str:
    # Of a class of the function's own that is a dict too, its methods and texts may raise anything as well.
    with contextlib.suppress(BaseException):
        for key, value in list(dict.items(env)):
            try:
                _dump({key: value}, own_modules)
            except BaseException as inner:
                return f"context.env[{key!r}] cannot be saved: {_describe(inner)}"
    return f"env cannot be saved: {_describe(error)}"


def _describe(error: BaseException) -> str:
    return str(error) if isinstance(error, EnvError) else "".join(format_exception_only(error)).strip()
