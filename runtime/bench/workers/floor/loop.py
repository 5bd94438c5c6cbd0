"""The floor: one bare Python loop. Length-prefixed events in on descriptor 3, outputs out; nothing else.

Arguments: the folder that holds handler.py.
"""

import socket
import sys
from types import SimpleNamespace

import orjson

sys.path.insert(0, sys.argv[1])
from handler import handler

connection = socket.socket(fileno=3)
connection.setblocking(True)
context = SimpleNamespace(env={})
buffer = b""
while chunk := connection.recv(65536):
    buffer += chunk
    outputs = []
    start = 0
    while (body := start + 4) <= len(buffer):
        end = body + int.from_bytes(buffer[start:body])
        if end > len(buffer):
            break
        output = orjson.dumps(handler(orjson.loads(buffer[body:end]), context))
        outputs += (len(output).to_bytes(4), output)
        start = end
    buffer = buffer[start:]
    connection.sendall(b"".join(outputs))
