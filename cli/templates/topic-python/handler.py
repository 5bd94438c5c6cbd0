"""The mean of the newest values: `{"value": 12.5}` is an event."""

from collections import deque

WINDOW = 20


def handler(input, context):
    """Take in a value and return the mean. `context.env` is kept between calls."""
    window = context.env.setdefault("window", deque(maxlen=WINDOW))
    window.append(float(input["value"]))
    return {"average": sum(window) / len(window), "count": len(window)}
