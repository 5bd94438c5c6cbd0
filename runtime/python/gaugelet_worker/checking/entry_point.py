"""Whether the entry point is in a package, as far as that can be seen without running it."""

import re
import symtable
import warnings
from collections.abc import Collection, Iterator, Mapping

from gaugelet_worker.checking.report import Report
from gaugelet_worker.loading import OTHER_LANGUAGES

_MAX_NAMES = 10
_IMPORTS_ALL = re.compile(rb"\bimport[\s\\(]*\*")


def check_entry_point(
    handler: str,
    files: Collection[str],
    sound: Mapping[str, bytes],
    report: Report,
    names: Collection[str] = (),
) -> None:
    """Report an entry point that is not there.

    `sound`: the files that can be compiled, with their code. `names`: what else is in the package.
    """
    module, _, attribute = handler.rpartition(".")
    file = file_of_module(module, files)
    if file is None:
        report.error("", _no_module(module, attribute, files, names), "entry-point")
    elif file in sound:
        names = _Names(sound[file], file)
        if attribute in names.all or names.has_more:
            return
        has = f"it has {_some(names.callables)}" if names.callables else "it has no functions"
        todo = f"define `def {attribute}(input, context)` or choose another entry point"
        report.error(file, f"there is no {attribute!r}; {has}: {todo}", "entry-point")


def file_of_module(module: str, files: Collection[str]) -> str | None:
    """The file that Python would import, a folder first; None where there is none."""
    path = module.replace(".", "/")
    return next((each for each in (f"{path}/__init__.py", f"{path}.py") if each in files), None)


def _no_module(module: str, attribute: str, files: Collection[str], names: Collection[str]) -> str:
    path = module.replace(".", "/")
    other = next((each for each in OTHER_LANGUAGES if path + each in names), None)
    if other is not None:
        return (
            f"there is no module {module!r} in Python;"
            f" there is {path}{other}: set `language: {OTHER_LANGUAGES[other]}`"
        )
    modules = sorted(_modules(files))
    if not modules:
        return f"there is no module {module!r}: no file in the package ends in .py"
    inside = [each for each in modules if each.endswith(f".{module}")]
    hint = f"; the entry point is perhaps {inside[0]}.{attribute}" if inside else ""
    return f"there is no module {module!r}; the package has {_some(modules)}{hint}"


def _modules(files: Collection[str]) -> Iterator[str]:
    for file in files:
        name = file.removesuffix(".py").replace("/", ".")
        if name != "__init__":
            yield name.removesuffix(".__init__")


def _some(names: list[str]) -> str:
    more = ", …" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more


class _Names:
    """The names that a module has when it was imported."""

    def __init__(self, code: bytes, file: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = symtable.symtable(code, file, "exec")
        symbols = table.get_symbols()
        self.all = {each.get_name() for each in symbols if _is_bound(each)} | set(_globals_of(table))
        self.callables = [
            each.get_name() for each in symbols if each.is_namespace() and not each.get_name().startswith("_")
        ]
        # Names that only come to be when it runs.
        self.has_more = "__getattr__" in self.all or _IMPORTS_ALL.search(code) is not None


def _is_bound(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _globals_of(table: symtable.SymbolTable) -> Iterator[str]:
    """Names that functions and classes below assign to with `global`."""
    for child in table.get_children():
        for symbol in child.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                yield symbol.get_name()
        yield from _globals_of(child)
