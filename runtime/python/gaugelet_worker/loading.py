"""Importing a user's function, with errors that say what to do."""

import datetime
import importlib
import importlib.util
import itertools
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

# What Python says when it compiles them: a ValueError in 3.11's first releases, a SyntaxError since.
_NULL_BYTES = "source code string cannot contain null bytes"
# What Python says of text in Latin-1, say.
_NOT_UTF_8 = "'utf-8' codec can't decode"

_MOST_MODULES = 10
# What is installed by another name than it is imported by.
_PACKAGES = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}

# How modules of other languages end, and what a manifest calls those.
OTHER_LANGUAGES = {
    ".ts": "typescript",
    ".mts": "typescript",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
}


class LoadError(Exception):
    """The function cannot be loaded. `details` is a traceback of the user's own code, where there is one."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class LoadedFunction(NamedTuple):
    """A function that is ready to be called."""

    handler: Callable[[dict, Any], Any]
    getmtime: str
    """Last change of the function's file: `YYYY-MM-DD HH:MM:SS`, local time."""


def load_function(
    directory: str,
    handler: str,
    file: str | None,
    output_limit: int = sys.maxsize,
    libraries: str | None = None,
) -> LoadedFunction:
    """Import `module.attribute` from a directory, or make a handler of the script `./path`.

    `file` is the module's or the script's file where its name is not what `handler` says; `libraries` a
    folder of packages that it may import besides.
    """
    if handler.startswith("./"):
        return _load_script(file or os.path.join(directory, handler), output_limit, libraries)
    module_name, _, attribute = handler.rpartition(".")
    if not module_name or not attribute:
        raise LoadError(f"the entry point {handler!r} is not of the form module.attribute")
    sys.path[:0] = [directory] if libraries is None else [directory, libraries]
    module = _import(module_name, directory, file)
    try:
        function = getattr(module, attribute)
    except AttributeError:
        found = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        has = f"; it has {', '.join(found[:10])}" if found else "; it is empty of functions"
        if clash := _clash(module_name, directory):
            raise LoadError(clash) from None
        raise LoadError(
            f"{_origin(module)} has no {attribute!r}{has}."
            f" Define `def {attribute}(input, context)` or choose another entry point"
        ) from None
    if not callable(function):
        raise LoadError(
            f"{handler} in {_origin(module)} is of type {type(function).__name__}, which cannot be called;"
            f" `def {attribute}(input, context)` was expected"
        )
    return LoadedFunction(function, _modification_time(module))


def _load_script(path: str, output_limit: int, libraries: str | None) -> LoadedFunction:
    file = os.path.abspath(path)
    if not os.path.isfile(file):
        raise LoadError(f"there is no script {file}")
    try:
        # Not before: most functions are none.
        from gaugelet_worker.scripts import script_handler

        return LoadedFunction(script_handler(file, output_limit, libraries), _time_of_change(file))
    except ValueError as error:
        raise LoadError(str(error)) from None


def _import(name: str, directory: str, file: str | None) -> Any:
    try:
        if file is None:
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise LoadError(f"{file} is not a Python file: its name must end in .py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    except LoadError:
        raise
    except FileNotFoundError as error:
        if file is not None and error.filename == file:
            raise LoadError(f"{file} does not exist") from None
        raise _failed_at_import(error, name) from None
    except (SyntaxError, ValueError) as error:
        if _NULL_BYTES in str(error):
            # What UTF-16 looks like. Python does not say which file it is.
            message = f"{name!r} or a module that it imports is no Python: {_NULL_BYTES}; save it as UTF-8"
            raise LoadError(message, _own_traceback(error)) from None
        if not isinstance(error, SyntaxError):
            raise _failed_at_import(error, name) from None
        message = f"{type(error).__name__} in {error.filename}, line {error.lineno}: {error.msg}"
        if _NOT_UTF_8 in message:
            message += "; save the file as UTF-8"
        raise LoadError(message, (error.text or "").rstrip()) from None
    except ModuleNotFoundError as error:
        missing = error.name or name
        if missing == name or name.startswith(f"{missing}."):
            raise LoadError(
                _clash(missing, directory)
                or f"there is no module {missing!r} in {directory}"
                f"{_of_other_language(name, directory) or _modules_below(directory)}"
            ) from None
        raise LoadError(_missing(missing), _own_traceback(error)) from None
    except BaseException as error:
        raise _failed_at_import(error, name) from None


def _clash(name: str, directory: str) -> str | None:
    """Why a module of the function's own cannot be had: another one of this name is there already.

    What the worker itself uses has been imported, and Python's own packages go before folders without a file
    `__init__.py`.
    """
    top = name.partition(".")[0]
    own = next((each for each in (f"{top}.py", top) if os.path.exists(os.path.join(directory, each))), None)
    found = getattr(sys.modules.get(top), "__file__", None)
    if own is None or found is None:
        return None
    homes = (os.path.realpath(directory), os.path.realpath(os.path.join(directory, top)))
    if os.path.realpath(os.path.dirname(found)) in homes:
        return None
    return f"{top!r} is the module {found} already; give {own} of the function another name"


def _of_other_language(name: str, directory: str) -> str:
    """What the manifest lacks perhaps: without a language it is Python's."""
    start = os.path.join(directory, *name.split("."))
    found = next((each for each in OTHER_LANGUAGES if os.path.exists(start + each)), None)
    return f"; there is {start}{found}: set `language: {OTHER_LANGUAGES[found]}`" if found else ""


def _modules_below(directory: str) -> str:
    """What could be chosen instead: a zip often holds one folder with all the rest in it."""
    try:
        files = [
            os.path.relpath(os.path.join(folder, file), directory)
            for folder in itertools.islice(_folders_below(directory), _MOST_MODULES)
            for file in sorted(os.listdir(folder))
            if file.endswith(".py") and file != "__init__.py"
        ]
    except OSError:
        return ""
    if not files:
        return ""
    names = ", ".join(file.removesuffix(".py").replace(os.sep, ".") for file in files[:_MOST_MODULES])
    return f"; it has {names}: choose another entry point"


def _folders_below(directory: str) -> Iterator[str]:
    """The folder, and those in it that a module can be imported from."""
    yield directory
    for entry in sorted(os.scandir(directory), key=lambda each: each.name):
        if entry.name.isidentifier() and entry.name != "__pycache__" and entry.is_dir():
            yield entry.path


def _missing(name: str) -> str:
    """Why a module that the function imports is not there, and what to do."""
    parent, _, last = name.rpartition(".")
    package = sys.modules.get(parent)
    if package is not None:
        return f"the function imports {name!r}, but {_origin(package)} has no module {last!r}"
    return (
        f"the function imports {name!r}, which is not installed in this Python environment;"
        f" {_way_to_install(name.partition('.')[0])}"
    )


def _way_to_install(module: str) -> str:
    # An image has no pip, and nothing that is installed while it runs would stay.
    if importlib.util.find_spec("pip") is None:
        return "put the module into a zip with the function, or use an image that has it"
    package = _PACKAGES.get(module, module)
    return f"install it with {sys.executable} -m pip install {package}, or put the module beside the function"


def _failed_at_import(error: BaseException, name: str) -> LoadError:
    try:
        text = str(error)
    except BaseException:  # of a class of the function
        text = "an error that cannot be shown"
    return LoadError(f"importing {name!r} failed: {type(error).__name__}: {text}", _own_traceback(error))


def _own_traceback(error: BaseException) -> str:
    """The traceback without the frames of this file and of importlib."""
    kept = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and "importlib" not in frame.filename
    ]
    lines = traceback.format_list(kept) + traceback.format_exception_only(error)
    return "".join(["Traceback (most recent call last):\n", *lines]).rstrip()


def _origin(module: Any) -> str:
    return getattr(module, "__file__", None) or f"module {module.__name__}"


def _modification_time(module: Any) -> str:
    return _time_of_change(getattr(module, "__file__", None))


def _time_of_change(file: Any) -> str:
    try:
        changed = os.path.getmtime(file)
    except (TypeError, OSError):
        return ""
    return datetime.datetime.fromtimestamp(changed).strftime("%Y-%m-%d %H:%M:%S")


def in_directory(directory: str) -> Callable[[str], bool]:
    """A test for modules that are the function's own: they lie where their name says, from its directory on.

    Below the directory is not enough: a function in /opt would own all that is installed in /opt.
    """

    def is_own(name: str) -> bool:
        if not all(part.isidentifier() for part in name.split(".")):
            return False
        *parents, last = name.split(".")
        folder = os.path.join(directory, *parents)
        module = sys.modules.get(name)
        if module is not None:
            file = getattr(module, "__file__", None)
        elif os.path.exists(os.path.join(folder, f"{last}.py")) or os.path.exists(os.path.join(folder, last)):
            file = _file_of(name)
        else:
            return False
        # The folder's real path, not the file's: a ConfigMap's files are links to another folder.
        found = os.path.realpath(os.path.dirname(file)) if file else None
        return found in (os.path.realpath(folder), os.path.realpath(os.path.join(folder, last)))

    return is_own


def _file_of(name: str) -> str | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return spec.origin if spec is not None and spec.has_location else None
