"""What the tests of the worker share."""

import importlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gaugelet_worker.frames import FrameType
from gaugelet_worker.loading import in_directory
from tests.worker_process import WorkerProcess, running_worker


class FunctionFolder:
    """A folder with a function's modules."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, source: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
        return file

    def load(self, name: str):
        """Import a module of the folder."""
        importlib.invalidate_caches()
        return importlib.import_module(name)

    @property
    def own_modules(self) -> Callable[[str], bool]:
        return in_directory(str(self.path))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[FunctionFolder]:
    """An empty folder that modules can be imported from; they are forgotten after the test."""
    path = tmp_path / "function"
    path.mkdir()
    before, modules = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(path))
    yield FunctionFolder(path)
    sys.path[:] = before
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def forget() -> Callable[..., None]:
    """Forgets modules, so that they are imported anew."""

    def forget(*names: str) -> None:
        for name in names:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()

    return forget


@pytest.fixture
def worker(folder: FunctionFolder) -> Iterator[WorkerProcess]:
    """A worker process for what is in the folder, with nothing loaded yet."""
    with running_worker(folder.path) as process:
        yield process


@pytest.fixture
def loaded(folder: FunctionFolder, worker: WorkerProcess) -> Callable[[str], WorkerProcess]:
    """Gives a worker that has loaded a function with this source, and begun shard 0."""

    def load(source: str) -> WorkerProcess:
        folder.write("usermodule.py", source)
        answer = worker.load()
        assert answer.type == FrameType.LOADED, answer
        assert worker.restore() is None
        return worker

    return load


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder that every user can read."""
    path = Path(tempfile.mkdtemp(prefix="worker-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
