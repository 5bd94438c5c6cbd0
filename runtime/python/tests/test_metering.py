from time import perf_counter, process_time

from gaugelet_worker.metering import Meter


def _compute(seconds: float) -> None:
    end = process_time() + seconds
    while process_time() < end:
        pass


def test_what_was_used_before_the_first_call_is_no_calls() -> None:
    _compute(0.05)
    meter = Meter()
    meter.pause()
    _compute(0.05)
    meter.resume()
    started = perf_counter()
    _compute(0.02)
    ended = perf_counter()
    while perf_counter() < ended + 0.002:
        pass
    assert 0.019 < meter.read(perf_counter(), perf_counter() - started) < 0.05
