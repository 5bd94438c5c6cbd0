"""The pipe over which a fresh process says whether it has become a worker."""

import os

from gaugelet_worker.frames import encode_head


class Report:
    """The writing end. It is closed before any of the function's code runs."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def say(self, **message: object) -> None:
        """Write one message, of less than a page, so that it is written whole."""
        os.write(self.descriptor, encode_head(message) + b"\n")

    def close(self) -> None:
        """Nothing more is said."""
        os.close(self.descriptor)
