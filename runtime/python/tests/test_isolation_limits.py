"""Each limit: what happens at it, and what is said."""

import os
from collections.abc import Iterator

import pytest

from gaugelet_worker.frames import FrameType
from tests.machine import needs_linux
from tests.zygote_process import ZygoteProcess, running_zygote

pytestmark = needs_linux

MEBIBYTE = 1024**2
LEVELS = ["process", "sandbox"]


@pytest.fixture(scope="module")
def zygote() -> Iterator[ZygoteProcess]:
    with running_zygote() as process:
        yield process


@pytest.fixture
def has_groups(zygote) -> None:
    if not zygote.ready["capabilities"]["cgroup"]["available"]:
        pytest.skip(zygote.ready["capabilities"]["cgroup"]["reason"])


@pytest.mark.parametrize("isolation", LEVELS)
def test_memory_is_refused_beyond_the_limit_and_the_worker_makes_room_for_another(zygote, place, isolation):
    source = (
        "kept = []\n"
        "def handler(input, context):\n"
        "    kept.append(bytes(input['bytes']))\n"
        "    return {'kept': sum(map(len, kept))}\n"
    )
    worker = zygote.serve(place, source, isolation=isolation, limits={"memory": 64 * MEBIBYTE})
    assert worker.call({"bytes": 48 * MEBIBYTE}) == {"kept": 48 * MEBIBYTE}
    failed = worker.call({"bytes": 48 * MEBIBYTE})
    assert "MemoryError" in failed["message"]
    assert failed["limit"] == "memory"
    # What fills the memory is kept for good: no later call would succeed.
    assert zygote.wait_for_end(worker)["exitCode"] == 117
    worker.close()


@pytest.mark.parametrize("isolation", LEVELS)
def test_the_kernel_ends_what_goes_around_the_limit(zygote, has_groups, place, isolation):
    # Shared memory is not counted with a process's own data, and a program has no such limit.
    code = "import mmap; held = mmap.mmap(-1, 400 << 20); held.write(b'x' * (400 << 20)); print('done')"
    assert zygote.run(place, code, isolation=isolation, limits={"memory": 64 * MEBIBYTE}) == ""
    assert (zygote.ended["signal"], zygote.ended["limit"]) == ("SIGKILL", "memory")


def test_a_full_scratch_folder_counts_as_disk_not_as_memory(zygote, place):
    code = (
        "import errno\n"
        "file = open('/tmp/full', 'wb', 0)\n"
        "try:\n"
        "    while True: file.write(bytes(1 << 20))\n"
        "except OSError as error: print(errno.errorcode[error.errno])"
    )
    limits = {"memory": 32 * MEBIBYTE, "disk": 128 * MEBIBYTE}
    assert zygote.run(place, code, isolation="sandbox", limits=limits) in ("ENOSPC\n", "EFBIG\n")


def test_many_small_files_fill_the_scratch_folder_as_well(zygote, place):
    code = (
        "import errno, itertools\n"
        "try:\n"
        "    for number in itertools.count():\n"
        "        with open(f'/tmp/{number}', 'wb') as file: file.write(bytes(65536))\n"
        "except OSError as error: print(errno.errorcode[error.errno], number)"
    )
    text = zygote.run(place, code, isolation="sandbox", limits={"disk": MEBIBYTE})
    assert text.split()[0] == "ENOSPC"
    assert 10 <= int(text.split()[1]) <= 16


@pytest.mark.parametrize("isolation", LEVELS)
def test_no_file_grows_beyond_the_limit_for_disk(zygote, place, isolation):
    source = (
        "import tempfile\n"
        "def handler(input, context):\n"
        "    with tempfile.TemporaryFile() as file: file.write(bytes(input['bytes']))\n"
        "    return {}\n"
    )
    worker = zygote.serve(place, source, isolation=isolation, limits={"disk": MEBIBYTE})
    assert worker.call({"bytes": MEBIBYTE // 2}) == {}
    failed = worker.call({"bytes": 2 * MEBIBYTE})
    assert failed["limit"] == "disk"
    zygote.end(worker)


@pytest.mark.parametrize("isolation", LEVELS)
def test_open_files(zygote, place, isolation):
    source = (
        "import os\n"
        "kept = []\n"
        "def handler(input, context):\n"
        "    try:\n"
        "        while True: kept.append(os.open('/dev/null', os.O_RDONLY))\n"
        "    except OSError:\n"
        "        count = len(kept)\n"
        "        while kept: os.close(kept.pop())\n"
        "        if input: raise\n"
        "        return {'count': count}\n"
    )
    worker = zygote.serve(place, source, isolation=isolation, limits={"openFiles": 64})
    assert 64 <= worker.call()["count"] <= 72
    assert worker.call({"raise": True})["limit"] == "openFiles"
    zygote.end(worker)


@pytest.mark.parametrize("isolation", LEVELS)
def test_processes(zygote, has_groups, place, isolation):
    source = (
        "import os, signal\n"
        "def handler(input, context):\n"
        "    kept = []\n"
        "    try:\n"
        "        while True:\n"
        "            pid = os.fork()\n"
        "            if pid == 0:\n"
        "                while True: signal.pause()\n"
        "            kept.append(pid)\n"
        "    except OSError:\n"
        "        count = len(kept)\n"
        "        while kept: os.kill(kept[-1], 9); os.waitpid(kept.pop(), 0)\n"
        "        if input: raise\n"
        "        return {'count': count}\n"
    )
    worker = zygote.serve(place, source, isolation=isolation, limits={"processes": 10})
    assert 10 <= worker.call()["count"] <= 30
    assert worker.call({"raise": True})["limit"] == "processes"
    zygote.end(worker)


@pytest.mark.parametrize("isolation", LEVELS)
def test_a_fork_bomb_ends_with_its_worker(zygote, has_groups, place, isolation):
    code = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    limits = {"processes": 8, "memory": 64 * MEBIBYTE}
    worker = zygote.request_program(place, code, isolation=isolation, limits=limits)
    zygote.wait_for(FrameType.LAUNCHED, worker.launch)
    assert zygote.end(worker)["signal"] == "SIGKILL"
    assert zygote.run(place, "print('on it goes')") == "on it goes\n"


@pytest.mark.parametrize("isolation", LEVELS)
@pytest.mark.parametrize("loop", ["while True: pass", "sum(range(10 ** 12))"])
def test_processor_time(zygote, place, isolation, loop):
    source = (
        "from gaugelet_worker.isolation.limits import renew_cpu_limit\n"
        f"def handler(input, context):\n    renew_cpu_limit(0.1)\n    {loop}\n"
    )
    worker = zygote.serve(place, source, isolation=isolation)
    worker.send_call()
    ended = zygote.wait_for(FrameType.ENDED, worker.launch)
    assert (ended["signal"], ended["limit"]) == ("SIGXCPU", "cpu")
    worker.close()


def test_the_limit_for_processor_time_is_renewed(zygote, place):
    source = (
        "import time\n"
        "from gaugelet_worker.isolation.limits import renew_cpu_limit\n"
        "def handler(input, context):\n"
        "    for _ in range(3):\n"
        "        renew_cpu_limit(0.6)\n"
        "        end = time.process_time() + 0.5\n"
        "        while time.process_time() < end: pass\n"
        "    return {'used': time.process_time()}\n"
    )
    worker = zygote.serve(place, source)
    assert worker.call()["used"] >= 1.5
    zygote.end(worker)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the bytes are for this machine")
def test_a_call_of_another_machine_ends_the_worker(zygote, place):
    source = (
        "import ctypes, mmap\n"
        "def handler(input, context):\n"
        "    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "    code.write(bytes.fromhex('b814000000cd80c3'))  # getpid as 32-bit programs call it\n"
        "    address = ctypes.addressof(ctypes.c_char.from_buffer(code))\n"
        "    return {'pid': ctypes.CFUNCTYPE(ctypes.c_int)(address)()}\n"
    )
    worker = zygote.serve(place, source, isolation="sandbox")
    worker.send_call()
    ended = zygote.wait_for(FrameType.ENDED, worker.launch)
    assert (ended["signal"], ended["limit"]) == ("SIGSYS", "syscall")
    worker.close()
