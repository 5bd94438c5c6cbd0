"""Which limit of the manifest an error of a handler comes from."""

import errno
import linecache
from types import TracebackType

_BY_ERRNO = {
    errno.ENOMEM: "memory",
    errno.EMFILE: "openFiles",
    errno.EAGAIN: "processes",
    errno.ENOSPC: "disk",
    errno.EFBIG: "disk",
    errno.EDQUOT: "disk",
}


def limit_of(error: BaseException) -> str | None:
    """The name of the limit, where the error, or the one that it was raised from, is one of resources."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, MemoryError):
            return "memory"
        if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
            return "processes"
        # EAGAIN of a socket that does not block is no limit; of a fork it is.
        if isinstance(error, OSError) and not (error.errno == errno.EAGAIN and not _is_fork(error)):
            return _BY_ERRNO.get(error.errno)
        error = error.__cause__ or error.__context__
        seen += 1
    return None


def _is_fork(error: BaseException) -> bool:
    """Whether the last Python line of the traceback is one that starts a process."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None:
        frames = frames.tb_next
    return frames is not None and "fork" in _line_of(frames)


def _line_of(frames: TracebackType) -> str:
    return linecache.getline(frames.tb_frame.f_code.co_filename, frames.tb_lineno)
