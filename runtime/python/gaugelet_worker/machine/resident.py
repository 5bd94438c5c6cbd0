"""The worker of a virtual machine: forked before the machine's memory is saved, it waits for its launch.

What it does not need the launch for is done by then, and is part of the saved memory: it has opened its
ports, has given up what it can and has rehearsed.
"""

import json
import marshal
import os
import traceback
from typing import Any, NoReturn

from gaugelet_worker.isolation import linux, process_level
from gaugelet_worker.isolation.place import Place
from gaugelet_worker.launch import (
    FIRST_FREE_DESCRIPTOR,
    Child,
    Launch,
    open_standard_streams,
    place_descriptors,
    prepare,
    reseed,
    run_child,
)
from gaugelet_worker.rehearsal import rehearse
from gaugelet_worker.report import Report
from gaugelet_worker.specification import LaunchSpec
from gaugelet_worker.streams import Descriptor

# By descriptor; src/workers/launch/machine/qemu.ts gives the ports their names. One is for both directions.
PORTS = {
    Descriptor.STDOUT: "stdout",
    Descriptor.STDERR: "stderr",
    Descriptor.ANSWERS: "frames",
    Descriptor.RECORDS: "records",
}

_CHUNK_BYTES = 65_536
# Of a traceback, so that it is reported in one piece.
_TOLD_CHARACTERS = 2_000


def be_resident(line: int, report: Report, place: Place) -> NoReturn:
    """Make ready, wait, and become the worker of the launch that comes over the pipe `line`."""
    try:
        linux.close_all_but(line, report.descriptor, first=3)
        ports = {number: port_named(name) for number, name in PORTS.items()}
        ports[Descriptor.REQUESTS] = ports[Descriptor.ANSWERS]
        place_descriptors(ports, line, report.descriptor)
        open_standard_streams()
        prepare("process")
        process_level.give_up_rights(place)
        rehearse()
        report.say(isReady=True)
        spec, environment = _take(line)
        # What it drew until now, each machine that began with this memory has drawn.
        reseed()
    except BaseException:
        report.say(refused=traceback.format_exc()[-_TOLD_CHARACTERS:])
        os._exit(1)
    run_child(Child(Launch(spec, environment, {}), report, place, is_prepared=True, is_resident=True))


def tell(line: int, head: dict[str, Any], environment: bytearray) -> None:
    """Give the worker its launch."""
    told = marshal.dumps((head, bytes(environment)))
    while told:
        told = told[os.write(line, told) :]
    os.close(line)


def _take(line: int) -> tuple[LaunchSpec, bytearray]:
    told = b""
    while chunk := os.read(line, _CHUNK_BYTES):
        told += chunk
    os.close(line)
    head, environment = marshal.loads(told)
    return LaunchSpec.of(head), bytearray(environment)


def port_named(name: str) -> int:
    """Open a port; gives its descriptor, above those that workers have. Raises OSError."""
    folder = "/sys/class/virtio-ports"
    for device in os.listdir(folder):
        with open(f"{folder}/{device}/name") as file:
            if file.read().strip() == f"gaugelet.{name}":
                opened = os.open(f"/dev/{device}", os.O_RDWR)
                moved = linux.duplicate_above(opened, FIRST_FREE_DESCRIPTOR)
                os.close(opened)
                return moved
    raise OSError(f"the machine has no port {json.dumps(name)}")
