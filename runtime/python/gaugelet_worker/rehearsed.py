"""The function that a spare rehearses with: what most functions use, and no more, for each page is memory."""

import sys
from typing import Any


def handler(input: dict, context: Any) -> dict:
    """Keep something, use pandas where it is there, and return numbers."""
    values = context.env.setdefault("values", [])
    values.extend(input["values"])
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return {"mean": sum(values) / len(values)}
    means = pandas.DataFrame({"value": values}).rolling(2, min_periods=1).mean().iloc[-1]
    return means.to_dict()
