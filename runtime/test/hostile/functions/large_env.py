def handler(input, context):
    context.env["large"] = "x" * 40 * 1024**2
    return {"could": []}
