"""What costs next to nothing, so that what is measured is everything around it."""

from typing import Any


def handler(input: dict, context: Any) -> dict:
    """Return the number that came."""
    return {"n": input["n"]}
