"""Records of `logging` as JSON lines on a descriptor."""

import json
import logging
import os

import pytest

from gaugelet_worker.logs import RecordHandler

LONGEST_LINE = 8192


class Pipe:
    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def records(self) -> list[dict]:
        """Everything written, after the writing end is closed."""
        os.close(self.writing)
        with open(self.reading, "rb") as stream:
            lines = stream.read().split(b"\n")
        assert lines.pop() == b""
        assert all(len(line) <= LONGEST_LINE for line in lines)
        return [json.loads(line) for line in lines]


@pytest.fixture
def pipe() -> Pipe:
    return Pipe()


@pytest.fixture
def logger(pipe):
    logger = logging.Logger("users.module")
    logger.addHandler(RecordHandler(pipe.writing))
    return logger


def test_a_record_is_a_line_with_its_level_logger_and_message(pipe, logger):
    logger.warning("%d of %s", 3, "four")
    logger.log(15, "between")
    logger.critical("")
    assert pipe.records() == [
        {"level": "WARNING", "logger": "users.module", "message": "3 of four"},
        {"level": "Level 15", "logger": "users.module", "message": "between"},
        {"level": "CRITICAL", "logger": "users.module", "message": ""},
    ]


@pytest.mark.parametrize(
    "message", ['"quoted" \\ and\ttabs', "two\nlines\r\n", "größe 😀", "\0\x1b[31m", "{}%s"]
)
def test_any_text_stays_one_line_and_comes_back(pipe, logger, message):
    logger.info(message)
    assert [record["message"] for record in pipe.records()] == [message]


def test_what_is_not_unicode_is_escaped(pipe, logger):
    logger.info("file %s", b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert pipe.records()[0]["message"] == "file caf\\udce9"


def test_an_exception_comes_with_its_traceback(pipe, logger):
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logger.exception("failed")
    message = pipe.records()[0]["message"]
    assert message.startswith("failed\nTraceback (most recent call last):\n")
    assert message.endswith("\nZeroDivisionError: division by zero")


@pytest.mark.parametrize("unit", ["x", "ö", "😀", '"', "\n", "\0"], ids=ascii)
def test_a_long_message_is_cut_and_is_still_a_record(pipe, logger, unit):
    logger.info("begins " + unit * 100_000)
    logger.info("next")
    first, second = pipe.records()
    assert first["message"].startswith("begins " + unit * 500)
    assert first["message"].endswith("… (cut)")
    assert second["message"] == "next"


def test_a_message_that_just_fits_is_not_cut(pipe, logger):
    empty = len(json.dumps({"level": "INFO", "logger": "users.module", "message": ""}, separators=(",", ":")))
    message = "x" * (LONGEST_LINE - empty)
    logger.info(message)
    assert [record["message"] for record in pipe.records()] == [message]


def test_a_broken_pipe_does_not_disturb_the_function(pipe, logger, capfd):
    os.close(pipe.reading)
    logger.error("nobody hears")
    os.close(pipe.writing)
    logger.error("nor now")
    assert capfd.readouterr() == ("", "")


def test_a_record_that_cannot_be_formatted_is_told_on_stderr_and_the_next_is_written(pipe, logger, capfd):
    logger.info("%d", "no number")
    logger.info("next")
    assert "TypeError" in capfd.readouterr().err
    assert [record["message"] for record in pipe.records()] == ["next"]
