import os

from probe import Tries


def handler(input, context):
    tries = Tries()
    for folder in ("/", "/etc", "/usr/lib", "/root", "/home", "/run", "/var/lib"):
        tries(f"write into {folder}", lambda folder=folder: write(folder, input["token"]))
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        # Whether that is the machine's own folder can be seen from outside alone.
        tries(f"write into {folder}", lambda folder=folder: write(folder, input["token"]))
    return tries.result()


def write(folder: str, token: str) -> None:
    with open(os.path.join(folder, token), "x") as file:
        file.write("was here")
