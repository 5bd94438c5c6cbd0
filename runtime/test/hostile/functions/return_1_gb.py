def handler(input, context):
    return {"x": "x" * 1024**3}
