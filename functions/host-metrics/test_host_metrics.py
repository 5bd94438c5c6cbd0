import json
import os
import re
import subprocess
import sys
import threading
from collections import namedtuple
from datetime import datetime
from pathlib import Path

import psutil
import pytest

ROUTE_HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
Counters = namedtuple("Counters", ["bytes_sent", "bytes_recv"])


def route(interface: str, destination: str, metric: int, mask: str) -> str:
    return f"{interface}\t{destination}\t0102A8C0\t0003\t0\t0\t{metric}\t{mask}\t0\t0\t0\n"


@pytest.fixture
def busy_cpu():
    """Another process that keeps a CPU busy."""
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    )
    process.stdout.readline()
    yield
    process.kill()
    process.communicate()


@pytest.mark.skipif(not psutil.LINUX, reason="other systems tell less")
def test_has_the_fields_of_a_measurement_in_their_order_and_types(function, new_context, measurements):
    model = measurements[0]
    first = [name for name in model if name in ("timestamp", "cpu_freq_current")]
    after_cpus = list(model)[list(model).index("cpu_stats-ctx_switches") :]
    if psutil.cpu_freq() is None:
        first.remove("cpu_freq_current")
    cpus = [f"cpu_percent-{cpu}" for cpu in range(psutil.cpu_count())]

    measurement = function.handler({}, new_context())

    assert list(measurement) == first + cpus + after_cpus
    for name, value in measurement.items():
        assert type(value) is (float if name.startswith("cpu_percent-") else type(model[name])), name
    assert json.loads(json.dumps(measurement)) == measurement


def test_timestamp_is_naive_local_time_with_six_digits(function, new_context):
    before = datetime.now()
    timestamp = function.handler({}, new_context())["timestamp"]
    after = datetime.now()

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", timestamp)
    assert before <= datetime.strptime(timestamp, "%Y-%m-%d %H:%M:%S.%f") <= after


def test_a_whole_second_has_six_digits_too(function):
    assert datetime(2026, 1, 1).strftime(function.TIMESTAMP_FORMAT) == "2026-01-01 00:00:00.000000"


def test_values_are_those_of_the_system(function, new_context):
    stats_before, pids_before = psutil.cpu_stats(), len(psutil.pids())
    measurement = function.handler({}, new_context())
    stats_after, memory = psutil.cpu_stats(), psutil.virtual_memory()

    for name in ("ctx_switches", "interrupts", "soft_interrupts", "syscalls"):
        assert getattr(stats_before, name) <= measurement[f"cpu_stats-{name}"] <= getattr(stats_after, name)
    assert measurement["n_pids"] == pytest.approx(pids_before, abs=50)
    assert measurement["virtual_memory-total"] == memory.total
    for name in ("available", "used", "free"):
        assert measurement[f"virtual_memory-{name}"] == pytest.approx(
            getattr(memory, name), abs=0.2 * memory.total
        )


def test_cpu_percentages_are_measured_at_the_first_call(function, new_context, busy_cpu):
    # psutil answers 0.0 for every CPU at a thread's first call, so call from a new thread.
    found = []
    thread = threading.Thread(target=lambda: found.append(function.handler({}, new_context())))
    thread.start()
    thread.join()

    assert len(found) == 1
    assert_a_cpu_is_busy(found[0])


def test_cpu_percentages_are_measured_at_calls_in_close_succession(function, new_context, busy_cpu):
    for _ in range(4):
        assert_a_cpu_is_busy(function.handler({}, new_context()))


def assert_a_cpu_is_busy(measurement: dict) -> None:
    percents = [value for name, value in measurement.items() if name.startswith("cpu_percent-")]
    assert len(percents) == psutil.cpu_count()
    assert all(0 <= percent <= 100 for percent in percents)
    assert max(percents) > 0


def test_fields_that_the_system_lacks_are_left_out(function):
    # What psutil tells on macOS.
    names = ["total", "available", "percent", "used", "free", "active", "inactive", "wired"]
    memory = namedtuple("svmem", names)(8, 4, 50.0, 4, 1, 3, 2, 1)

    assert function.fields("virtual_memory", memory, function.MEMORY_FIELDS) == {
        "virtual_memory-total": 8,
        "virtual_memory-available": 4,
        "virtual_memory-percent": 50.0,
        "virtual_memory-used": 4,
        "virtual_memory-free": 1,
        "virtual_memory-active": 3,
        "virtual_memory-inactive": 2,
    }


def test_frequency_from_cpuinfo_is_the_mean_of_the_cpus(function):
    cpuinfo = "processor\t: 0\ncpu MHz\t\t: 2000.000\n\nprocessor\t: 1\ncpu MHz\t\t: 3001.000\n"

    assert function.cpuinfo_megahertz(cpuinfo) == 2500.5


def test_frequency_from_cpuinfo_that_does_not_tell(function):
    assert function.cpuinfo_megahertz("processor\t: 0\nBogoMIPS\t: 108.00\n") is None


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="no /proc/cpuinfo here")
def test_frequency_from_cpuinfo_is_near_that_of_psutil(function):
    frequency = psutil.cpu_freq()
    from_cpuinfo = function.cpuinfo_megahertz(Path("/proc/cpuinfo").read_text())
    if frequency is None or from_cpuinfo is None:
        pytest.skip("this processor does not tell its frequency")

    assert function.cpu_frequency()["cpu_freq_current"] == pytest.approx(frequency.current, rel=0.9)
    assert from_cpuinfo == pytest.approx(frequency.current, rel=0.9)


def test_interface_is_the_wanted_one_before_all_others(function):
    counters = {"lo": Counters(1, 1), "eth0": Counters(2, 2), "wlan0": Counters(3, 3)}

    assert function.choose_interface(counters, "", "wlan0") == "wlan0"
    assert function.choose_interface(counters, "", "lo") == "lo"


def test_interface_is_eth0_where_there_is_one(function):
    counters = {"lo": Counters(9, 9), "docker0": Counters(8, 8), "eth0": Counters(0, 0)}
    routes = ROUTE_HEADER + route("docker0", "00000000", 0, "00000000")

    assert function.choose_interface(counters, routes, None) == "eth0"
    assert function.choose_interface(counters, routes, "") == "eth0"


def test_interface_is_that_of_the_default_route_with_the_lowest_metric(function):
    counters = {
        "lo": Counters(9, 9),
        "docker0": Counters(8, 8),
        "wlan0": Counters(7, 7),
        "enp3s0": Counters(0, 0),
    }
    routes = (
        ROUTE_HEADER
        + route("docker0", "000011AC", 0, "0000FFFF")
        + route("wlan0", "00000000", 600, "00000000")
        + route("enp3s0", "00000000", 100, "00000000")
        + route("docker0", "00000000", 50, "00000080")  # 0.0.0.0/1 is not everything
        + route("*", "00000000", 0, "00000000")  # a route that rejects
    )

    assert function.choose_interface(counters, routes, None) == "enp3s0"


def test_interface_is_the_one_with_most_traffic_where_no_route_tells(function):
    counters = {"lo": Counters(99, 99), "en0": Counters(2, 5), "en1": Counters(4, 4), "lo0": Counters(99, 99)}

    assert function.choose_interface(counters, "", None) == "en1"


@pytest.mark.parametrize(("counters", "chosen"), [({}, None), ({"lo": Counters(1, 1)}, "lo")])
def test_the_loopback_is_the_last_resort(function, counters, chosen):
    assert function.choose_interface(counters, ROUTE_HEADER, None) == chosen


def test_interface_can_be_set_in_the_environment(function, new_context, monkeypatch):
    name, before = max(psutil.net_io_counters(pernic=True).items())
    monkeypatch.setenv("GAUGELET_NETWORK_INTERFACE", name)
    measurement = function.handler({}, new_context())
    after = psutil.net_io_counters(pernic=True)[name]

    for field in before._fields:
        value = measurement[f"net_io_counters_eth0-{field}"]
        assert getattr(before, field) <= value <= getattr(after, field)
        assert measurement[f"net_io_counters_eth0-{field}1"] == value


def test_interface_that_does_not_exist_is_an_error_that_names_those_that_do(
    function, new_context, monkeypatch
):
    monkeypatch.setenv("GAUGELET_NETWORK_INTERFACE", "eth99")

    with pytest.raises(ValueError, match=r"GAUGELET_NETWORK_INTERFACE is 'eth99'.*\blo"):
        function.handler({}, new_context())


def test_without_a_network_the_loopback_is_measured(function):
    # A new network namespace has the loopback alone.
    isolate = ["unshare", "--map-root-user", "--net"]
    try:
        subprocess.run([*isolate, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("cannot make a network namespace here")
    code = "import json, handler; print(json.dumps(handler.handler({}, None)))"

    run = subprocess.run(
        [*isolate, sys.executable, "-c", code],
        cwd=Path(function.__file__).parent,
        env=os.environ | {"GAUGELET_NETWORK_INTERFACE": ""},
        check=True,
        capture_output=True,
    )

    measurement = json.loads(run.stdout)
    assert measurement["net_io_counters_eth0-bytes_sent"] == 0
    assert measurement["net_io_counters_eth0-bytes_recv1"] == 0
