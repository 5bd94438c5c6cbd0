def handler(input, context):
    return {"could": ["be called"]}
