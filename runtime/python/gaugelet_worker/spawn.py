"""A worker that no zygote has forked: it contains itself.

Descriptors 1 to 5 and the environment are those that it was started with. It has no control group and, at the
level `process`, no user of its own, for nobody would be left to clean up after it.
"""

import json
import os
import signal
import sys
from typing import NoReturn

from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.namespaces import fork_into_namespaces
from gaugelet_worker.isolation.place import Place
from gaugelet_worker.isolation.refused import Refused
from gaugelet_worker.isolation.seccomp import Filters
from gaugelet_worker.isolation.users import UserIds
from gaugelet_worker.launch import Child, Launch, run_child
from gaugelet_worker.report import Report
from gaugelet_worker.specification import LaunchSpec


def main(text: str) -> NoReturn:
    """Be the worker that a launch in JSON asks for."""
    spec = LaunchSpec.of(json.loads(text))
    environment = bytearray(json.dumps(dict(os.environ)).encode())
    place = Place(userReason="a spawned worker keeps its user")
    child = Child(Launch(spec, environment, {}), _SpokenReport(os.dup(2)), place)
    run_child(_keep(child) if spec.isolation == "sandbox" else child)


class _SpokenReport(Report):
    """Tells of a refusal whoever reads stderr."""

    def say(self, **message: object) -> None:
        if "refused" in message:
            os.write(self.descriptor, f"{message['refused']}\n".encode())


def _keep(child: Child) -> Child:
    """Fork the sandbox, and stay as what the runtime takes for the worker. Returns in the fork."""
    if not linux.IS_LINUX:
        _end("the sandbox is made of Linux namespaces, which this system has not")
    user, reason = UserIds().for_sandbox()
    try:
        place = Place(
            user=None if user is None else user.number,
            userReason=reason,
            outerUser=os.geteuid(),
            outerGroup=os.getegid(),
            filters=Filters(),
        )
        reading, writing = os.pipe()
        pid = fork_into_namespaces(network=child.launch.spec.network, user=user is None)
    except Refused as reason:
        _end(str(reason))
    if pid == 0:
        os.close(reading)
        return child._replace(place=place, report=Report(writing))
    linux.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    linux.close_all_but(2, reading)
    with open(reading, "rb") as report:
        messages: dict = {}
        for line in report:
            messages |= json.loads(line)
    os.waitpid(pid, 0)
    if "refused" in messages:
        _end(messages["refused"])
    _end_like(messages.get("exit", signal.SIGKILL))


def _end(reason: str) -> NoReturn:
    print(reason, file=sys.stderr, flush=True)
    os._exit(1)


def _end_like(status: int) -> NoReturn:
    """With the worker's exit code, or by its signal."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))
