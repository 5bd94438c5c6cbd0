"""Puts together the parts of a launch: its frame and its four connections, in whatever order they come."""

import collections
import dataclasses
import selectors
import socket
import time
from collections.abc import Callable, Iterator

from gaugelet_worker.control import wipe
from gaugelet_worker.specification import LaunchSpec
from gaugelet_worker.streams import DESCRIPTORS, Stream, StreamListener, UnlabelledStream

# The runtime opens the connections and writes the frame at once.
_PATIENCE_SECONDS = 30
_REMEMBERED = 256


@dataclasses.dataclass(slots=True)
class Arrival:
    """A launch, whole or not yet."""

    since: float
    spec: LaunchSpec | None = None
    environment: bytearray = dataclasses.field(default_factory=bytearray)
    streams: dict[int, socket.socket] = dataclasses.field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return self.spec is not None and self.streams.keys() == DESCRIPTORS

    def close(self) -> None:
        """Let go of all parts."""
        wipe(self.environment)
        for connection in self.streams.values():
            connection.close()


class Arrivals:
    """Launches of which a part is missing. Calls `start` for each that is whole."""

    def __init__(self, selector: selectors.BaseSelector, start: Callable[[Arrival], None]) -> None:
        self._selector = selector
        self._start = start
        self._listener = StreamListener()
        self._unlabelled: dict[UnlabelledStream, float] = {}
        self._launches: dict[int, Arrival] = {}
        # Launches that are over, whose last connections may still be on their way.
        self._over: collections.deque[int] = collections.deque(maxlen=_REMEMBERED)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    @property
    def address(self) -> str:
        """Where the connections are made to."""
        return self._listener.name

    def __bool__(self) -> bool:
        return bool(self._unlabelled or self._launches)

    def add(self, spec: LaunchSpec, environment: bytearray) -> None:
        """The frame of a launch has come."""
        arrival = self._of(spec.launch)
        arrival.spec, arrival.environment = spec, environment
        self._start_if_whole(spec.launch)

    def withdraw(self, launch: int) -> bool:
        """Drop a launch; whether there was one."""
        arrival = self._launches.pop(launch, None)
        self._over.append(launch)
        if arrival is None:
            return False
        arrival.close()
        return arrival.spec is not None

    def overdue(self) -> Iterator[int]:
        """Drop what was not completed in time; gives the launches whose connections did not come."""
        before = time.monotonic() - _PATIENCE_SECONDS
        for unlabelled in [each for each, since in self._unlabelled.items() if since < before]:
            self._close(unlabelled)
        for launch in [each for each, arrival in self._launches.items() if arrival.since < before]:
            if self.withdraw(launch):
                yield launch

    def wipe(self) -> None:
        """Leave nothing of the environments in this process, which has become one worker's."""
        for arrival in self._launches.values():
            wipe(arrival.environment)

    def _of(self, launch: int) -> Arrival:
        return self._launches.setdefault(launch, Arrival(time.monotonic()))

    def _accept(self) -> None:
        for unlabelled in self._listener.accepted():
            self._unlabelled[unlabelled] = time.monotonic()
            react = lambda unlabelled=unlabelled: self._read_label(unlabelled)  # noqa: E731
            self._selector.register(unlabelled, selectors.EVENT_READ, react)

    def _read_label(self, unlabelled: UnlabelledStream) -> None:
        try:
            stream = unlabelled.read_label()
        except ConnectionError:
            self._close(unlabelled)
            return
        if stream is not None:
            self._forget(unlabelled)
            self._add_stream(stream)

    def _add_stream(self, stream: Stream) -> None:
        if stream.launch in self._over:
            stream.connection.close()
            return
        streams = self._of(stream.launch).streams
        if stream.descriptor in streams:
            streams[stream.descriptor].close()
        streams[stream.descriptor] = stream.connection
        self._start_if_whole(stream.launch)

    def _start_if_whole(self, launch: int) -> None:
        if self._launches[launch].is_whole:
            self._over.append(launch)
            self._start(self._launches.pop(launch))

    def _forget(self, unlabelled: UnlabelledStream) -> None:
        self._selector.unregister(unlabelled)
        del self._unlabelled[unlabelled]

    def _close(self, unlabelled: UnlabelledStream) -> None:
        self._forget(unlabelled)
        unlabelled.connection.close()
