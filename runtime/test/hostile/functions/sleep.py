import time


def handler(input, context):
    time.sleep(3600)
