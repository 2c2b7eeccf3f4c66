"""fail-closed: what no worker looked at does not pass, and mail goes on when one looks again. Beside it, fail-open."""
import os
import signal
import subprocess

import pytest

import raw_client
import router as bench
from router import MX_OUT, SERVER, WORKSTATION
from sensor import stop_the_next_start

CLOSED = ("--fail-closed", "yes")


@pytest.fixture(params=[True, False], ids=["closed", "open"])
def is_closed(request):
    return request.param


@pytest.fixture
def router(tmp_path, is_closed):
    with bench.built(tmp_path) as made:
        made.serve("25")
        made.run(made.client, "iptables", *raw_client.KEEP_QUIET)
        made.rules(*(("--fail-closed",) if is_closed else ()))
        yield made


def worker(router):
    return next(one for one in router.status()["processes"] if one["name"] == "worker 0")


def stop_worker(router, run):
    os.kill(worker(router)["pid"], signal.SIGSTOP)


def stop_start(router, run):
    stop_the_next_start(run.pid, worker(router)["pid"])


@pytest.mark.parametrize("fault", [stop_worker, stop_start])
def test_while_no_worker_looks(router, is_closed, fault):
    run = router.sensor("-q", "0", "--enforce", *(CLOSED if is_closed else ()))
    fault(router, run)
    router.send(WORKSTATION, SERVER, 25)
    assert not (is_closed and router.messages())
    router.wait(lambda: worker(router)["state"] == "running")
    router.wait(lambda: router.send(MX_OUT, SERVER, 25)["result"] == "sent")
    router.end(run)


# One byte that names nothing, and is held; no kernel sends it again.
HELD = """
import sys
sys.path.insert(0, sys.argv[1])
import raw_client
raw = raw_client.Raw("held", *sys.argv[2:])
raw.connect().send(data=b"X")
print("sent", flush=True)
sys.stdin.readline()
raw.hear(1)
print((raw.acknowledged - raw.sequence) & 0xffffffff)
"""


def kill_worker(router, run):
    before = worker(router)["pid"]
    os.kill(before, signal.SIGKILL)
    router.wait(lambda: worker(router)["pid"] not in (0, before) and worker(router)["state"] == "running")
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"  # with the first packet that comes


def end_all(router, run):
    router.end(run)


@pytest.mark.parametrize("fault", [kill_worker, end_all])
def test_what_was_held(router, is_closed, fault):
    run = router.sensor("-q", "0", "--enforce", "--hold", "64", "--hold-ms", "5000", *(CLOSED if is_closed else ()))
    client = router.start(router.client, "/usr/bin/python3", "-c", HELD, str(bench.HERE), MX_OUT, SERVER,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert client.stdout.readline() == "sent\n"
    router.wait(lambda: worker(router)["counters"].get("inline.held", 0) >= 1)
    fault(router, run)
    client.stdin.write("go on\n")
    client.stdin.flush()
    assert client.stdout.readline() == ("0\n" if is_closed else "1\n")
    if run.poll() is None:
        router.end(run)


# A SYN that no kernel sends again.
ONCE = """
import sys
sys.path.insert(0, sys.argv[1])
import raw_client
print("answered" if raw_client.Raw("once", *sys.argv[2:]).connect().expected else "lost")
"""


def test_what_comes_while_a_worker_hangs_in_its_start_is_not_lost(router, is_closed):
    run = router.sensor("-q", "0", "--enforce", *(CLOSED if is_closed else ()))
    stop_start(router, run)
    answer = router.run(router.client, "/usr/bin/python3", "-c", ONCE, str(bench.HERE), MX_OUT, SERVER).stdout
    assert answer == "answered\n", answer
    router.wait(lambda: worker(router)["state"] == "running")
    router.end(run)


def test_what_nobody_looked_at_is_counted_and_told(router, is_closed):
    run = router.sensor("-q", "0", "--enforce", "--queue-length", "16", *(CLOSED if is_closed else ()))
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    assert worker(router)["unseen"] == 0
    stop_worker(router, run)
    router.run(router.client, "/usr/bin/python3", "-c", "import socket\n"
               "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
               f"for _ in range(48): s.sendto(b'?', ('{SERVER}', 53))")
    router.wait(lambda: worker(router)["unseen"] > 0)
    unseen = worker(router)["unseen"]
    assert unseen == 32 if is_closed else unseen >= 1
    text = bench.command(bench.BINARY, "status", "--state-dir", str(router.folder / "state")).stdout
    assert f"worker 0: {unseen} packets dropped, in" in text or (not is_closed and "worker 0: at least " in text)
    said = "32 packets were dropped that nobody looked at: the queue was full" if is_closed else "times the queue was found full"
    router.wait(lambda: said in (router.folder / "sensor.log").read_text())
    router.end(run)
