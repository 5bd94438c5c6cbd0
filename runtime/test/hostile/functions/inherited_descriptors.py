import os

from probe import Tries


def handler(input, context):
    tries = Tries()
    mine = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            mine[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
    more = {name: target for name, target in mine.items() if int(name) > 5}
    tries.could = [f"use {target}" for target in more.values()]
    return tries.result(found=mine)
