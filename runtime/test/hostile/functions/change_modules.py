import builtins
import json
import sys

import orjson


def handler(input, context):
    """Breaks what all Python in this process uses. Workers that are forked later must not have it."""
    for name in list(sys.modules):
        if name not in ("sys", "builtins") and not name.startswith("gaugelet_worker"):
            sys.modules[name] = None
    json.loads = json.dumps = orjson.loads = orjson.dumps = None
    builtins.len = builtins.print = builtins.open = builtins.isinstance = None
    return {"could": []}
