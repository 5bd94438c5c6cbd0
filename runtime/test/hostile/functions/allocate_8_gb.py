def handler(input, context):
    return {"could": [f"have {len(bytearray(8 * 1024**3))} bytes"]}
