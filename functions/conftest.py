"""What the tests of all functions share."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


class Context:
    """The `context` of a call, as the runtime gives it: everything but `env` is read-only."""

    def __init__(self) -> None:
        self.__dict__.update(
            host="127.0.0.1",
            port=6379,
            input_key="metrics",
            output_key="output",
            function_getmtime="2026-11-21 05:54:49",
            last_execution=None,
            env={},
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "env":
            raise AttributeError(f"context.{name} is read-only")
        self.__dict__[name] = value


@pytest.fixture(scope="session")
def new_context() -> type[Context]:
    """Makes a context with an empty env."""
    return Context


@pytest.fixture(scope="module")
def function(request: pytest.FixtureRequest) -> ModuleType:
    """The handler.py beside the test. Every function has one, so it is loaded by its path."""
    path = request.path.parent / "handler.py"
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}.handler", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def measurements() -> list[dict]:
    """150 measurements of a host with 2 CPUs, 5 s apart, under real load."""
    path = Path(__file__).parent / "testdata" / "measurements.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]
