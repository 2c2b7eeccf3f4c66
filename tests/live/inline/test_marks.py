"""mailwarden run -q: the marks that the kernel keeps with connections are what was judged of them, whatever breaks."""
import os
import re
import signal
import sys
import threading

import pytest

import router as bench
from router import MX_OUT, SERVER, WORKSTATION

PASSED, COPIED, ENDED, SILENT = 0x10000, 0x40000, 0x80000, 0x1000000
NO_MAIL = 8080
SHELLS = """
import socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
while True:
    channel = server.accept()[0]
    channel.sendall(b"SSH-2.0-server\\r\\n")
    while channel.recv(4096):
        channel.sendall(b"x" * 64)
"""
SHELL = """
import socket, sys
channel = socket.create_connection((sys.argv[2], int(sys.argv[3])), 5, (sys.argv[1], 0))
channel.settimeout(5)
channel.recv(4096)
for word in (b"SSH-2.0-client\\r\\n", b"y" * 64, b"y" * 64):
    channel.sendall(word)
    channel.recv(4096)
"""


@pytest.fixture
def router(tmp_path):
    with bench.built(tmp_path) as made:
        made.serve("25", "2525")
        made.start(made.server, sys.executable, "-c", SHELLS, SERVER, str(NO_MAIL))
        made.wait(lambda: f":{NO_MAIL}" in made.run(made.server, "ss", "-ltn").stdout)
        made.rules()
        yield made


def marks(router):
    """(source, its port, server's port): mark of each connection that the kernel knows."""
    listing = router.run(router.router, "cat", "/proc/net/nf_conntrack").stdout
    found = re.findall(r" tcp .*?src=(\S+) dst=\S+ sport=(\d+) dport=(\d+) .*?mark=(\d+)", listing)
    return {(source, int(port), int(server_port)): int(mark) for source, port, server_port, mark in found}


def verdicts(router):
    """The same: what was judged of it, none for what is no mail or was not looked at."""
    found = {}
    for one in router.records("mail"):
        found.setdefault((one["src_ip"], one["src_port"], one["dest_port"]), set()).add(one["mail"]["verdict"])
    return found


def compare(kept, judged):
    """What does not fit: a mark that is no verdict of this connection, or not the one."""
    wrong = []
    for key, mark in kept.items():
        told = judged.get(key, set())
        if mark & ENDED and "illegitimate" not in told:
            wrong.append(("ended", key, told))
        if mark & (PASSED | COPIED | SILENT) and "illegitimate" in told:
            wrong.append(("let by", key, told))
        if mark & PASSED and mark & (COPIED | ENDED):
            wrong.append(("two verdicts", key, hex(mark)))
    return wrong


def sends(router):
    """What a site does in a moment: who may send does so, who may not tries, and somebody works at a shell."""
    for port in (25, 2525):
        assert router.send(MX_OUT, SERVER, port)["result"] == "sent"
        router.send(WORKSTATION, SERVER, port)
    router.run(router.client, sys.executable, "-c", SHELL, WORKSTATION, SERVER, str(NO_MAIL))


def worker(router):
    return next(one for one in router.status()["processes"] if one["name"] == "worker 0")


def is_back(router, before):
    now = worker(router)
    return now["pid"] not in (0, before) and now["state"] == "running"


def kill_worker(router, run):
    before = worker(router)["pid"]
    os.kill(before, signal.SIGKILL)
    sends(router)
    router.wait(lambda: is_back(router, before))


def stop_worker(router, run):
    before = worker(router)["pid"]
    os.kill(before, signal.SIGSTOP)
    sends(router)
    router.wait(lambda: is_back(router, before))


def is_calm(router):
    log = router.folder / "sensor.log"
    before = log.read_text()
    threading.Event().wait(0.3)
    return log.read_text() == before


def reload_often(router, run):
    busy = threading.Thread(target=sends, args=(router,))
    busy.start()
    for _ in range(20):
        run.send_signal(signal.SIGHUP)
        threading.Event().wait(0.05)
    busy.join()
    router.wait(lambda: is_calm(router))


def start_anew(router, run):
    router.end(run)
    sends(router)
    return router.sensor(*run.args[run.args.index("-q"):])


def nothing(router, run):
    del router, run


@pytest.mark.parametrize("more", [(), ("--ban", "300"), ("--hold", "64")], ids=["as-is", "ban", "hold"])
@pytest.mark.parametrize("fault", [nothing, kill_worker, stop_worker, reload_often, start_anew])
def test_a_mark_is_what_was_judged(router, fault, more):
    run = router.sensor("-q", "0", "--enforce", *more)
    sends(router)
    run = fault(router, run) or run
    sends(router)
    assert {one["address"] for one in router.status()["bans"]} == ({WORKSTATION} if "--ban" in more else set())
    kept = marks(router)
    router.end(run)
    assert compare(kept, verdicts(router)) == []
    seen = {(source, port == NO_MAIL, bit) for (source, _, port), mark in kept.items()
            for bit in (PASSED, COPIED, ENDED, SILENT) if mark & bit}
    assert seen == {(MX_OUT, False, COPIED), (WORKSTATION, False, ENDED), (WORKSTATION, True, PASSED)}
