"""What Linux is asked for."""

import os

import pytest

from gaugelet_worker.isolation import linux
from tests.machine import needs_linux

pytestmark = needs_linux


@pytest.mark.parametrize(("is_there", "status"), [(True, 7), (False, 1)])
def test_a_process_whose_parent_ended_before_it_could_say_so_ends_too(is_there, status):
    parent = os.getpid() if is_there else os.getppid()
    pid = os.fork()
    if pid == 0:
        linux.die_with(parent)
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == status
