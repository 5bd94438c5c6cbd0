import http.client

from probe import Tries


def handler(input, context):
    tries = Tries()
    tries("read the runtime's status page", lambda: get(input["ports"]["runtime"], "/"))
    tries("call another function", lambda: post(input["ports"]["runtime"], "/functions/newcomer"))
    tries("read the runtime's metrics", lambda: get(input["ports"]["management"], "/metrics"))
    return tries.result()


def get(port: int, path: str) -> bool:
    return request(port, "GET", path)


def post(port: int, path: str) -> bool:
    return request(port, "POST", path, b"{}")


def request(port: int, method: str, path: str, body: bytes | None = None) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    connection.request(method, path, body)
    return connection.getresponse().status == 200
