import pickle
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

values = st.floats(-1e9, 1e9)
keyed = st.tuples(st.sampled_from(["a", "b", None]), values)


def call(function, context, *events):
    """Call with events, each a key and a value."""
    context.__dict__["events"] = [{"key": key} for key, _ in events]
    return function.handler([{"value": value} for _, value in events], context)


def test_each_key_has_an_average_of_its_own(function, new_context):
    output = call(function, new_context(), ("a", 1), ("b", 10), ("a", 2), (None, 5))

    assert output == {"average-a": 1.5, "average-b": 10, "average": 5}


def test_only_the_newest_20_count(function, new_context):
    context = new_context()
    for value in range(100):
        output = call(function, context, ("a", value))

    assert output == {"average-a": statistics.mean(range(80, 100))}


@given(events=st.lists(keyed, min_size=1, max_size=80), cut=st.integers(0, 80))
@settings(deadline=None)
def test_how_events_are_put_into_lists_does_not_matter(function, new_context, events, cut):
    whole, parts = new_context(), new_context()
    expected = call(function, whole, *events)
    for part in (events[:cut], events[cut:]):
        if part:
            output = call(function, parts, *part)
            parts.env = pickle.loads(pickle.dumps(parts.env))

    assert output == expected
    for key, window in whole.env["windows"].items():
        assert list(window) == [value for each, value in events if each == key][-20:]


@pytest.mark.parametrize("value", [None, "1", True, [], float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_an_error_that_shows_it(function, new_context, value):
    with pytest.raises(ValueError) as raised:
        call(function, new_context(), ("a", value))

    assert str(raised.value) == f"the event's value is {value!r}; expected a number"


@pytest.mark.parametrize("event", [None, 3, "text", []])
def test_an_event_that_is_no_object_is_an_error(function, new_context, event):
    context = new_context()
    context.__dict__["events"] = [{"key": "a"}]
    with pytest.raises(ValueError, match="expected a number"):
        function.handler([event], context)


def test_keys_that_had_no_event_for_longest_are_forgotten(function, new_context):
    context = new_context()
    call(function, context, *((str(number), number) for number in range(1000)))
    output = call(function, context, ("0", 0), ("new", 7))

    assert len(output) == 1000
    assert "average-1" not in output
    assert output["average-0"] == 0
    assert output["average-new"] == 7
