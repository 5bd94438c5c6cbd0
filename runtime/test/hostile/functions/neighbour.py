def handler(input, context):
    """Somebody else's function: it counts its events."""
    context.env["count"] = context.env.get("count", 0) + 1
    return {"count": context.env["count"], "n": input["n"]}
