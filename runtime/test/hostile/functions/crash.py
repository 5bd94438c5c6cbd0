import ctypes


def handler(input, context):
    ctypes.string_at(0)
