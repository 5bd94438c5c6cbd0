def handler(input, context):
    kept = []
    for _ in range(100_000):
        kept.append(open("/dev/null"))  # noqa: SIM115
    return {"could": ["open 100,000 files"]}
