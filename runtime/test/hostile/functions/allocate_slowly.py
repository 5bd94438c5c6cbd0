def handler(input, context):
    kept = []
    while True:
        kept.append(bytearray(1024**2))
