def handler(input, context):
    while True:
        pass
