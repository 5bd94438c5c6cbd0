"""Measures the machine it runs on: one call, one measurement."""

import os
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

TIMESTAMP_FORMAT = "%Y-%m-%d %H:%M:%S.%f"
CPU_STATS_FIELDS = ("ctx_switches", "interrupts", "soft_interrupts", "syscalls")
MEMORY_FIELDS = (
    *("total", "available", "percent", "used", "free", "active"),
    *("inactive", "buffers", "cached", "shared", "slab"),
)
NETWORK_FIELDS = (
    *("bytes_sent", "bytes_recv", "packets_sent", "packets_recv"),
    *("errin", "errout", "dropin", "dropout"),
)
LOOPBACKS = ("lo", "lo0")
SHORTEST_CPU_MEASUREMENT = 0.1  # seconds; the system counts CPU time in steps of 0.01 s


def handler(input: dict, context: Any) -> dict:
    """Measure CPU, processes, memory and network. What the system cannot tell is left out.

    Raises ValueError where GAUGELET_NETWORK_INTERFACE names an interface that does not exist.
    """
    return {
        "timestamp": datetime.now().strftime(TIMESTAMP_FORMAT),
        **cpu_frequency(),
        **cpu_percents(),
        **fields("cpu_stats", psutil.cpu_stats(), CPU_STATS_FIELDS),
        "n_pids": len(psutil.pids()),
        **fields("virtual_memory", psutil.virtual_memory(), MEMORY_FIELDS),
        **network(),
    }


def fields(prefix: str, reading: Any, names: tuple[str, ...]) -> dict:
    """`<prefix>-<name>` for each name that the reading has: not every system tells all of them."""
    return {f"{prefix}-{name}": getattr(reading, name) for name in names if hasattr(reading, name)}


def cpu_frequency() -> dict:
    """The mean of the CPUs' present clock rates in MHz, or nothing where it is hidden."""
    try:
        frequency = psutil.cpu_freq()
    except (AttributeError, NotImplementedError, OSError):  # what psutil does on systems that don't tell
        frequency = None
    megahertz = frequency.current if frequency else cpuinfo_megahertz(read_text("/proc/cpuinfo"))
    return {"cpu_freq_current": float(megahertz)} if megahertz else {}


def cpuinfo_megahertz(cpuinfo: str) -> float | None:
    """The mean of the `cpu MHz` lines of /proc/cpuinfo; some processors have none."""
    rates = [float(line.split(":")[1]) for line in cpuinfo.splitlines() if line.startswith("cpu MHz")]
    return sum(rates) / len(rates) if rates else None


# psutil measures from one call of a thread to its next. This first call is where the first measurement
# begins, in the thread that imports the module; `at` is the time of a thread's last call.
last_call = threading.local()
psutil.cpu_percent(percpu=True)
last_call.at = time.monotonic()


def cpu_percents() -> dict:
    """How busy each CPU was since the last call, in percent.

    Where there was no last call, or it was just now, CPUs are measured for a short time from here on.
    """
    now = time.monotonic()
    too_soon = now - getattr(last_call, "at", now) < SHORTEST_CPU_MEASUREMENT
    percents = psutil.cpu_percent(interval=SHORTEST_CPU_MEASUREMENT if too_soon else None, percpu=True)
    last_call.at = time.monotonic()
    return {f"cpu_percent-{cpu}": percent for cpu, percent in enumerate(percents)}


def network() -> dict:
    """The counters of one interface, each in both spellings that functions read: with and without a 1.

    The fields say `eth0`, the name that functions read, whatever the interface is called.
    """
    counters = psutil.net_io_counters(pernic=True)
    wanted = os.environ.get("GAUGELET_NETWORK_INTERFACE")
    interface = choose_interface(counters, read_text("/proc/net/route"), wanted)
    if interface is None:
        return {}
    return {
        f"net_io_counters_eth0-{name}{ending}": getattr(counters[interface], name)
        for name in NETWORK_FIELDS
        for ending in ("", "1")
    }


def choose_interface(counters: dict[str, Any], routes: str, wanted: str | None) -> str | None:
    """The wanted interface, else eth0, else the default route's, else the one with most traffic.

    The loopback counts only where there is no other. `counters` are psutil's, by interface; `routes` is
    the text of /proc/net/route. None: there is no interface at all.
    """
    if wanted:
        if wanted not in counters:
            raise ValueError(
                f"GAUGELET_NETWORK_INTERFACE is {wanted!r}, but there is no such network interface here;"
                f" there is {', '.join(sorted(counters)) or 'none at all'}"
            )
        return wanted
    for name in ("eth0", *default_route_interfaces(routes)):
        if name in counters:
            return name
    traffic = {
        name: counter.bytes_sent + counter.bytes_recv
        for name, counter in counters.items()
        if name not in LOOPBACKS
    }
    return max(traffic, key=traffic.__getitem__, default=next(iter(counters), None))


def default_route_interfaces(routes: str) -> list[str]:
    """The interfaces of the default routes in /proc/net/route, the preferred one (lowest metric) first."""
    found = []
    for line in routes.splitlines()[1:]:
        interface, destination, _gateway, _flags, _references, _use, metric, mask, *_ = line.split()
        if destination == mask == "00000000":
            found.append((int(metric), interface))
    return [interface for _metric, interface in sorted(found)]


def read_text(path: str) -> str:
    """The text of a file of the kernel, empty where the system has no such file."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""
