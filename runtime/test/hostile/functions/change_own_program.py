import ctypes

from probe import libc


def handler(input, context):
    """Writes over the C library's code, through /proc/self/mem, which heeds no protection of pages."""
    address = ctypes.cast(libc.getpid, ctypes.c_void_p).value
    with open("/proc/self/mem", "r+b", 0) as memory:
        memory.seek(address)
        # mov eax, 1; ret
        memory.write(b"\xb8\x01\x00\x00\x00\xc3")
    return {"could": [] if libc.getpid() == 1 else ["leave it"]}
