"""The usage of a host, from its measurements as they come in.

percent-network-egress  = 100 * bytes_sent / (bytes_sent + bytes_recv)   of the newest sample
percent-memory-cache    = 100 * (cached + buffers) / total               of the newest sample
avg-util-cpu<N>-60sec   = mean of cpu_percent-N over the window: the samples with
                          newest - 60 s < timestamp <= newest

A call does not add up the whole window again. It adds the new sample to running sums and takes out what
has become too old. The sums are whole numbers, so they stay exact however long the function runs; sums of
floats would gather rounding errors.
"""

import re
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

WINDOW = timedelta(seconds=60)
TIMESTAMP_FORMAT = "%Y-%m-%d %H:%M:%S.%f"
CPU_FIELD = re.compile(r"cpu_percent-([0-9]+)")
MILLION = 1_000_000  # loads are kept in millionths of a percent
STRAGGLERS_OF_A_NEW_CLOCK = 3


def handler(input: dict, context: Any) -> dict:
    """Take in one sample and return the usage with it.

    Samples may be late, doubled or missing. Raises ValueError where the timestamp cannot be read.
    """
    sample = read_sample(input)
    env = context.env
    if "samples" not in env:
        env.update(empty_env())
    if is_straggler(sample, env):
        set_aside(sample, env)
    else:
        env["stragglers"].clear()
        add(sample, env)
    return env["samples"][-1]["usage"] | averages(env)


def empty_env() -> dict:
    """What this function keeps between calls."""
    return {
        "samples": deque(),  # the samples in the window, oldest first: the last one is the newest
        "sums": {},  # CPU number -> sum of its loads over the samples
        "counts": {},  # CPU number -> number of samples that have its load
        "stragglers": [],  # the latest samples, if they are from before the window
    }


def read_sample(input: dict) -> dict:
    """What counts of a measurement: its time, the load of each CPU, and the usage at that time."""
    cpu_fields = {int(match[1]): field for field in input if (match := CPU_FIELD.fullmatch(field))}
    return {
        "time": read_time(input.get("timestamp")),
        "loads": {
            cpu: round(input[field] * MILLION) for cpu, field in cpu_fields.items() if is_number(input[field])
        },
        "usage": {"timestamp": input["timestamp"], **network_egress(input), **memory_cache(input)},
    }


def read_time(timestamp: Any) -> datetime:
    """The time of a timestamp, in UTC so that all can be compared. Without a time zone it is local time."""
    try:
        try:
            time = datetime.fromisoformat(timestamp)
        except ValueError:
            time = datetime.strptime(timestamp, TIMESTAMP_FORMAT)
        return time.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"the measurement's timestamp is {timestamp!r};"
            " a time such as '2026-11-21 05:54:49.519937' was expected"
        ) from error


def is_number(value: Any) -> bool:
    """Whether this is a finite number: not text, None, NaN, infinity, or True, which Python takes for 1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


def network_egress(input: dict) -> dict:
    """The share of the traffic that is sent, where there is any traffic."""
    sent = input.get("net_io_counters_eth0-bytes_sent", input.get("net_io_counters_eth0-bytes_sent1"))
    received = input.get("net_io_counters_eth0-bytes_recv", input.get("net_io_counters_eth0-bytes_recv1"))
    if not (is_number(sent) and is_number(received) and sent + received > 0):
        return {}
    return {"percent-network-egress": 100 * sent / (sent + received)}


def memory_cache(input: dict) -> dict:
    """The share of the memory that holds cached files."""
    cached = input.get("virtual_memory-cached")
    buffers = input.get("virtual_memory-buffers")
    total = input.get("virtual_memory-total")
    if not (is_number(cached) and is_number(buffers) and is_number(total) and total > 0):
        return {}
    return {"percent-memory-cache": 100 * (cached + buffers) / total}


def is_straggler(sample: dict, env: dict) -> bool:
    """Whether the sample is more than a window older than the newest."""
    return bool(env["samples"]) and env["samples"][-1]["time"] - sample["time"] > WINDOW


def set_aside(sample: dict, env: dict) -> None:
    """Ignore a straggler; but where several come in a row, the clock was set back: start again from them."""
    stragglers = env["stragglers"]
    if all(sample["time"] != other["time"] for other in stragglers):
        stragglers.append(sample)
    if len(stragglers) == STRAGGLERS_OF_A_NEW_CLOCK:
        env.update(empty_env())
        for straggler in stragglers:
            add(straggler, env)


def add(sample: dict, env: dict) -> None:
    """Put a sample at its place in the window, and take out what has become too old."""
    samples = env["samples"]
    place = len(samples)
    while place > 0 and samples[place - 1]["time"] > sample["time"]:
        place -= 1
    if place > 0 and samples[place - 1]["time"] == sample["time"]:
        return  # the same sample again
    samples.insert(place, sample)
    for cpu, load in sample["loads"].items():
        env["sums"][cpu] = env["sums"].get(cpu, 0) + load
        env["counts"][cpu] = env["counts"].get(cpu, 0) + 1
    while samples[-1]["time"] - samples[0]["time"] >= WINDOW:
        remove_oldest(env)


def remove_oldest(env: dict) -> None:
    """Take the oldest sample out of the window, and CPUs of which no load is left."""
    oldest = env["samples"].popleft()
    for cpu, load in oldest["loads"].items():
        env["sums"][cpu] -= load
        env["counts"][cpu] -= 1
        if env["counts"][cpu] == 0:
            del env["sums"][cpu], env["counts"][cpu]


def averages(env: dict) -> dict:
    """The mean load of each CPU over the window, in percent."""
    return {
        f"avg-util-cpu{cpu}-60sec": env["sums"][cpu] / (env["counts"][cpu] * MILLION)
        for cpu in sorted(env["sums"])
    }
