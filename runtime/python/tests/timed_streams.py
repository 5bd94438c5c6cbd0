"""The runtime's ends of pipes, for tests: nothing is waited for without end."""

import os
import select

from gaugelet_worker.frames import FrameStream

TIMEOUT_SECONDS = 30


class TimedStream(FrameStream):
    """Raises TimeoutError where nothing comes."""

    def receive(self, within: float = 0) -> bool | None:
        received = super().receive(within or TIMEOUT_SECONDS)
        if received is None and not within:
            raise TimeoutError(f"no frame came within {TIMEOUT_SECONDS} s")
        return received

    def close_requests(self) -> None:
        """Ask for nothing more."""
        os.close(self._writing)


def read_some(descriptor: int) -> bytes:
    """What has come, or comes now; nothing at the end. Raises TimeoutError."""
    if not select.select([descriptor], [], [], TIMEOUT_SECONDS)[0]:
        raise TimeoutError(f"nothing came within {TIMEOUT_SECONDS} s")
    return os.read(descriptor, 65_536)
