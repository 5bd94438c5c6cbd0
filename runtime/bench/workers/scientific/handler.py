"""The reference handler the way many write it: with pandas, whose import is what a start waits for."""

from typing import Any

import numpy as np
import pandas as pd

SAMPLES = 60
CPUS = [f"cpu_percent-{cpu}" for cpu in range(4)]


def handler(input: dict, context: Any) -> dict:
    """Take in one measurement and return the mean load of each CPU and the spread between them."""
    samples = context.env.setdefault("samples", [])
    samples.append([input[cpu] for cpu in CPUS])
    del samples[:-SAMPLES]
    means = pd.DataFrame(samples, columns=CPUS).rolling(SAMPLES, min_periods=1).mean().iloc[-1]
    return {"avg": means.to_dict(), "spread": float(np.std(means.to_numpy()))}
