from functools import partial

from probe import Tries, read


def handler(input, context):
    """What may hold the operator's secrets: environment and memory of the runtime and of the zygote."""
    tries = Tries()
    seen = {}
    for name in ("runtime", "zygote"):
        process = f"/proc/{input['pids'][name]}"
        environment, memory = f"{process}/environ", f"{process}/mem"
        seen[name] = tries(f"read the {name}'s environment", partial(read, environment, 65536))
        tries(f"open the {name}'s memory", partial(read, memory, 0))
    return tries.result(seen=seen)
