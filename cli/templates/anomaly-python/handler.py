"""How unusual a value is: its distance from the mean of those before it, in standard deviations."""

import statistics
from collections import deque

WINDOW = 100
FEWEST = 10  # before, nothing is unusual


def handler(input, context):
    """Take in `{"value": …}` and return its score. `context.env` is kept between calls."""
    window = context.env.setdefault("window", deque(maxlen=WINDOW))
    value = float(input["value"])
    score = 0.0
    if len(window) >= FEWEST:
        deviation = statistics.pstdev(window)
        distance = abs(value - statistics.fmean(window))
        score = distance / deviation if deviation > 0 else 0.0
    window.append(value)
    return {"value": value, "score": score}
