import json


def handler(input, context):
    """A function whose workers come and go: each call may be the first of a new one."""
    return {"sum": len(json.dumps([1, 2, 3])), "env": len(context.env)}
