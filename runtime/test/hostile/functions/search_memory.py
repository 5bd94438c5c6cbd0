import re


def handler(input, context):
    """Looks for secrets of others in all of its own memory, which is a copy of the zygote's.

    One of its own shows that it finds them.
    """
    own = input["secretBegins"] + "0" * 16
    found = search(input["secretBegins"].encode())
    if own not in found:
        raise RuntimeError("the search does not find what is there")
    others = [secret for secret in found if secret != own]
    return {"could": ["find secrets of others"] if others else [], "seen": others}


def search(beginning: bytes) -> list[str]:
    pattern = re.compile(re.escape(beginning) + rb"[0-9a-f]{16}")
    found = set()
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps.read().splitlines():
            span, rights = line.split()[:2]
            if not rights.startswith("rw") or line.endswith(("[vvar]", "[vsyscall]")):
                continue
            start, end = (int(text, 16) for text in span.split("-"))
            for at in range(start, end, 1 << 20):
                try:
                    memory.seek(at)
                    found.update(pattern.findall(memory.read(min(1 << 20, end - at))))
                except (OSError, ValueError, OverflowError):
                    continue
    return sorted(text.decode() for text in found)
