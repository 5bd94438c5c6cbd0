"""Which limit of the manifest an error of a handler comes from."""

import errno

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
        if isinstance(error, OSError) and not (error.errno == errno.EAGAIN and not _starts_process(error)):
            return _BY_ERRNO.get(error.errno)
        error = error.__cause__ or error.__context__
        seen += 1
    return None


def _starts_process(error: BaseException) -> bool:
    """Whether the function that the error came from is one that starts processes.

    By the names that its code uses: a worker with a user of its own may not be able to read the source.
    """
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None:
        frames = frames.tb_next
    names = () if frames is None else frames.tb_frame.f_code.co_names
    return any("fork" in name or "spawn" in name for name in names)
