LINES = "\n".join(["x" * 99] * 10_000)


def handler(input, context):
    for _ in range(50):
        print(LINES)
    return {"could": []}
