def handler(input, context):
    return {"x": 1 << (8 * 1024**2)}
