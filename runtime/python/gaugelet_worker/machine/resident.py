"""The worker of a virtual machine: forked before the machine's memory is saved, it waits for its launch.

What it does not need the launch for is done by then, and is part of the saved memory: it has opened its
ports, has given up what it can and has rehearsed.
"""

import json
import os
import pickle
import socket
import traceback
from typing import NoReturn

from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.place import Place
from gaugelet_worker.launch import FIRST_FREE_DESCRIPTOR, Child, prepare, reseed, run_child
from gaugelet_worker.rehearsal import rehearse
from gaugelet_worker.report import Report
from gaugelet_worker.specification import LaunchSpec

# By descriptor; src/workers/launch/machine/qemu.ts gives the ports their names.
PORTS = {1: "stdout", 2: "stderr", 3: "frames", 4: "records"}


def be_resident(line: socket.socket, report: Report, place: Place) -> NoReturn:
    """Make ready, wait, and become the worker of the launch that comes."""
    try:
        linux.close_all_but(line.fileno(), report.descriptor, first=3)
        ports = {number: port_named(name) for number, name in PORTS.items()}
        prepare("process")
        linux.set_traceable(False)
        rehearse()
        report.say(isReady=True)
        with line.makefile("rb") as lines:
            spec, environment = pickle.load(lines)
        line.close()
        linux.set_traceable(True)
        # What it drew until now, each machine that began with this memory has drawn.
        reseed()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    run_child(Child(spec, environment, ports, report, place, is_prepared=True))


def tell(line: socket.socket, spec: LaunchSpec, environment: bytearray) -> None:
    """Give the worker its launch."""
    line.sendall(pickle.dumps((spec, environment)))
    line.close()


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
