import contextlib
import os
import resource
import tempfile


def handler(input, context):
    os.chdir(tempfile.gettempdir())
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    os.abort()
