"""Saved envs that ask for what may not be had: each is refused, and nothing runs."""

import copyreg
import pickle
import sys
from pathlib import Path

import pytest

from gaugelet_worker.env_snapshot import load_env
from tests.hostile import WAYS_TO_CALL, called, env_of, found, pushed, refusal, text

# The modules of numpy 1 that numpy 2 still answers for.
pytestmark = pytest.mark.filterwarnings("ignore:numpy.core:DeprecationWarning")

USERMODULE = """
import ctypes, os, subprocess, sys
import os as operating_system
from importlib import import_module
from subprocess import Popen

class Own:
    def method(self): pass

def helper(): pass
handler = helper
"""

NAMES = """
os.system os.popen os.remove os.execv os.fork os.kill os.putenv posix.system posix.posix_spawn nt.system
subprocess.Popen subprocess.run subprocess.call subprocess.check_output subprocess.getoutput builtins.eval
builtins.exec builtins.getattr builtins.setattr builtins.delattr builtins.__import__ builtins.open
builtins.compile builtins.globals builtins.locals builtins.vars builtins.input builtins.breakpoint
builtins.type builtins.super builtins.classmethod builtins.property builtins.map builtins.filter
builtins.print builtins.memoryview builtins.iter builtins.dir builtins.id builtins.exit builtins.quit
builtins.help __builtin__.eval __builtin__.getattr __builtin__.file __builtin__.execfile commands.getoutput
importlib.import_module importlib.__import__ runpy.run_path runpy.run_module runpy._run_code
operator.attrgetter operator.methodcaller operator.itemgetter functools.partial functools.reduce
types.FunctionType types.CodeType types.MethodType types.ModuleType marshal.loads pickle.loads _pickle.loads
pickle.Unpickler codecs.open codecs.decode codecs.encode codecs.lookup _codecs.decode _codecs.encode io.open
io.FileIO _io.open _io.FileIO _io.BytesIO pathlib.Path pathlib.PosixPath shutil.rmtree shutil.copy
tempfile.NamedTemporaryFile tempfile.mkdtemp socket.socket _socket.socket socket.create_connection
urllib.request.urlopen http.client.HTTPConnection ctypes.CDLL ctypes.string_at ctypes.py_object
code.InteractiveConsole pty.spawn pdb.run timeit.timeit cProfile.run profile.run trace.Trace bdb.Bdb
pydoc.pipepager pydoc.locate webbrowser.open antigravity.webbrowser platform.popen asyncio.run
multiprocessing.Process threading.Thread _thread.start_new_thread signal.signal sys.exit sys.settrace
sys.setrecursionlimit atexit.register logging.FileHandler logging.config.dictConfig gc.get_objects
weakref.ref copyreg.pickle copyreg.add_extension copyreg.constructor copyreg.dispatch_table.update enum.Enum
string.Formatter re.compile random.Random time.sleep json.load sqlite3.connect zipfile.ZipFile orjson.loads
gaugelet_worker.logs.RecordHandler gaugelet_worker.env_snapshot.load_env gaugelet_worker.__main__.main
gaugelet_worker.context.Context gaugelet_worker.frames.FrameStream setuptools.setup pip.main site.main
numpy.load numpy.save numpy.fromfile numpy.memmap numpy.loadtxt numpy.genfromtxt numpy.savetxt
numpy.frompyfunc numpy.vectorize numpy.fromfunction numpy.apply_along_axis numpy.piecewise
numpy.rec.fromfile numpy.testing.rundocs numpy.ctypeslib.load_library numpy.lib.npyio.NpzFile
numpy.lib.npyio.DataSource numpy.lib.format.read_array numpy.testing._private.utils.runstring
numpy.testing._private.utils.rundocs numpy.testing.measure
numpy.testing._private.extbuild.build_and_import_extension numpy.f2py.run_main numpy.f2py.compile
numpy.f2py.get_include numpy.f2py.__main__.main numpy.f2py.crackfortran.myeval
numpy.f2py.capi_maps.getpydocsign numpy.f2py.diagnose.run_command numpy.distutils.exec_command.exec_command
numpy._core._internal.eval numpy.core.multiarray.fromfile numpy._core.multiarray.fromfile
numpy._core.memmap.memmap numpy.lib._npyio_impl.load numpy.random._pickle.__builtins__
numpy._core.tests._natype.pd_NA numpy.conftest.pytest pandas.eval pandas.read_pickle pandas.read_csv
pandas.read_json pandas.read_sql pandas.read_html pandas.to_pickle pandas.ExcelWriter pandas.ExcelFile
pandas.HDFStore pandas.io.pickle.read_pickle pandas.io.common.get_handle pandas.io.common.urlopen
pandas.io.formats.style.Styler pandas.io.clipboard.paste pandas.io.clipboard.copy
pandas.core.computation.eval.eval pandas.core.computation.expr.Expr
pandas.core.computation.expr.PandasExprVisitor pandas.core.computation.engines.PythonEngine
pandas.core.computation.scope.Scope pandas.core.common.pipe pandas.core.frame.read_pickle
pandas.core.apply.frame_apply pandas.core.apply.SeriesApply pandas.testing.raises pandas.util._tester.test
pandas.compat.pickle_compat.Unpickler pandas._testing.set_locale pandas.show_versions
pandas.core.groupby.grouper.Grouping pandas.core.config_init.cf pandas.plotting.plot pandas.conftest.pytest
dateutil.parser.parser hypothesis.given pytest.main
""".split()


@pytest.fixture
def own_modules(folder):
    folder.write("usermodule.py", USERMODULE)
    folder.load("usermodule")
    return folder.own_modules


@pytest.fixture
def marker(tmp_path) -> Path:
    return tmp_path / "marker"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_not_on_the_list_is_refused_however_it_is_asked_for(name, own_modules, marker):
    module, _, attribute = name.rpartition(".")
    for way in WAYS_TO_CALL.values():
        reason = refusal(env_of(way(module, attribute, f"touch {marker}")), own_modules)
        assert reason.startswith("the saved env cannot be read: ")
        assert not marker.exists()


# A dotted name reaches through what a module has to what it does not have itself.
DOTTED = """
datetime sys.modules|datetime datetime.__class__|datetime datetime.fromtimestamp
datetime date.__subclasses__|collections _sys.modules|collections abc.sys.modules
collections OrderedDict.__init__|collections Counter.update|builtins dict.get|builtins str.format
builtins str.join|builtins object.__subclasses__|builtins int.from_bytes
builtins object.__class__.__subclasses__|builtins dict.__init__.__globals__|builtins list.__class__
builtins object.__init__.__self__|builtins BaseException.__subclasses__|builtins object.__reduce_ex__
decimal Decimal.__class__|fractions sys.modules|fractions re.compile|fractions Fraction.__new__.__builtins__
uuid os.system|uuid sys.modules|uuid bytes_.__class__|uuid UUID.__init__.__globals__
uuid SafeUUID._member_map_|types sys.modules|types SimpleNamespace.__class__|array array.fromfile
zoneinfo _tzpath.os.system|zoneinfo ZoneInfo.from_file|copyreg _reconstructor.__globals__
copyreg __newobj__.__builtins__|numpy os.system|numpy sys.modules|numpy ndarray.tofile|numpy ndarray.dump
numpy ctypeslib.ctypes.CDLL|numpy testing._private.utils.runstring|numpy lib.npyio.DataSource
numpy random.mtrand.RandomState.__class__|numpy ma.core.inspect.os.system|numpy ma.core.builtins.eval
numpy random._pickle.__builtins__|numpy.ma.core builtins.eval|numpy.random._pickle __builtins__.eval
numpy._core.multiarray os.system|pandas core.frame.sys.modules|pandas io.common.os.system
pandas DataFrame.eval|pandas DataFrame.to_pickle|pandas Series.to_csv|pandas DataFrame.query
pandas core.computation.eval.eval|pandas compat.sys.modules|pandas.core.frame np.ctypeslib.ctypes.CDLL
pandas.core.frame sys.modules|pandas.core.frame np.load|pandas.core.frame DataFrame.eval
pandas.core.indexes.base DataFrame.eval|pandas.core.indexes.base np.memmap
pandas.core.internals.blocks inspect.os.system|pandas.core.internals.blocks re.enum.sys.modules
usermodule os.system|usermodule operating_system.system|usermodule subprocess.Popen
usermodule subprocess.run|usermodule ctypes.CDLL|usermodule sys.modules|usermodule __builtins__
usermodule __loader__.load_module|usermodule Popen|usermodule import_module|usermodule helper
usermodule handler|usermodule helper.__globals__|usermodule Own.method|usermodule Own.__init__.__self__
usermodule Own.__class__|usermodule Own.__subclasshook__
"""


@pytest.mark.parametrize("case", DOTTED.replace("\n", "|").strip("|").split("|"))
def test_nothing_is_reached_through_a_module_that_is_allowed(case, own_modules, marker):
    module, name = case.split(" ")
    for way in WAYS_TO_CALL.values():
        reason = refusal(env_of(way(module, name, f"touch {marker}")), own_modules)
        assert reason.startswith("the saved env cannot be read: ")
        assert not marker.exists()


def test_a_pickle_that_runs_a_program_would_run_it_elsewhere(marker):
    """The corpus can bite: the same bytes do run in an unpickler that allows everything."""
    way = WAYS_TO_CALL["STACK_GLOBAL, REDUCE"]
    pickle.loads(env_of(way("os", "system", f"touch {marker}")))
    assert marker.exists()


def test_a_number_of_the_registry_of_extensions_is_looked_up_like_a_name(own_modules, marker):
    copyreg.add_extension("os", "system", 200)
    try:
        assert "os.system is not allowed" in refusal(
            env_of(called(pickle.EXT1 + bytes([200]), f"touch {marker}")), own_modules
        )
    finally:
        copyreg.remove_extension("os", "system", 200)
    assert not marker.exists()


def test_persistent_ids_mean_nothing(own_modules):
    assert "persistent" in refusal(env_of(b"P123\n"), own_modules)
    assert "persistent" in refusal(env_of(text("x") + pickle.BINPERSID), own_modules)


def test_the_names_of_python_2_are_not_translated_into_allowed_ones(own_modules):
    assert "is not allowed" in refusal(b"\x80\x02c__builtin__\neval\n.", own_modules)
    assert "is not allowed" in refusal(b"ccopy_reg\n_reconstructor\n.", own_modules)


@pytest.mark.parametrize(
    "module",
    ["stranger", "..stranger", "/tmp/stranger", "stranger.py", "", ".", "usermodule.", "usermodule.stranger"],
)
def test_a_module_outside_the_functions_folder_is_not_even_imported(
    module, own_modules, marker, tmp_path, monkeypatch
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "stranger.py").write_text(f"open({str(marker)!r}, 'w')\nclass Stranger: pass\n")
    monkeypatch.syspath_prepend(str(elsewhere))
    name = module.replace("/tmp", str(elsewhere))
    assert f"{name}.Stranger is not allowed in env" in refusal(
        env_of(called(found(name, "Stranger"))), own_modules
    )
    assert not marker.exists()


def test_a_program_in_numpy_is_not_run_by_its_import(own_modules, capsys):
    assert "is not allowed" in refusal(env_of(found("numpy.f2py.__main__", "main")), own_modules)
    assert capsys.readouterr().out == ""


def test_what_is_installed_below_the_functions_folder_is_not_its_own(folder, marker):
    """As in a container whose function is in /opt, and whose Python is too."""
    folder.write("python/lib/site-packages/installed.py", "from subprocess import Popen\nclass Run: pass\n")
    sys.path.append(str(folder.path / "python/lib/site-packages"))
    folder.load("installed")
    for name in ("installed", "python.lib.site-packages.installed"):
        assert f"{name}.Run is not allowed" in refusal(env_of(called(found(name, "Run"))), folder.own_modules)


def test_what_is_allowed_is_read_by_the_same_means(own_modules):
    """The helpers make good pickles: what is refused above is refused for its name alone."""
    value = called(found("datetime", "date"), 2026, 11, 21)
    assert load_env(env_of(value), own_modules)["key"].isoformat() == "2026-11-21"
    own = called(found("usermodule", "Own"))
    assert type(load_env(env_of(own), own_modules)["key"]).__name__ == "Own"
    assert load_env(env_of(pushed([1, "a"])), own_modules) == {"key": [1, "a"]}
