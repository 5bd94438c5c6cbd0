import os
import socket


def handler(input, context):
    with open("/proc/self/uid_map") as file:
        users = file.read().split()
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    return {
        "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()),
        "root": sorted(os.listdir("/")),
        "users": users,
        "networks": sorted(name for _, name in socket.if_nameindex()),
        "seccomp": int(status["Seccomp"]),
        "no_new_privileges": int(status["NoNewPrivs"]),
        "capabilities": int(status["CapEff"], 16),
    }
