"""The reference handler as a function of functions-framework. HANDLER_FOLDER: where its handler.py lies."""

import os
import sys
from types import SimpleNamespace

import flask

sys.path.insert(0, os.environ["HANDLER_FOLDER"])
from handler import handler

context = SimpleNamespace(env={})


def call(request: flask.Request) -> flask.Response:
    """Answer one request, the way its documentation shows."""
    return flask.jsonify(handler(request.get_json(), context))
