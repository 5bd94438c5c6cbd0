"""Which modules are the function's own: its env may hold objects of their classes, and only of theirs."""

import os

import pytest

from gaugelet_worker.loading import in_directory, load_function


def test_a_module_of_the_folder_is_its_own_loaded_or_not(folder):
    folder.write("usermodule.py", "")
    own = folder.own_modules
    assert own("usermodule")
    folder.load("usermodule")
    assert own("usermodule")


def test_packages_and_what_is_in_them_are_its_own(folder):
    folder.write("package/__init__.py", "")
    folder.write("package/inner/__init__.py", "")
    folder.write("package/inner/module.py", "")
    folder.write("bare/module.py", "")
    for name in ("package", "package.inner", "package.inner.module", "bare.module"):
        assert folder.own_modules(name)
        folder.load(name)
        assert folder.own_modules(name)


def test_a_file_of_another_name_is_its_own_once_it_is_loaded_as_the_module(folder):
    file = folder.write("my-function.py", "def handler(input, context): return {}\n")
    load_function(str(folder.path), "usermodule.handler", str(file))
    assert folder.own_modules("usermodule")


def test_files_that_are_links_are_its_own_as_in_a_config_map(folder):
    folder.write("..2026_11_21/usermodule.py", "")
    os.symlink("..2026_11_21", folder.path / "..data")
    os.symlink("..data/usermodule.py", folder.path / "usermodule.py")
    assert folder.own_modules("usermodule")
    folder.load("usermodule")
    assert folder.own_modules("usermodule")


def test_a_folder_that_is_a_link_has_its_modules(folder, tmp_path, monkeypatch):
    folder.write("usermodule.py", "")
    (tmp_path / "link").symlink_to(folder.path)
    monkeypatch.syspath_prepend(str(tmp_path / "link"))
    folder.load("usermodule")
    assert in_directory(str(tmp_path / "link"))("usermodule")
    assert folder.own_modules("usermodule")


@pytest.mark.parametrize(
    "name", ["os", "subprocess", "numpy", "numpy.random", "builtins", "sys", "gaugelet_worker.codec", "tests"]
)
def test_a_module_from_elsewhere_is_not(folder, name):
    assert not folder.own_modules(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "missing", "usermodule.", ".usermodule", "usermodule.part", "../usermodule"],
)
def test_a_name_that_is_no_module_of_the_folder_is_not(folder, name):
    folder.write("usermodule.py", "")
    assert not folder.own_modules(name)


def test_what_is_installed_below_the_folder_is_not(folder, monkeypatch):
    folder.write("venv/lib/installed/__init__.py", "")
    folder.write("venv/lib/installed/part.py", "")
    monkeypatch.syspath_prepend(str(folder.path / "venv/lib"))
    for name in ("installed", "installed.part"):
        assert not folder.own_modules(name)
        folder.load(name)
        assert not folder.own_modules(name)


def test_asking_for_a_module_does_not_import_it(folder):
    folder.write("usermodule.py", "raise RuntimeError")
    folder.write("package/__init__.py", "raise RuntimeError")
    assert folder.own_modules("usermodule")
    assert folder.own_modules("package")
