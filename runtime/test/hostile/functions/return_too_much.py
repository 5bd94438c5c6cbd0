def handler(input, context):
    return {"x": "x" * 4 * 1024**2}
