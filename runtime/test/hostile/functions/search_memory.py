import re

from probe import Tries


def handler(input, context):
    """Looks for secrets of others in all of its own memory, which is a copy of the zygote's."""
    tries = Tries()
    found = tries("read its own memory", lambda: search(input["secretBegins"].encode()))
    own = found is not None and context.env is not None
    tries.could = [f"find {count} secrets of others" for count in {len(found or [])} if count]
    return tries.result(searched=own, seen=found)


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
