import gaugelet_worker.codec
import gaugelet_worker.serving


def handler(input, context):
    """Replaces the shim's own parts, for the calls to come too."""
    serving = gaugelet_worker.serving
    serving.encode_output = lambda value, limit: (b"\xff no JSON", [])
    serving.limit_of = lambda error: "memory"
    serving.Worker._meter = lambda self: float("nan")
    serving.Worker._invoke = None
    return {"could": []}
