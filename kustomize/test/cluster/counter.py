def handler(input, context):
    env = context.env
    env["count"] = env.get("count", 0) + 1
    env["sum"] = env.get("sum", 0) + input["number"]
    return {"count": env["count"], "sum": env["sum"], "newest": input["number"]}
