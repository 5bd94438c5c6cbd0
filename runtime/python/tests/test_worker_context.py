"""A worker process: what it tells a handler of the call."""

import datetime

FIELDS = (
    "def handler(input, context):\n"
    "    fields = {name: getattr(context, name) for name in dir(context)}\n"
    "    return fields | {'naive': getattr(context.last_execution, 'tzinfo', None) is None}\n"
)


NO_TOPIC = {
    **{"topic": None, "partition": None, "offset": None, "key": None, "timestamp": None},
    **{"attempt": 1, "event_id": None, "headers": {}, "events": None},
}


def test_the_context_says_what_the_function_the_shard_and_the_call_say(folder, loaded):
    worker = loaded(FIELDS)
    worker.restore(shard=1, name="node-1:eth0", outputKey="usage:node-1:eth0")
    stored = datetime.datetime.now().replace(microsecond=123000)
    changed = datetime.datetime.fromtimestamp((folder.path / "usermodule.py").stat().st_mtime)
    call = {"head": {"inputKey": "in"}, "last_execution": stored.timestamp() * 1000}
    assert worker.invoke(shard=1, **call).value == {
        "host": "redis.example",
        "port": 6380,
        "input_key": "in",
        "output_key": "usage:node-1:eth0",
        "shard": "node-1:eth0",
        "function_getmtime": f"{changed:%Y-%m-%d %H:%M:%S}",
        "last_execution": stored.isoformat(),
        "naive": True,
        "env": {},
        **NO_TOPIC,
    }


def test_nothing_of_one_call_is_left_in_the_next(loaded):
    worker = loaded(FIELDS)
    head = {"topic": "t", "partition": 0, "offset": 1, "timestamp": 2, "headers": {"a": "b"}}
    first = worker.invoke(head={"inputKey": "a", **head}, last_execution=1000.0).value
    assert (first["input_key"], first["topic"], first["headers"]) == ("a", "t", {"a": "b"})
    second = worker.invoke(head={}).value
    assert {name: second[name] for name in NO_TOPIC} == NO_TOPIC
    assert (second["input_key"], second["last_execution"]) == (None, None)
    assert worker.invoke(head={"inputKey": None}).value["input_key"] is None
    assert worker.invoke(head={"inputKey": "b"}).value["input_key"] == "b"


def test_the_events_own_fields_are_written_as_python_writes_names(loaded):
    worker = loaded(FIELDS)
    head = {"inputKey": "k", "topic": "readings", "partition": 3, "offsetInPartition": 7, "größe": "ö"}
    expected = {"input_key": "k", "topic": "readings", "partition": 3, "offset_in_partition": 7, "größe": "ö"}
    value = worker.invoke(head=head).value
    assert {name: value[name] for name in expected} == expected


def test_calls_of_several_shards_in_a_row_have_each_their_own(loaded):
    source = "return {'is': [context.shard, context.output_key, context.input_key]}"
    worker = loaded(f"def handler(input, context):\n    {source}\n")
    for shard in (1, 2):
        worker.restore(shard=shard, name=f"s{shard}", outputKey=f"out:s{shard}")
    a, b = {"inputKey": "a"}, {"inputKey": "b"}
    calls = [(1, a), (2, a), (1, {}), (2, b), (1, b)]
    found = [worker.invoke(shard=shard, head=head).value["is"] for shard, head in calls]
    assert found == [[f"s{shard}", f"out:s{shard}", head.get("inputKey")] for shard, head in calls]
    assert worker.invoke().value["is"] == ["", "usage", "metrics"]


def test_a_handler_that_raises_leaves_nothing_in_the_context(loaded):
    worker = loaded(
        "def handler(input, context):\n"
        "    if 'fail' in input: raise ValueError(context.topic)\n"
        "    return {'topic': context.topic}\n"
    )
    assert worker.invoke({"fail": 1}, head={"topic": "t"}).head["message"] == "ValueError: t"
    assert worker.invoke().value == {"topic": None}
