"""The `context` that a handler is called with."""

import copy
import datetime
import json

import pytest

from gaugelet_worker.context import Context, set_env, set_event, set_fields, set_last_execution

FIELDS = {
    "host": "127.0.0.1",
    "port": 6379,
    "output_key": "usage",
    "shard": "node-1",
    "function_getmtime": "2026-11-21 05:54:49",
}
OF_AN_EVENT = [
    "input_key",
    "topic",
    "partition",
    "offset",
    "key",
    "timestamp",
    "attempt",
    "event_id",
    "headers",
    "events",
]
READ_ONLY = [*FIELDS, *OF_AN_EVENT, "last_execution"]


@pytest.fixture
def context() -> Context:
    context = Context(dict(FIELDS), {"kept": 1})
    set_event(context, b'{"inputKey":"metrics"}')
    return context


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_what_was_given(context, field):
    assert getattr(context, field) == FIELDS[field]


@pytest.mark.parametrize("field", READ_ONLY)
def test_a_field_cannot_be_set_and_the_error_names_it(context, field):
    before = getattr(context, field)
    with pytest.raises(AttributeError, match=f"^context.{field} is read-only$"):
        setattr(context, field, "other")
    assert getattr(context, field) == before


@pytest.mark.parametrize("field", [*READ_ONLY, "env", "other"])
def test_nothing_can_be_deleted_and_the_error_names_it(context, field):
    with pytest.raises(AttributeError, match=f"^context.{field} cannot be deleted$"):
        delattr(context, field)


def test_a_field_that_does_not_exist_is_named_with_those_that_do(context):
    with pytest.raises(AttributeError) as caught:
        _ = context.inputkey
    fields = ", ".join(sorted(["env", *READ_ONLY]))
    assert str(caught.value) == f"context has no field 'inputkey'; it has {fields}"
    assert not hasattr(context, "other")
    assert getattr(context, "other", 7) == 7


def test_a_field_that_does_not_exist_cannot_be_set_and_env_is_pointed_to(context):
    with pytest.raises(AttributeError, match=r"no field 'count' to set; keep .* in context\.env\['count'\]$"):
        context.count = 1


@pytest.mark.parametrize("field", ["_env", "_fields", "_last_execution", "__class__", "__dict__"])
def test_the_inside_cannot_be_set(context, field):
    with pytest.raises(AttributeError):
        setattr(context, field, {})
    assert context.env == {"kept": 1}


def test_env_is_the_dict_that_was_given_and_can_be_changed():
    env = {}
    context = Context(dict(FIELDS), env)
    context.env["a"] = 1
    context.env.update(b=2)
    assert context.env is env
    assert env == {"a": 1, "b": 2}


@pytest.mark.parametrize("env", [{}, {"new": 1}, type("Table", (dict,), {})(a=1)])
def test_env_can_be_replaced_by_another_dict(context, env):
    context.env = env
    assert context.env is env


@pytest.mark.parametrize(("value", "kind"), [(None, "NoneType"), ([], "list"), ("{}", "str"), (1, "int")])
def test_env_cannot_be_replaced_by_anything_else(context, value, kind):
    with pytest.raises(TypeError, match=f"^context.env must be a dict, not {kind}$"):
        context.env = value
    assert context.env == {"kept": 1}


def test_its_names_are_listed(context):
    assert dir(context) == sorted(["env", *READ_ONLY])


def test_it_is_shown_with_its_fields_but_without_what_env_holds(context):
    shown = repr(context)
    assert "host='127.0.0.1', input_key='metrics', last_execution=None," in shown
    assert shown.endswith("env with 1 keys)")


def test_copying_it_is_an_ordinary_error(context):
    with pytest.raises(AttributeError):
        copy.copy(context)


def test_the_last_execution_is_local_time_without_a_zone():
    now = datetime.datetime.now()
    context = Context(FIELDS, {}, now.timestamp() * 1000)
    assert context.last_execution == now
    assert context.last_execution.tzinfo is None
    assert Context(FIELDS, {}, 0.0).last_execution == datetime.datetime.fromtimestamp(0)


def test_there_is_no_last_execution_before_the_first(context):
    assert context.last_execution is None


def test_the_next_call_is_given_the_same_object_with_other_values(context):
    env = {}
    assert context.input_key == "metrics"
    set_fields(context, {"output_key": "other"})
    set_event(context, b'{"topic":"readings","partition":1,"offset":5,"timestamp":7}')
    set_last_execution(context, 0.0)
    set_env(context, env)
    assert dir(context) == sorted(["env", "last_execution", "output_key", *OF_AN_EVENT])
    assert context.output_key == "other"
    assert (context.input_key, context.topic, context.event_id) == (None, "readings", "readings/1/5")
    assert context.last_execution == datetime.datetime.fromtimestamp(0)
    assert context.env is env


def test_an_event_of_no_topic_has_nothing_of_one(context):
    shown = {name: getattr(context, name) for name in OF_AN_EVENT}
    nothing = dict.fromkeys(OF_AN_EVENT) | {"input_key": "metrics", "attempt": 1, "headers": {}}
    assert shown == nothing
    assert "topic" not in repr(context)


def test_an_event_of_a_topic_says_where_it_stands(context):
    head = {
        **{"topic": "t", "partition": 2, "offset": "17-0", "timestamp": 5, "key": "k", "attempt": 3},
        **{"headers": {"a": "b"}, "eventId": "x>f"},
    }
    set_event(context, json.dumps(head).encode())
    shown = {name: getattr(context, name) for name in OF_AN_EVENT}
    own = {name: value for name, value in head.items() if name != "eventId"}
    assert shown == {"input_key": None, "events": None, "event_id": "x>f", **own}
    assert "topic='t'" in repr(context)


def test_a_list_says_of_each_event_where_it_stands(context):
    set_event(
        context,
        b'{"topic":"t","partition":0,"offset":6,"timestamp":2,"events":[{"offset":5,"timestamp":1},'
        b'{"offset":6,"timestamp":2,"key":"k","headers":{"h":"v"},"eventId":"own"}]}',
    )
    assert context.events == [
        {"offset": 5, "timestamp": 1, "key": None, "headers": {}, "event_id": "t/0/5"},
        {"offset": 6, "timestamp": 2, "key": "k", "headers": {"h": "v"}, "event_id": "own"},
    ]
