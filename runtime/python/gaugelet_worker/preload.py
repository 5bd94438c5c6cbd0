"""Importing what workers will need, before they are forked."""

import gc
import importlib
import os
import sys
import traceback
from typing import NamedTuple

# A process with several threads cannot be forked safely, and the libraries below make theirs at import.
_ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
# Nothing is drawn on a screen here.
_NO_SCREEN = {"MPLBACKEND": "Agg"}


class Preloaded(NamedTuple):
    """What is there, and what was asked for but is not."""

    preloaded: list[str]
    missing: list[str]


def preload(names: list[str]) -> Preloaded:
    """Import modules by name. What is not installed or cannot be imported is left out."""
    os.environ.update(_ONE_THREAD | _NO_SCREEN)
    result = Preloaded([], [])
    for name in names:
        (result.preloaded if _import(name) else result.missing).append(name)
    for name in result.preloaded:
        _exercise(name)
    # From here on the collector leaves these objects alone, so that their memory stays shared.
    gc.collect()
    gc.freeze()
    return result


def _exercise(name: str) -> None:
    """Use a library once as functions do: what it makes at its first use is shared by all workers then."""
    try:
        if name == "numpy":
            numpy = sys.modules["numpy"]
            numpy.percentile(numpy.arange(8.0).reshape(2, 4).mean(axis=0), 95)
        elif name == "pandas":
            pandas = sys.modules["pandas"]
            times = pandas.date_range("2000-01-01", periods=8, freq="5s")
            frame = pandas.DataFrame({"value": range(8), "name": list("abababab")}, index=times)
            frame["value"].rolling(3).mean().dropna().to_dict()
            frame.groupby("name")["value"].agg(["mean", "max"]).to_dict()
            frame["value"].resample("10s").mean().describe().to_dict()
    except Exception:
        _complain(name)


def _import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            _complain(name)
        return False
    except (Exception, SystemExit):
        _complain(name)
        return False
    return True


def _complain(name: str) -> None:
    print(f"{name} cannot be made ready ahead of time:", file=sys.stderr)
    traceback.print_exc()
