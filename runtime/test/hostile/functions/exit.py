import os


def handler(input, context):
    os._exit(0)
