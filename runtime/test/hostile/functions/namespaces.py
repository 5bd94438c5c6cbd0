import os

from probe import Tries, checked, libc, system_call

KINDS = {
    "user": 0x10000000,
    "mount": 0x20000,
    "pid": 0x20000000,
    "network": 0x40000000,
    "ipc": 0x8000000,
    "host name": 0x4000000,
    "control group": 0x2000000,
}


def handler(input, context):
    tries = Tries()
    for name, flag in KINDS.items():
        tries(f"make a {name} namespace", lambda flag=flag: in_child(lambda: checked(libc.unshare(flag))))
        if name != "user":
            both = flag | KINDS["user"]
            tries(
                f"make a {name} namespace within a user namespace",
                lambda both=both: in_child(lambda: checked(libc.unshare(both))),
            )
    tries("make a user namespace by clone3", clone3)
    tries("enter the runtime's namespaces", lambda: enter(f"/proc/{input['pids']['runtime']}/ns/mnt"))
    tries("enter the first process's namespaces", lambda: os.getpid() > 10 and enter("/proc/1/ns/mnt"))
    return tries.result()


def in_child(action) -> bool:
    pid = os.fork()
    if pid == 0:
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def clone3() -> bool:
    import ctypes

    arguments = (ctypes.c_uint64 * 8)(KINDS["user"], 0, 0, 0, 17, 0, 0, 0)
    pid = system_call("clone3", arguments, 64)
    if pid == 0:
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def enter(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    checked(libc.setns(descriptor, 0))
