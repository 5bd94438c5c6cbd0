from probe import Tries, read


def handler(input, context):
    tries = Tries()
    for path in ("/etc/shadow", "/etc/gshadow"):
        tries(f"read {path}", lambda path=path: read(path, 1))
    return tries.result()
