def handler(input, context):
    value = {}
    for _ in range(100_000):
        value = {"x": value}
    return value
