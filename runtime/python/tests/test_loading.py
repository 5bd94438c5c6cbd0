"""Importing a function: what is found, and what the errors say."""

import datetime
import importlib.util
import json
import os
import sys

import pytest

from gaugelet_worker import loading
from gaugelet_worker.loading import LoadError, load_function

HANDLER = "def handler(input, context):\n    return {'from': __name__}\n"


@pytest.fixture
def load(folder):
    def call(handler="usermodule.handler", file=None):
        return load_function(str(folder.path), handler, None if file is None else str(folder.path / file))

    return call


@pytest.fixture
def failure(load):
    def call(handler="usermodule.handler", file=None):
        with pytest.raises(LoadError) as caught:
            load(handler, file)
        return caught.value

    return call


def result_of(function):
    return function.handler({}, None)


def test_a_module_is_loaded_by_its_name(folder, load):
    folder.write("usermodule.py", HANDLER)
    assert result_of(load()) == {"from": "usermodule"}


def test_a_file_of_any_name_is_loaded_as_the_module(folder, load):
    folder.write("my-function.2.py", HANDLER)
    assert result_of(load(file="my-function.2.py")) == {"from": "usermodule"}
    assert "usermodule" in sys.modules


def test_a_module_of_a_package_is_loaded(folder, load):
    folder.write("package/__init__.py", "")
    folder.write("package/module.py", "from .sibling import handler as entry\n")
    folder.write("package/sibling.py", HANDLER)
    assert result_of(load("package.module.entry")) == {"from": "package.sibling"}


def test_a_package_without_init_is_loaded(folder, load):
    folder.write("bare/module.py", HANDLER)
    assert result_of(load("bare.module.handler")) == {"from": "bare.module"}


@pytest.mark.parametrize("file", [None, "usermodule.py"])
def test_a_sibling_is_imported_from_the_functions_folder(folder, load, file):
    folder.write("usermodule.py", "import sibling\nfrom sibling import value\nhandler = sibling.handler\n")
    folder.write("sibling.py", HANDLER + "value = 1\n")
    assert result_of(load(file=file)) == {"from": "sibling"}


def test_a_sibling_wins_over_an_installed_module_of_its_name(folder, load):
    assert importlib.util.find_spec("colorsys") is not None
    folder.write("usermodule.py", "from colorsys import handler\n")
    folder.write("colorsys.py", HANDLER)
    sys.modules.pop("colorsys", None)
    assert result_of(load()) == {"from": "colorsys"}


def test_circular_imports_that_python_can_do_are_done(folder, load):
    folder.write("usermodule.py", "import other\ndef handler(input, context): return {'is': other.value()}\n")
    folder.write("other.py", "import usermodule\ndef value(): return usermodule.__name__\n")
    assert result_of(load()) == {"is": "usermodule"}


@pytest.mark.parametrize(
    "source", ["handler = dict", "class handler:\n    def __init__(self, *_): pass", "handler = print"]
)
def test_anything_that_can_be_called_is_a_handler(folder, load, source):
    folder.write("usermodule.py", source)
    assert callable(load().handler)


def test_the_time_of_the_files_last_change_is_local(folder, load):
    file = folder.write("usermodule.py", HANDLER)
    changed = datetime.datetime(2026, 7, 1, 12, 34, 56)
    os.utime(file, (0, changed.timestamp()))
    assert load().getmtime == "2026-07-01 12:34:56"


def test_there_is_no_such_module(folder, failure):
    assert str(failure()) == f"there is no module 'usermodule' in {folder.path}"
    assert str(failure("package.module.handler")) == f"there is no module 'package' in {folder.path}"
    folder.write("package/__init__.py", "")
    assert str(failure("package.module.handler")) == f"there is no module 'package.module' in {folder.path}"


def test_what_modules_there_are_is_told_where_that_of_the_entry_point_is_missing(folder, failure):
    folder.write("stats.py", "")
    folder.write("my_project/usermodule.py", HANDLER)
    folder.write("my-data/table.py", "")
    assert str(failure()) == (
        f"there is no module 'usermodule' in {folder.path};"
        " it has stats, my_project.usermodule: choose another entry point"
    )


def test_there_is_no_such_file(folder, failure):
    assert str(failure(file="missing.py")) == f"{folder.path}/missing.py does not exist"


def test_a_file_must_be_python(folder, failure):
    folder.write("handler.txt", HANDLER)
    assert str(failure(file="handler.txt")) == (
        f"{folder.path}/handler.txt is not a Python file: its name must end in .py"
    )


@pytest.mark.parametrize("handler", ["handler", "", ".handler", "usermodule."])
def test_an_entry_point_needs_a_module_and_a_name(failure, handler):
    assert str(failure(handler)) == f"the entry point {handler!r} is not of the form module.attribute"


def test_an_empty_file_has_no_entry_point(folder, failure):
    folder.write("usermodule.py", "")
    assert str(failure()) == (
        f"{folder.path}/usermodule.py has no 'handler'; it is empty of functions."
        " Define `def handler(input, context)` or choose another entry point"
    )


def test_a_missing_entry_point_is_told_with_what_there_is(folder, failure):
    folder.write("usermodule.py", "N = 1\ndef handle(): pass\nclass Other: pass\ndef _own(): pass\n")
    assert str(failure("usermodule.main")) == (
        f"{folder.path}/usermodule.py has no 'main'; it has handle, Other."
        " Define `def main(input, context)` or choose another entry point"
    )


def test_a_missing_entry_point_of_a_file_whose_name_is_no_name_is_told(folder, failure):
    folder.write("my-module.py", HANDLER)
    assert str(failure("my-module.main")).startswith(
        f"{folder.path}/my-module.py has no 'main'; it has handler."
    )


def test_an_entry_point_must_be_callable(folder, failure):
    folder.write("usermodule.py", "handler = {'a': 1}\n")
    assert str(failure()) == (
        f"usermodule.handler in {folder.path}/usermodule.py is of type dict, which cannot be called;"
        " `def handler(input, context)` was expected"
    )


@pytest.mark.parametrize("file", [None, "usermodule.py"])
def test_a_syntax_error_is_told_with_its_line(folder, failure, file):
    folder.write("usermodule.py", "def handler(input, context):\n    x = = 1\n")
    error = failure(file=file)
    assert str(error) == f"SyntaxError in {folder.path}/usermodule.py, line 2: invalid syntax"
    assert error.details == "    x = = 1"


def test_a_syntax_error_of_a_sibling_is_told_with_the_siblings_name(folder, failure):
    folder.write("usermodule.py", "import sibling\n")
    folder.write("sibling.py", "if True:\nx = 1\n")
    assert str(failure()) == (
        f"IndentationError in {folder.path}/sibling.py, line 2:"
        " expected an indented block after 'if' statement on line 1"
    )


def test_a_file_that_is_not_utf_8_is_told_with_its_name(folder, failure):
    (folder.path / "usermodule.py").write_bytes(b"x = '\xff'\n")
    assert str(failure()).startswith(f"SyntaxError in {folder.path}/usermodule.py, line 1: (unicode error)")
    assert str(failure()).endswith("; save the file as UTF-8")


def test_a_file_in_utf_16_is_told_with_what_to_do(folder, failure):
    folder.write("usermodule.py", "import sibling\n")
    (folder.path / "sibling.py").write_text(HANDLER, "utf-16")
    error = failure()
    assert str(error) == (
        "'usermodule' or a module that it imports is no Python:"
        " source code string cannot contain null bytes; save it as UTF-8"
    )
    assert f'File "{folder.path}/usermodule.py", line 1, in <module>' in error.details


def test_what_is_not_installed_is_told_with_what_to_do(folder, failure):
    folder.write("usermodule.py", "import os\nimport not_installed.part\n")
    error = failure()
    assert str(error) == (
        "the function imports 'not_installed', which is not installed in this Python environment;"
        f" install it with {sys.executable} -m pip install not_installed,"
        " or put the module beside the function"
    )
    assert f'File "{folder.path}/usermodule.py", line 2, in <module>' in error.details


def test_what_is_installed_by_another_name_is_told_with_that(folder, failure, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)  # as if it were not installed
    folder.write("usermodule.py", "from sklearn import cluster\n")
    assert f"{sys.executable} -m pip install scikit-learn, or " in str(failure())


@pytest.mark.parametrize("source", ["import json.encoders", "from json.encoders import JSONEncoder"])
def test_a_module_that_an_installed_package_has_not_is_told(folder, failure, source):
    folder.write("usermodule.py", source)
    error = failure()
    assert str(error) == f"the function imports 'json.encoders', but {json.__file__} has no module 'encoders'"
    assert f'File "{folder.path}/usermodule.py", line 1, in <module>' in error.details


def test_a_module_that_is_no_package_has_none_inside(folder, failure):
    folder.write("sibling.py", "")
    folder.write("usermodule.py", "import sibling.part")
    assert str(failure()) == (
        f"the function imports 'sibling.part', but {folder.path}/sibling.py has no module 'part'"
    )


def test_where_there_is_no_pip_it_is_not_advised(folder, failure, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else find(name))
    folder.write("usermodule.py", "import not_installed\n")
    assert str(failure()) == (
        "the function imports 'not_installed', which is not installed in this Python environment;"
        " put the module into a zip with the function, or use an image that has it"
    )


def test_a_missing_name_of_a_sibling_is_told(folder, failure):
    folder.write("usermodule.py", "from sibling import missing\n")
    folder.write("sibling.py", "")
    assert "importing 'usermodule' failed: ImportError: cannot import name 'missing' from 'sibling'" in str(
        failure()
    )


def test_a_module_that_another_one_hides_is_told(folder, failure):
    folder.write("json.py", HANDLER)
    assert str(failure("json.handler")) == (
        f"'json' is the module {json.__file__} already; give json.py of the function another name"
    )
    folder.write("json/module.py", HANDLER)
    assert str(failure("json.module.handler")) == (
        f"'json' is the module {json.__file__} already; give json.py of the function another name"
    )


def test_a_circle_that_python_cannot_import_is_told(folder, failure):
    folder.write("usermodule.py", "from other import value\ndef handler(input, context): return {}\n")
    folder.write("other.py", "from usermodule import handler\nvalue = 1\n")
    assert "circular import" in str(failure())


ERRORS = {
    "ZeroDivisionError: division by zero": "1 / 0",
    "SystemExit: 3": "import sys; sys.exit(3)",
    "KeyboardInterrupt: ": "raise KeyboardInterrupt",
    "FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'": "open('data.csv')",
    "RecursionError: maximum recursion depth exceeded": "def f(): f()\nf()",
    "ValueError: \ud800": "raise ValueError('\\ud800')",
    "Shy: an error that cannot be shown": "class Shy(Exception): __str__ = 1\nraise Shy",
}


@pytest.mark.parametrize("file", [None, "usermodule.py"])
@pytest.mark.parametrize(("message", "source"), ERRORS.items(), ids=[name.split(":")[0] for name in ERRORS])
def test_an_error_at_import_is_told_with_the_functions_own_lines(folder, failure, message, source, file):
    folder.write("usermodule.py", "import sibling\n\nsibling.run()\n")
    folder.write("sibling.py", f"def run():\n    code = {source!r}\n    exec(code, globals())\n")
    error = failure(file=file)
    assert str(error).startswith(f"importing 'usermodule' failed: {message}")
    lines = error.details.splitlines()
    assert lines[:2] == [
        "Traceback (most recent call last):",
        f'  File "{folder.path}/usermodule.py", line 3, in <module>',
    ]
    assert f'  File "{folder.path}/sibling.py", line 3, in run' in lines
    assert "importlib" not in error.details
    assert loading.__file__ not in error.details
