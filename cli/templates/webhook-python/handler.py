"""Counts events of another service by their kind: `{"event": "order"}`."""

import logging


def handler(input, context):
    """Count an event. `context.env` is kept between calls."""
    counts = context.env.setdefault("counts", {})
    kind = input["event"]
    counts[kind] = counts.get(kind, 0) + 1
    logging.info("event %s came", kind)
    return {"total": sum(counts.values()), **{f"count_{name}": count for name, count in counts.items()}}
