import os

from probe import Tries, read


def handler(input, context):
    tries = Tries()
    process = f"/proc/{input['pids']['neighbour']}"
    seen = tries("read another worker's environment", lambda: read(f"{process}/environ", 65536))
    tries("open another worker's memory", lambda: open(f"{process}/mem", "rb").close())
    tries("list another worker's open files", lambda: os.listdir(f"{process}/fd"))
    tries("enter another worker's folder", lambda: os.listdir(f"{process}/cwd/"))
    tries("read another worker's command line", lambda: read(f"{process}/cmdline"))
    tries(
        "see processes of others", lambda: len([name for name in os.listdir("/proc") if name.isdigit()]) > 3
    )
    return tries.result(seen=seen)
