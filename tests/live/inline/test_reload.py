"""Another matrix while connections go on that had left the queue: who it forbids is ended, who it allows is not."""
import contextlib
import os
import pathlib
import signal
import subprocess

import pytest

import router as bench
from router import MX_OUT, SERVER, WORKSTATION
from sensor import is_dead, processes_of, until

ROWS = "  - {id: M-05, from: mx-out, to: internet, protocols: [smtps], tls: implicit}\n"

CLIENT = """
import socket, ssl, sys, time
plain = socket.create_connection((sys.argv[2], int(sys.argv[3])), 5, (sys.argv[1], 0))
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
channel = context.wrap_socket(plain) if sys.argv[3] == "465" else plain
channel.settimeout(5)
def say(line):
    if line:
        channel.sendall(line + b"\\r\\n")
    return channel.recv(4096)
for line in (None, b"EHLO client.example.org", b"MAIL FROM:<a@example.org>", b"RSET"):
    say(line)
print("ready", flush=True)
sys.stdin.readline()
try:
    said = [say(line) for line in (b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.net>", b"DATA", b"x\\r\\n.")]
    print("sent" if said[-1].startswith(b"250") else "ended")
except (OSError, ssl.SSLError):
    print("ended")
"""


@pytest.fixture
def router(tmp_path):
    with bench.built(tmp_path) as made:
        made.serve("25", "465/tls")
        made.rules()
        matrix = made.folder / "matrix.yaml"
        matrix.write_text(matrix.read_text() + ROWS)
        yield made


def worker(router):
    return next(one for one in router.status()["processes"] if one["name"] == "worker 0")


def reload(router, sensor, change):
    matrix = router.folder / "matrix.yaml"
    matrix.write_text(matrix.read_text().replace(*change))
    sensor.send_signal(signal.SIGHUP)
    router.wait(lambda: worker(router)["matrix"] == 2)


def marked(router, mark):
    listing = router.run(router.router, "iptables", "-t", "mangle", "-nvxL", "MAILWARDEN").stdout
    return sum(int(line.split()[0]) for line in listing.splitlines() if mark in line and " RETURN " in line)


STRICTER = ("from: mx-out", "from: workstations")
LOOSER = ("rows:\n", "rows:\n  - {id: M-06, from: workstations, to: internet, protocols: [smtp], tls: optional}\n")


@pytest.mark.parametrize("change, recheck, result, came_back", [
    (STRICTER, "forbidden", "ended", 1), (STRICTER, "all", "ended", 1), (STRICTER, "none", "sent", None),
    (LOOSER, "forbidden", "sent", 0), (LOOSER, "all", "sent", 1)])
@pytest.mark.parametrize("port, mark", [("465", "0x10000/0x10000"), ("25", "0x40000/0x40000")])
def test_a_connection_that_had_left_the_queue(router, port, mark, change, recheck, result, came_back):
    sensor = router.sensor("-q", "0", "--enforce", "--recheck", recheck, "--action", "smtps.implicit=accept")
    client = router.start(router.client, "/usr/bin/python3", "-c", CLIENT, MX_OUT, SERVER, port,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert client.stdout.readline() == "ready\n"
    assert marked(router, mark) > 0, "it never left the queue"
    reload(router, sensor, change)
    log = router.folder / "sensor.log"
    if came_back is not None:
        said = f"matrix 2: {came_back} of 1 connections that had left the queue come back to it"
        router.wait(lambda: said in log.read_text())
    client.stdin.write("go on\n")
    client.stdin.flush()
    # clear mail that stays copied is reset by a copy, a little late
    wanted = (result,) if recheck != "none" or port == "465" else ("sent", "ended")
    assert client.stdout.readline().strip() in wanted
    assert (router.messages() == 1) == (result == "sent") or recheck == "none"
    router.end(sensor)
    blocked = [one[0] for one in router.alerts() if one[1] == "blocked"]
    assert bool(blocked) == (result == "ended") or recheck == "none"  # its end is seen, and judged by the new one
    assert "come back" in log.read_text() or recheck == "none"


def rechecker_of(run):
    for pid in processes_of(run.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if pathlib.Path(f"/proc/{pid}/comm").read_text() == "rechecker\n":
                return pid
    return None


def stopped_rechecker(router, run):
    """The process that goes through the kernel's connections for a new matrix; it may be faster than this."""
    matrix, log = router.folder / "matrix.yaml", router.folder / "sensor.log"

    def ended():
        return log.read_text().count("come back to it")

    for _ in range(50):
        before = ended()
        matrix.write_text(matrix.read_text() + "\n")
        run.send_signal(signal.SIGHUP)
        found = until(lambda: rechecker_of(run) or -(ended() - before), "the rechecker", nap=0)
        with contextlib.suppress(ProcessLookupError):
            if found > 0:
                os.kill(found, signal.SIGSTOP)
                if not is_dead(found):
                    return found
    raise AssertionError("it was always faster")


def test_while_connections_are_gone_through_a_dead_worker_is_replaced_and_mail_goes_on(router):
    run = router.sensor("-q", "0", "--enforce")
    rechecker = stopped_rechecker(router, run)
    os.kill(worker(router)["pid"], signal.SIGKILL)
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.wait(lambda: worker(router)["restarts"] == 1 and worker(router)["state"] == "running")
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    log = router.folder / "sensor.log"
    before = log.read_text().count("come back to it")
    os.kill(rechecker, signal.SIGCONT)
    router.wait(lambda: log.read_text().count("come back to it") > before)
    router.end(run)


def test_who_goes_through_connections_leaves_the_queue_with_a_killed_supervisor(router):
    run = router.sensor("-q", "0", "--enforce")
    rechecker = stopped_rechecker(router, run)
    run.kill()
    run.wait(10)
    router.wait(lambda: is_dead(rechecker))
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"


def test_mode_action_and_ban_are_taken_by_a_reload_and_the_rest_is_said(router):
    settings = router.folder / "settings.yaml"
    log = router.folder / "sensor.log"

    def change(text, generation):
        settings.write_text(text)
        sensor.send_signal(signal.SIGHUP)
        router.wait(lambda: worker(router)["matrix"] == generation)

    def send():
        return router.send(WORKSTATION, SERVER, 25)["result"]

    settings.write_text("mode: audit\n")
    sensor = router.sensor("-q", "0", "-c", str(settings))
    assert send() == "sent" and router.status()["mode"] == "audit"
    router.wait(lambda: router.records("mail"))  # else its last packets are judged by what comes
    change("mode: enforce\nban: 300\n", 2)
    assert send() == "refused" and send() == "ConnectionRefusedError" and router.status()["mode"] == "enforce"
    assert "mode enforce from here on" in log.read_text() and "next start" not in log.read_text()
    settings.write_text("mode: enforc\n")
    sensor.send_signal(signal.SIGHUP)
    router.wait(lambda: "settings.yaml:1:7: mode takes audit or enforce" in log.read_text())
    assert router.status()["mode"] == "enforce" and router.status()["reloads_refused"] == 1
    change("mode: audit\nhold-ms: 60\n", 3)
    assert send() == "sent" and [one["address"] for one in router.status()["bans"]] == [WORKSTATION]
    assert "taken at the next start only: hold-ms" in log.read_text()
    change("mode: enforce\naction: sender.illegitimate=accept\n", 4)
    router.run(router.router, bench.BINARY, "unban", WORKSTATION, "--state-dir", str(router.folder / "state"))
    assert send() == "sent"
    router.end(sensor)
