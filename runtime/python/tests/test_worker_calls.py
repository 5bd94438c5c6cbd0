"""A worker process: loading a function and calling it."""

import sys

import pytest

from gaugelet_worker.frames import FrameType

ECHO = "def handler(input, context):\n    return {'got': input}\n"


def test_a_function_is_loaded(folder, worker):
    folder.write("usermodule.py", ECHO)
    answer = worker.load()
    assert (answer.type, answer.body) == (FrameType.LOADED, b"")
    assert answer.head.keys() == {"runtime", "pid", "importSeconds"}
    assert answer.head["runtime"] == f"Python {sys.version.split()[0]}"
    assert answer.head["pid"] == worker.process.pid
    assert answer.head["importSeconds"] >= 0


def test_a_function_that_cannot_be_loaded_is_told_and_the_worker_goes_on(folder, worker):
    folder.write("usermodule.py", "def handler(\n")
    answer = worker.load()
    assert (answer.type, answer.body) == (FrameType.LOAD_FAILED, b"")
    assert answer.head == {
        "message": f"SyntaxError in {folder.path}/usermodule.py, line 1: '(' was never closed",
        "details": "def handler(",
    }
    folder.write("other.py", ECHO)
    assert worker.load("other.handler").type == FrameType.LOADED
    worker.restore()
    assert worker.invoke({"a": 1}).value == {"got": {"a": 1}}


def test_an_error_at_import_that_is_not_unicode_is_told(folder, worker):
    folder.write("usermodule.py", "raise ValueError('\\udce9')\n")
    answer = worker.load()
    assert answer.type == FrameType.LOAD_FAILED
    assert answer.head["message"] == "importing 'usermodule' failed: ValueError: \udce9"


def test_a_call_is_answered_with_the_output(loaded):
    result = loaded(ECHO).invoke({"größe": [1, None, "😀"]})
    assert result.output == '{"got":{"größe":[1,null,"😀"]}}'.encode()
    assert (result.id, result.outcome, result.head) == (1, "ok", {})
    assert result.seconds > 0
    assert result.cpu_seconds >= 0
    assert result.memory_bytes > 1024**2


def test_modules_of_the_function_named_like_pythons_own_do_not_disturb_the_worker(folder, loaded):
    for name in ("json", "socket", "logging", "orjson", "resource", "traceback"):
        folder.write(f"{name}.py", "raise RuntimeError('not for you')\n")
    assert loaded(ECHO).invoke({"a": 1}).value == {"got": {"a": 1}}


def test_a_large_event_and_a_large_output_go_through(loaded):
    worker = loaded("def handler(input, context):\n    return {'text': input['text'][:1_000_000]}\n")
    assert len(worker.invoke({"text": "x" * 5_000_000}).value["text"]) == 1_000_000


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (b"", "the input is empty; a JSON object was expected"),
        (b"[1]", "the input is a value of type list; a JSON object was expected"),
        (b"\xff", "the input is not JSON: "),
    ],
)
def test_what_is_no_input_is_rejected_and_the_handler_not_called(loaded, event, message):
    worker = loaded(
        "def handler(input, context):\n    context.env['called'] = True\n    return context.env\n"
    )
    result = worker.invoke(event)
    assert result.outcome == "rejected"
    assert result.head["message"].startswith(message)
    assert result.head.keys() == {"message"}
    assert result.output == b""
    assert worker.snapshot().head == {"problem": None}
    assert b"called" not in worker.snapshot().body


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("pass", "handler returned None; a dict was expected; did you forget `return`?"),
        ("return [1]", "handler returned a value of type list; a dict was expected"),
        (
            "return {'a': b''}",
            'the output cannot be JSON: "a" holds bytes, which are not JSON;'
            " decode them to str, or use base64",
        ),
        ("return {'a': 'x' * 2_000_000}", "the output is 2,000,008 bytes, more than the limit of 1,048,576;"),
    ],
)
def test_what_is_no_output_is_an_error_without_a_traceback(loaded, source, message):
    worker = loaded(f"def handler(input, context):\n    {source}\n")
    result = worker.invoke()
    assert result.outcome == "error"
    assert result.head["message"].startswith(message)
    assert "details" not in result.head
    assert result.output == b""


def test_a_coroutine_function_is_told(loaded):
    result = loaded("async def handler(input, context):\n    return {}\n").invoke()
    assert result.head["message"] == (
        "handler returned a coroutine (write `def` instead of `async def`, and `asyncio.run` in it);"
        " a dict was expected"
    )


RAISED = {
    "ValueError: not this": "raise ValueError('not this')",
    "KeyError: 'missing'": "input['missing']",
    "Problem: own": "raise Problem('own')",
    "ZeroDivisionError: division by zero": "1 / 0",
    "AttributeError: context.port is read-only": "context.port = 1",
    "handler called sys.exit(0); return instead": "sys.exit(0)",
    "handler called sys.exit('text'); return instead": "sys.exit('text')",
    "handler called sys.exit(…); return instead": "sys.exit(Unreadable())",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "AssertionError": "assert False",
    "Unprintable: <exception str() failed>": "raise Unprintable()",
    "ValueError: \udce9": "raise ValueError('\\udce9')",
}


@pytest.mark.parametrize(("message", "source"), RAISED.items(), ids=map(ascii, RAISED))
def test_what_a_handler_raises_is_an_error_with_its_own_traceback(folder, loaded, message, source):
    worker = loaded(
        "import sys\n"
        "class Problem(Exception): pass\n"
        "class Unprintable(Exception):\n    def __str__(self): raise RuntimeError\n"
        "class Unreadable:\n    def __repr__(self): raise RuntimeError\n"
        f"def deeper(input, context):\n    {source}\n"
        "def handler(input, context):\n    deeper(input, context)\n"
    )
    result = worker.invoke()
    assert result.outcome == "error"
    assert result.head["message"].removeprefix("usermodule.") == message
    assert "limit" not in result.head
    lines = result.head["details"].splitlines()
    assert lines[1] == f'  File "{folder.path}/usermodule.py", line 10, in handler'
    assert "serving.py" not in result.head["details"]
    assert worker.invoke().id == 2


def test_endless_recursion_is_an_error_of_a_length_that_can_be_read(loaded):
    worker = loaded("def handler(input, context):\n    return handler(input, context)\n")
    result = worker.invoke()
    assert result.head["message"].startswith("RecursionError: maximum recursion depth exceeded")
    assert len(result.head["details"].splitlines()) < 100
    assert worker.invoke().outcome == "error"


def test_what_became_null_is_named(loaded):
    worker = loaded("def handler(input, context):\n    return {'a': [1, float('nan')], 'b': float('inf')}\n")
    result = worker.invoke()
    assert result.value == {"a": [1, None], "b": None}
    assert result.head == {"notFinite": ["a[1]", "b"]}
