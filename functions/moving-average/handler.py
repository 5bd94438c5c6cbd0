"""A moving average of each key, from the events of a topic.

average-<key> = mean of `value` over the newest 20 events with that key, or all where there are fewer

A call gets many events in one list, and `context.events` says of each what its key is.
"""

import math
from collections import deque
from typing import Any

WINDOW = 20
MOST_KEYS = 1000  # beyond, those that had no event for longest are forgotten: env must not grow for ever


def handler(input: list[dict], context: Any) -> dict:
    """Take in some events and return the averages of all keys.

    Raises ValueError for an event without a number. Such a list comes again event by event, with `env` as it
    was before, and only the event that fails alone is put aside.
    """
    windows = context.env.setdefault("windows", {})
    for event, about in zip(input, context.events, strict=True):
        value = value_of(event)
        # Taken out and put in again, so that the first key is the one that had no event for longest.
        window = windows.pop(about["key"], None) or deque(maxlen=WINDOW)
        window.append(value)
        windows[about["key"]] = window
    while len(windows) > MOST_KEYS:
        del windows[next(iter(windows))]
    return {name_of(key): math.fsum(window) / len(window) for key, window in windows.items()}


def value_of(event: Any) -> float:
    """The number of an event."""
    value = event.get("value") if isinstance(event, dict) else None
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"the event's value is {value!r}; expected a number")
    return float(value)


def name_of(key: str | None) -> str:
    """The output's field for a key; events without a key have one average together."""
    return "average" if key is None else f"average-{key}"
