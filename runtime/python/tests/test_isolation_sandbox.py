"""What a function in the sandbox sees of the machine, and what it can do to it."""

import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gaugelet_worker.isolation.users import language_paths
from tests.machine import needs_linux
from tests.zygote_process import ZygoteProcess, running_zygote

pytestmark = needs_linux


@pytest.fixture(scope="module")
def zygote() -> Iterator[ZygoteProcess]:
    with running_zygote() as process:
        if not process.ready["capabilities"]["sandbox"]["available"]:
            pytest.skip(process.ready["capabilities"]["sandbox"]["reason"])
        yield process


@pytest.fixture
def see(zygote, place):
    """Gives what an expression is inside, evaluated in a function with `import os`."""

    def see(expression: str, **spec):
        source = (
            "import errno, glob, os, pathlib, socket, subprocess, ctypes, sys\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "def call(number, *arguments):\n"
            "    result = libc.syscall(number, *arguments)\n"
            "    return errno.errorcode[ctypes.get_errno()] if result < 0 else result\n"
            "def attempt(what):\n"
            "    try: return what()\n"
            "    except OSError as error: return errno.errorcode.get(error.errno, str(error))\n"
            f"def handler(input, context):\n    return {{'seen': {expression}}}\n"
        )
        worker = zygote.serve(place, source, isolation="sandbox", **spec)
        answer = worker.call()
        zygote.end(worker)
        assert "seen" in answer, answer
        return answer["seen"]

    return see


def test_its_root_holds_the_system_its_language_and_its_function(see, place):
    links = {name for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32") if Path("/", name).exists()}
    own = {Path(path).parts[1] for path in (sys.prefix, sys.base_prefix, __file__, place)}
    assert set(see("os.listdir('/')")) == {"dev", "etc", "proc", "tmp", "usr"} | links | own


def _below_tmp(paths):
    """Where this checkout is there, too."""
    return {Path(path).parts[2] for path in paths if path.startswith("/tmp/")}


@pytest.mark.parametrize(
    ("folder", "seen"),
    [
        ("/dev", {"fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom", "zero"}),
        ("/tmp", {".shm"}),
    ],
)
def test_its_other_folders_hold_nothing_else(see, place, folder, seen):
    mine = {place.name, *_below_tmp(language_paths())} if folder == "/tmp" else set()
    assert set(see(f"os.listdir({folder!r})")) == seen | mine


def test_its_settings_are_few(see):
    seen = see("[str(p) for p in pathlib.Path('/etc').iterdir()]")
    assert {"/etc/passwd", "/etc/group", "/etc/hosts"} <= set(seen)
    assert not {"/etc/shadow", "/etc/resolv.conf", "/etc/hostname", "/etc/machine-id"} & set(seen)
    assert len(see("open('/etc/passwd').read().splitlines()")) == 2


def test_its_user_has_a_name(see):
    assert see("[__import__('getpass').getuser(), os.path.expanduser('~worker')]") == ["worker", "/tmp"]
    assert see("__import__('grp').getgrgid(os.getgid()).gr_name") == "worker"


def test_another_functions_folder_is_not_there(see, place):
    other = place.with_name(f"{place.name}-other")
    other.mkdir()
    try:
        assert see(f"os.path.exists({str(other)!r})") is False
        assert see(f"os.path.exists({str(other)!r})", readOnly=[str(other)]) is True
    finally:
        other.rmdir()


@pytest.mark.parametrize("path", ["/usr/x", "/etc/x", "/x", "/dev/x", "/proc/x", "{place}/x", "{prefix}/x"])
def test_nothing_but_its_scratch_folder_can_be_written(see, place, path):
    path = path.format(place=place, prefix=sys.prefix)
    assert see(f"attempt(lambda: open({path!r}, 'w').close())") in ("EROFS", "EACCES", "ENOENT")
    assert see("attempt(lambda: open('/tmp/x', 'w').close())") is None
    assert see("attempt(lambda: open('/dev/shm/x', 'w').close())") is None


def test_its_scratch_folder_is_its_own(zygote, place):
    source = (
        "import os\ndef handler(i, c):\n"
        "    before = os.path.exists('/tmp/mine'); open('/tmp/mine', 'w').close()\n"
        "    return {'before': before}\n"
    )
    for _ in range(2):
        worker = zygote.serve(place, source, isolation="sandbox")
        assert worker.call() == {"before": False}
        zygote.end(worker)
    assert not Path("/tmp/mine").exists()


def test_it_sees_no_process_but_its_own(see):
    assert see("sorted(int(n) for n in os.listdir('/proc') if n.isdigit())") == [1, 2]
    assert see("attempt(lambda: open('/proc/1/environ').read())") == "EACCES"
    assert see("attempt(lambda: open('/proc/1/mem').read())") == "EACCES"
    assert see("attempt(lambda: os.listdir('/proc/1/root'))") == "EACCES"
    assert see("attempt(lambda: os.listdir('/proc/1/fd'))") == "EACCES"


def test_it_cannot_end_the_first_process(see):
    assert see("[attempt(lambda: os.kill(1, n)) for n in (9, 15)] and 1") == 1


def test_it_is_an_ordinary_user_without_any_right(see):
    status = dict(line.split(":\t", 1) for line in see("open('/proc/self/status').read().splitlines()"))
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert see("[os.getuid(), os.geteuid(), os.getgid(), os.getegid()]") == [1000] * 4
    assert see("[each for each in os.getgroups() if each != 65534]") == []
    assert see("attempt(lambda: os.setuid(0))") in ("EPERM", "EINVAL")


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can change users")
def test_outside_it_is_a_user_that_nobody_else_is(zygote, place):
    workers = [zygote.launch(place, isolation="sandbox") for _ in range(2)]
    owners = {Path(f"/proc/{worker.pid}/task").stat().st_uid for worker in workers}
    assert len(owners) == 2
    assert min(owners) >= 61_184
    for worker in workers:
        zygote.end(worker)


def test_namespaces_are_its_own(see):
    names = ("user", "pid", "mnt", "ipc", "uts", "cgroup", "net")
    inside = see(f"[os.readlink('/proc/self/ns/' + name) for name in {names!r}]")
    assert not set(inside) & {os.readlink(f"/proc/self/ns/{name}") for name in names}
    assert see("socket.gethostname()") == "gaugelet"


def test_it_has_no_network(see):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connect = f"attempt(lambda: socket.create_connection(('127.0.0.1', {port}), 5).close())"
        assert see(connect) == "ECONNREFUSED"
        assert see(connect, network=True) is None
    assert see("attempt(lambda: socket.create_connection(('192.0.2.1', 80), 5))") == "ENETUNREACH"
    assert see("[name for _, name in socket.if_nameindex()]") == ["lo"]
    assert see("os.path.exists('/etc/resolv.conf')", network=True) is os.path.exists("/etc/resolv.conf")


def test_it_can_talk_to_itself(see):
    server = "socket.create_server(('127.0.0.1', 0))"
    talk = f"(lambda s: socket.create_connection(s.getsockname()).getpeername()[0])({server})"
    assert see(talk) == "127.0.0.1"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of calls differ between machines")
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("ptrace", "101, 0, 0, 0, 0"),
        ("process_vm_readv", "310, 1, 0, 0, 0, 0, 0"),
        ("bpf", "321, 0, 0, 0"),
        ("perf_event_open", "298, 0, 0, 0, 0, 0"),
        ("userfaultfd", "323, 0"),
        ("keyctl", "250, 0, 0, 0, 0, 0"),
        ("mount", "165, 0, 0, 0, 0, 0"),
        ("fsopen", "430, 0, 0"),
        ("unshare a user namespace", "272, 0x10000000"),
        ("setns", "308, 0, 0"),
        ("clone into a user namespace", "56, 0x10000011, 0, 0, 0, 0"),
        ("io_uring_setup", "425, 0, 0"),
        ("kexec_load", "246, 0, 0, 0, 0"),
        ("init_module", "175, 0, 0, 0"),
        ("chroot", "161, b'/tmp'"),
        ("pidfd_getfd", "438, 0, 0, 0"),
        ("seccomp", "317, 0, 0, 0"),
        ("ioctl TIOCSTI", "16, 0, 0x5412, b'x'"),
        ("ioctl TIOCSTI with bits that the kernel does not see", "16, 0, 0x100005412, b'x'"),
        ("socket AF_PACKET", "41, 17, 3, 0"),
        ("socket AF_VSOCK", "41, 40, 1, 0"),
        ("socket AF_ALG", "41, 38, 5, 0"),
        ("socket AF_NETLINK for the firewall", "41, 16, 3, 12"),
    ],
)
def test_a_system_call_is_refused(see, name, call):
    arguments = ", ".join(
        part if part.strip().startswith("b'") else f"ctypes.c_long({part})" for part in call.split(", ")
    )
    assert see(f"call({arguments})") == "EPERM"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of calls differ between machines")
def test_a_system_call_that_is_not_known_is_not_there(see):
    assert see("call(435, 0, 0)") == "ENOSYS"  # clone3, whose flags cannot be looked at
    assert see("call(9999)") == "ENOSYS"


def test_orphans_do_not_stay_as_zombies(see):
    orphan = "subprocess.run(['/bin/sh', '-c', '(sleep 0.1 &) ; (sleep 0.1 &)'])"
    later = "subprocess.run(['/bin/sleep', '0.5'])"
    processes = "sorted(int(n) for n in os.listdir('/proc') if n.isdigit())"
    assert see(f"({orphan}, {later}, {processes})[2]") == [1, 2]


def test_threads_processes_and_shared_memory_work(see, place):
    (place / "work.py").write_text(
        "import multiprocessing, concurrent.futures, queue, subprocess\n"
        "def double(x): return 2 * x\n"
        "def all():\n"
        "    with multiprocessing.get_context('fork').Pool(2) as pool: many = pool.map(double, [1, 2])\n"
        "    with concurrent.futures.ThreadPoolExecutor() as pool: threads = list(pool.map(double, [1, 2]))\n"
        "    program = subprocess.run(['sh', '-c', 'echo $((1+1))'], capture_output=True, text=True).stdout\n"
        "    return [many, threads, program]\n"
    )
    assert see("__import__('work').all()") == [[2, 4], [2, 4], "2\n"]


def test_numpy_and_pandas_work(see):
    pytest.importorskip("pandas")
    assert see("float(__import__('pandas').DataFrame({'a': [1, 2]}).a.mean())") == 1.5
    assert see("__import__('numpy').linalg.inv([[2.0]]).tolist()") == [[0.5]]


def test_node_works(zygote, place):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    node = os.path.realpath(node)
    code = (
        "setTimeout(async () => { const { Worker } = await import('node:worker_threads');"
        "const os = await import('node:os'); const { readdirSync } = await import('node:fs');"
        "const w = new Worker('require(\"node:worker_threads\").parentPort.postMessage(7)', {eval: true});"
        "w.on('message', (n) => console.log(JSON.stringify("
        "[n, readdirSync('/home', {}).length, Object.keys(os.networkInterfaces())])));}, 1)"
    ).replace("readdirSync('/home', {}).length", "readdirSync('/dev').length")
    limits = {"openFiles": 64, "processes": 16, "disk": 1 << 20}
    program = [node, "-e", code]
    worker = zygote.request(place, isolation="sandbox", program=program, readOnly=[node], limits=limits)
    output, errors = worker.text(1), worker.text(2)
    assert errors == ""
    assert json.loads(output) == [7, 10, ["lo"]]
    worker.close()


@pytest.mark.parametrize("directory", ["/", "/proc"])
def test_a_folder_that_would_show_too_much_is_refused(zygote, directory):
    assert "folder of its own" in zygote.refusal(directory, isolation="sandbox")


def test_what_must_be_readable_but_is_not_there_is_refused(zygote, place):
    reason = zygote.refusal(place, isolation="sandbox", readOnly=["/no/such/file"])
    assert "/no/such/file" in reason


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can change users")
def test_a_folder_that_others_cannot_read_is_refused(zygote, place):
    place.chmod(0o700)
    assert "let every user read it" in zygote.refusal(place, isolation="sandbox")


def test_without_namespaces_it_is_refused_and_says_what_to_enable(place):
    with running_zygote(prepare=forbid_namespaces) as zygote:
        assert zygote.ready["capabilities"]["sandbox"]["available"] is False
        assert "docker run" in zygote.refusal(place, isolation="sandbox")
        assert zygote.run(place, "print('on it goes')") == "on it goes\n"


def forbid_namespaces() -> None:
    """As in a container with the usual profile."""
    import errno

    import pyseccomp

    from gaugelet_worker.isolation import linux

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for flag in (linux.CLONE_NEWUSER, linux.CLONE_NEWNS):
        rules.add_rule(
            pyseccomp.ERRNO(errno.EPERM), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag)
        )
    rules.load()
