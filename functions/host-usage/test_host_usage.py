import json
import math
import pickle
import random
import statistics
import sys
from collections import deque
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(2026, 11, 21, 5, 54, 49, 519937)
SENT, RECEIVED = "net_io_counters_eth0-bytes_sent", "net_io_counters_eth0-bytes_recv"
TOTAL, CACHED, BUFFERS = (f"virtual_memory-{name}" for name in ("total", "cached", "buffers"))


def sample(seconds: float, **fields) -> dict:
    """A measurement so many seconds after START; `cpu0=5` stands for `cpu_percent-0`."""
    timestamp = (START + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")
    return {"timestamp": timestamp, **{name.replace("cpu", "cpu_percent-"): v for name, v in fields.items()}}


def time_of(measurement: dict) -> datetime:
    return datetime.strptime(measurement["timestamp"], "%Y-%m-%d %H:%M:%S.%f")


def calculate(measurements: list[dict]) -> dict:
    """The same output, straight from the definition: all samples at once, in exact fractions."""
    by_time = {}
    for measurement in measurements:
        by_time.setdefault(time_of(measurement), measurement)
    newest_time = max(by_time)
    newest = by_time[newest_time]
    window = [m for time, m in by_time.items() if newest_time - timedelta(seconds=60) < time]

    output = {"timestamp": newest["timestamp"]}
    sent, received = exact(newest.get(SENT)), exact(newest.get(RECEIVED))
    if sent is not None and received is not None and sent + received > 0:
        output["percent-network-egress"] = float(100 * sent / (sent + received))
    total, cached, buffers = (exact(newest.get(name)) for name in (TOTAL, CACHED, BUFFERS))
    if total and cached is not None and buffers is not None:
        output["percent-memory-cache"] = float(100 * (cached + buffers) / total)
    for cpu in range(8):
        loads = [exact(m.get(f"cpu_percent-{cpu}")) for m in window]
        loads = [load for load in loads if load is not None]
        if loads:
            output[f"avg-util-cpu{cpu}-60sec"] = float(statistics.mean(loads))
    return output


def exact(value: object) -> Fraction | None:
    """A number as it is written in decimals, None for anything else."""
    usable = type(value) in (int, float) and math.isfinite(value)
    return Fraction(str(value)) if usable else None


class Calculation:
    """What the function should answer to a stream: keeps all samples and adds up nothing."""

    def __init__(self) -> None:
        self.taken: list[dict] = []
        self.aside: list[dict] = []

    def take(self, measurement: dict) -> dict:
        too_old = self.taken and max(map(time_of, self.taken)) - time_of(measurement) > timedelta(seconds=60)
        if not too_old:
            self.taken.append(measurement)
            self.aside = []
        elif time_of(measurement) not in map(time_of, self.aside):
            self.aside.append(measurement)
        if len(self.aside) == 3:
            self.taken, self.aside = self.aside, []
        return calculate(self.taken)


# --- real measurements


def test_each_of_the_real_measurements(function, new_context, measurements):
    context = new_context()
    for count, measurement in enumerate(measurements, start=1):
        assert function.handler(measurement, context) == calculate(measurements[:count])
    assert len(context.env["samples"]) in (12, 13)


def test_output_of_real_measurements_is_complete_and_json(function, new_context, measurements):
    output = function.handler(measurements[0], new_context())

    assert list(output) == [
        "timestamp",
        "percent-network-egress",
        "percent-memory-cache",
        "avg-util-cpu0-60sec",
        "avg-util-cpu1-60sec",
    ]
    assert json.loads(json.dumps(output)) == output
    assert output["timestamp"] == "2026-11-21 05:54:49.519937"
    assert output["percent-network-egress"] == pytest.approx(0.38, abs=0.01)
    assert output["percent-memory-cache"] == pytest.approx(53.1, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_real_measurements_in_another_order_doubled_and_with_gaps(function, new_context, measurements, seed):
    chance = random.Random(seed)
    stream = [m for m in measurements if chance.random() > 0.2]
    stream += chance.sample(stream, 30)
    stream.sort(key=lambda m: time_of(m) + timedelta(seconds=chance.uniform(0, 50)))
    context = new_context()
    for count, measurement in enumerate(stream, start=1):
        assert function.handler(measurement, context) == calculate(stream[:count])


def test_measurement_is_not_changed(function, new_context, measurements):
    before = json.dumps(measurements[0])
    function.handler(measurements[0], new_context())

    assert json.dumps(measurements[0]) == before


# --- any stream

junk = st.sampled_from([None, "12.5", "", True, False, math.nan, math.inf, -math.inf, [], {}])
loads = st.integers(0, 1000).map(lambda tenths: tenths / 10) | st.integers(0, 100) | junk
byte_counts = st.integers(0, 2**64) | junk
measurement_fields = st.fixed_dictionaries(
    {},
    optional={
        **{f"cpu_percent-{cpu}": loads for cpu in range(4)},
        **dict.fromkeys([SENT, RECEIVED, TOTAL, CACHED, BUFFERS], byte_counts),
    },
)


@st.composite
def streams(draw) -> list[dict]:
    """Samples whose time goes on, stands still or goes back, by a little or by more than a window."""
    steps = st.sampled_from(
        [0, 2.5, 5, 5, 5, 20, 59.999999, 60, 60.000001, 200, -2.5, -7.5, -30, -60, -61, -300]
    )
    seconds = 0
    stream = []
    for step, values in draw(st.lists(st.tuples(steps, measurement_fields), min_size=1, max_size=40)):
        seconds += step
        stream.append(sample(seconds) | values)
    return stream


@given(stream=streams())
@settings(max_examples=400, deadline=None)
def test_any_stream(function, new_context, stream):
    context = new_context()
    calculation = Calculation()
    for measurement in stream:
        assert function.handler(measurement, context) == calculation.take(measurement)


@given(stream=streams())
@settings(deadline=None)
def test_env_can_be_saved_and_restored_at_any_call(function, new_context, stream):
    kept, restored = new_context(), new_context()
    for measurement in stream:
        expected = function.handler(measurement, kept)
        assert function.handler(measurement, restored) == expected
        restored.env = pickle.loads(pickle.dumps(restored.env))


@given(
    order=st.permutations(range(0, 60, 5)),
    doubled=st.lists(st.integers(0, 11), max_size=5),
    values=st.lists(measurement_fields, min_size=12, max_size=12),
)
@settings(deadline=None)
def test_order_and_doubles_within_the_window_do_not_matter(function, new_context, order, doubled, values):
    stream = [sample(seconds) | values[seconds // 5] for seconds in order]
    stream += [stream[index] for index in doubled]
    shuffled, sorted_ = new_context(), new_context()
    for measurement in stream:
        output = function.handler(measurement, shuffled)
    for measurement in sorted(stream[:12], key=time_of):
        expected = function.handler(measurement, sorted_)

    assert output == expected == calculate(stream)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30))
@settings(deadline=None)
def test_mean_of_any_floats_is_right_to_a_millionth(function, new_context, values):
    context = new_context()
    for index, value in enumerate(values):
        output = function.handler(sample(index, cpu0=value), context)

    assert output["avg-util-cpu0-60sec"] == pytest.approx(statistics.fmean(values), abs=1e-6)


# --- single rules


def test_sample_of_exactly_60_seconds_ago_is_outside(function, new_context):
    context = new_context()
    function.handler(sample(0, cpu0=100), context)
    function.handler(sample(0.000001, cpu0=50), context)

    assert function.handler(sample(60, cpu0=10), context)["avg-util-cpu0-60sec"] == 30


def test_late_sample_counts_but_is_not_the_newest(function, new_context):
    context = new_context()
    function.handler(sample(10, cpu0=10) | {SENT: 1, RECEIVED: 3, TOTAL: 10, CACHED: 2, BUFFERS: 3}, context)
    output = function.handler(
        sample(5, cpu0=20) | {SENT: 9, RECEIVED: 1, TOTAL: 10, CACHED: 9, BUFFERS: 1}, context
    )

    assert output == {
        "timestamp": sample(10)["timestamp"],
        "percent-network-egress": 25.0,
        "percent-memory-cache": 50.0,
        "avg-util-cpu0-60sec": 15.0,
    }


def test_of_doubled_samples_the_first_counts(function, new_context):
    context = new_context()
    first = function.handler(sample(0, cpu0=10) | {SENT: 1, RECEIVED: 1}, context)

    assert function.handler(sample(0, cpu0=90) | {SENT: 2, RECEIVED: 1}, context) == first


def test_single_straggler_is_ignored(function, new_context):
    context = new_context()
    expected = function.handler(sample(1000, cpu0=10), context)

    assert function.handler(sample(0, cpu0=90), context) == expected
    assert function.handler(sample(1005, cpu0=10), context)["avg-util-cpu0-60sec"] == 10


def test_stragglers_with_another_sample_between_are_ignored(function, new_context):
    context = new_context()
    for seconds, load in [(1000, 10), (0, 90), (5, 90), (1005, 10), (10, 90), (15, 90)]:
        output = function.handler(sample(seconds, cpu0=load), context)

    assert output == {"timestamp": sample(1005)["timestamp"], "avg-util-cpu0-60sec": 10}


def test_one_straggler_three_times_is_one_straggler(function, new_context):
    context = new_context()
    expected = function.handler(sample(1000, cpu0=10), context)
    for _ in range(5):
        assert function.handler(sample(0, cpu0=90), context) == expected


def test_samples_of_exactly_60_seconds_ago_are_not_from_a_clock_set_back(function, new_context):
    context = new_context()
    expected = function.handler(sample(60, cpu0=10), context)
    for _ in range(5):
        assert function.handler(sample(0, cpu0=90), context) == expected


def test_window_starts_again_when_the_clock_is_set_back(function, new_context):
    context = new_context()
    outputs = [
        function.handler(sample(seconds, cpu0=load), context)
        for seconds, load in [(7200, 1), (7205, 3), (3600, 10), (3605, 20), (3610, 60), (3615, 30)]
    ]

    assert [output["avg-util-cpu0-60sec"] for output in outputs] == [1, 2, 2, 2, 30, 30]
    assert outputs[-1]["timestamp"] == sample(3615)["timestamp"]


def test_window_recovers_from_one_sample_of_the_far_future(function, new_context):
    context = new_context()
    for seconds, load in [(0, 10), (10**8, 99), (5, 20), (10, 30), (15, 40)]:
        output = function.handler(sample(seconds, cpu0=load), context)

    assert output == {"timestamp": sample(15)["timestamp"], "avg-util-cpu0-60sec": 30}


def test_cpus_that_appear_and_vanish(function, new_context):
    context = new_context()
    function.handler(sample(0, cpu0=10, cpu10=30), context)
    output = function.handler(sample(30, cpu0=20, cpu2=50), context)
    assert list(output.items())[1:] == [
        ("avg-util-cpu0-60sec", 15),
        ("avg-util-cpu2-60sec", 50),
        ("avg-util-cpu10-60sec", 30),
    ]

    output = function.handler(sample(60, cpu0=40), context)
    assert list(output) == ["timestamp", "avg-util-cpu0-60sec", "avg-util-cpu2-60sec"]
    assert list(context.env["sums"]) == list(context.env["counts"]) == [0, 2]


@pytest.mark.parametrize(
    "value",
    ["12", None, math.nan, math.inf, -math.inf, True, [1], 10**400, 1e308],
    ids=lambda v: repr(v)[:10],
)
def test_value_that_is_not_a_usable_number_is_ignored(function, new_context, value):
    context = new_context()
    function.handler(sample(0, cpu0=10, cpu1=value), context)
    output = function.handler(
        sample(5, cpu0=value, cpu1=20) | {SENT: value, RECEIVED: 1, TOTAL: 10, CACHED: value, BUFFERS: 1},
        context,
    )

    assert output == {
        "timestamp": sample(5)["timestamp"],
        "avg-util-cpu0-60sec": 10,
        "avg-util-cpu1-60sec": 20,
    }


def test_no_egress_without_traffic_and_no_cache_without_memory(function, new_context):
    fields = {SENT: 0, RECEIVED: 0, TOTAL: 0, CACHED: 0, BUFFERS: 0}

    assert list(function.handler(sample(0) | fields, new_context())) == ["timestamp"]


def test_network_fields_in_the_other_spelling(function, new_context):
    fields = {SENT + "1": 1, RECEIVED + "1": 4}

    assert function.handler(sample(0) | fields, new_context())["percent-network-egress"] == 20


@pytest.mark.parametrize(
    "name",
    ["cpu_percent", "cpu_percent-", "cpu_percent-x", "cpu_percent--1", "cpu_percent-0-max", "xcpu_percent-0"],
)
def test_other_fields_are_not_cpus(function, new_context, name):
    assert list(function.handler(sample(0) | {name: 5.0}, new_context())) == ["timestamp"]


# --- timestamps


@pytest.mark.parametrize(
    "timestamp", [None, "", "yesterday", 1763700000, "2026-13-01 00:00:00.000000", [], {}]
)
def test_timestamp_that_cannot_be_read(function, new_context, timestamp):
    context = new_context()
    expected = function.handler(sample(0, cpu0=10), context)

    with pytest.raises(ValueError) as raised:
        function.handler({"timestamp": timestamp, "cpu_percent-0": 90}, context)

    assert str(raised.value).startswith(f"the measurement's timestamp is {timestamp!r};")
    assert function.handler(sample(0, cpu0=10), context) == expected


def test_timestamp_that_is_missing(function, new_context):
    with pytest.raises(ValueError, match="the measurement's timestamp is None"):
        function.handler({"cpu_percent-0": 90}, new_context())


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-11-21 05:54:59.5",
        "2026-11-21T05:54:59.500000",
        "2026-11-21 05:54:59",
        "20261121T055459",
        "2026-11-21 5:54:59.5",  # strptime alone reads this
    ],
)
def test_ways_to_write_a_timestamp(function, new_context, timestamp):
    context = new_context()
    function.handler(sample(0, cpu0=10), context)
    output = function.handler({"timestamp": timestamp, "cpu_percent-0": 20}, context)

    assert output == {"timestamp": timestamp, "avg-util-cpu0-60sec": 15}


def test_timestamps_with_and_without_a_time_zone_are_of_one_clock(function, new_context):
    context = new_context()
    somewhere = timezone(timedelta(hours=-3))
    timestamps = [
        START.isoformat(),
        (START + timedelta(seconds=5)).astimezone(UTC).isoformat(),
        (START + timedelta(seconds=10)).astimezone(somewhere).isoformat(" "),
        (START + timedelta(seconds=15)).astimezone(UTC).isoformat().replace("+00:00", "Z"),
    ]
    for load, timestamp in enumerate(timestamps):
        output = function.handler({"timestamp": timestamp, "cpu_percent-0": load}, context)

    assert output == {"timestamp": timestamps[-1], "avg-util-cpu0-60sec": 1.5}
    assert len(context.env["samples"]) == 4


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_timestamp_beyond_what_python_can_tell(function, new_context, timestamp):
    with pytest.raises(ValueError, match="the measurement's timestamp is"):
        function.handler({"timestamp": timestamp}, new_context())


# --- what is kept


def test_env_holds_plain_types_only(function, new_context, measurements):
    context = new_context()
    for measurement in [*measurements, measurements[0]]:  # a straggler at the end
        function.handler(measurement, context)

    assert types_within(context.env) == {dict, list, deque, datetime, str, int, float}
    assert set(context.env["sums"]) == {0, 1}


def types_within(value: object) -> set[type]:
    inner = [*value.keys(), *value.values()] if isinstance(value, dict) else []
    inner += value if isinstance(value, list | deque) else []
    return {type(value)}.union(*map(types_within, inner))


def test_work_for_a_sample_does_not_grow_with_the_window(function, new_context):
    assert lines_of_100_calls(function, new_context(), 0.01) == lines_of_100_calls(function, new_context(), 5)


def lines_of_100_calls(function, context, spacing: float) -> int:
    """How many lines of handler.py run in 100 calls when the window is full."""
    in_window = round(60 / spacing)
    for index in range(in_window):
        function.handler(sample(index * spacing, cpu0=index % 100, cpu1=1), context)
    run = 0

    def count(frame, event, argument):
        nonlocal run
        run += event == "line"
        return count if frame.f_code.co_filename == function.__file__ else None

    previous = sys.gettrace()
    for index in range(in_window, in_window + 100):
        measurement = sample(index * spacing, cpu0=index % 100, cpu1=1)
        sys.settrace(count)
        try:
            function.handler(measurement, context)
        finally:
            sys.settrace(previous)
    assert len(context.env["samples"]) == in_window
    assert run > 0
    return run


def test_means_do_not_drift(function, new_context):
    chance = random.Random(1)
    context = new_context()
    window = deque(maxlen=12)
    for index in range(20_000):
        # Loads of very different size: with sums of floats, the small ones drown in the rounding errors.
        load = chance.choice([0.1, 33.3, 99.9, 0.000001, 123456789.7])
        window.append(sample(index * 5, cpu0=load, cpu1=round(chance.uniform(0, 100), 1)))
        output = function.handler(window[-1], context)
        if index % 100 == 0:
            assert output == calculate(list(window))
    for index in range(20_000, 20_012):
        output = function.handler(sample(index * 5, cpu0=0.1, cpu1=0.0), context)

    assert output["avg-util-cpu0-60sec"] == 0.1
    assert output["avg-util-cpu1-60sec"] == 0
    assert context.env["sums"] == {0: 1_200_000, 1: 0}
    assert len(context.env["samples"]) == 12
