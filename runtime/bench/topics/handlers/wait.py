"""What waits for something outside, as for a database: it leaves the processor to others."""

import time
from typing import Any


def handler(input: dict, context: Any) -> dict:
    """Wait for 2 ms and return the number that came."""
    time.sleep(0.002)
    return {"n": input["n"]}
