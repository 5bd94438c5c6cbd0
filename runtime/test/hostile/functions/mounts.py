import os
import tempfile

from probe import Tries, checked, libc, system_call


def handler(input, context):
    tries = Tries()
    place = tempfile.mkdtemp().encode()
    tries("mount a file system", lambda: checked(libc.mount(b"none", place, b"tmpfs", 0, None)))
    tries("mount a folder elsewhere", lambda: checked(libc.mount(b"/", place, None, 0x1000, None)))
    tries("mount writable again", lambda: checked(libc.mount(None, b"/usr", None, 0x20 | 0x1000, None)))
    tries("unmount", lambda: checked(libc.umount2(b"/proc", 2)))
    tries("open a file system", lambda: os.close(system_call("fsopen", b"tmpfs", 0)))
    tries("clone a mount", lambda: os.close(system_call("open_tree", -100, b"/", 1)))
    tries("change its root", lambda: os.chroot(place))
    tries("open files by handle", open_by_handle)
    return tries.result()


def open_by_handle() -> None:
    import ctypes
    import struct

    directory = os.open("/", os.O_RDONLY)
    handle = ctypes.create_string_buffer(struct.pack("=IiII", 8, 1, 2, 0), 16)
    os.close(system_call("open_by_handle_at", directory, handle, os.O_RDONLY))
