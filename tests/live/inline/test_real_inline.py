"""mailwarden run -q between real servers and clients: mail arrives or is stopped, and flows on whatever breaks."""

import os
import signal

import pytest

import captures
import real_site
import sensor
from real_site import MAILBOX, MX_OUT, SERVER, WORKSTATION, Mailflow

WHY_NOT = real_site.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
ILLEGITIMATE = {25: (), 2525: ("--port", "2525"), 465: ("--port", "465", "--tls-on-connect")}
SOON_S = 1.0


@pytest.fixture(scope="module")
def servers():
    with real_site.built() as made:
        yield made


@pytest.fixture
def site(servers):
    yield servers
    servers.forget()


def findings(site, action):
    return {(finding, port) for finding, done, port in site.alerts() if done == action}


def test_legitimate_mail_arrives_and_is_read(site):
    run = site.sensor("-q", "0", "--enforce")
    before = site.arrived()
    for options in ((), ("--tls",), ("--port", "2525")):
        code, said = site.swaks(MX_OUT, *options)
        assert code == 0, said
    site.wait(lambda: site.arrived() == before + 3)
    assert site.fetch(f"imaps://{MAILBOX}/INBOX;UID=1") == 0
    site.end(run)
    assert not findings(site, "blocked")
    verdicts = [(one["mail"]["protocol"], one["mail"]["verdict"], one["mail"]["row"]) for one in site.records("mail")]
    assert sorted(verdicts) == [("imaps", "legitimate", "M-01")] + [("smtp", "legitimate", "M-04")] * 3


def test_an_illegitimate_sender_is_stopped_on_every_port(site):
    run = site.sensor("-q", "0", "--enforce")
    before = site.arrived()
    for port, options in ILLEGITIMATE.items():
        code, said = site.swaks(WORKSTATION, *options)
        assert code != 0, said
        assert port == 465 or "554 5.7.1 " in said
    site.end(run)
    assert site.arrived() == before
    assert {("sender.illegitimate", port) for port in ILLEGITIMATE} <= findings(site, "blocked")


def test_in_audit_the_same_is_only_reported(site):
    run = site.sensor("-q", "0", "--audit")
    before = site.arrived()
    for options in ILLEGITIMATE.values():
        code, said = site.swaks(WORKSTATION, *options)
        assert code == 0, said
    site.wait(lambda: site.arrived() == before + len(ILLEGITIMATE))
    site.end(run)
    assert not findings(site, "blocked")
    assert {("sender.illegitimate", port) for port in ILLEGITIMATE} <= findings(site, "allowed")


def process(site, name):
    return next(one for one in site.status()["processes"] if one["name"] == name)


def hit(name, number):
    """A fault: that process of the sensor gets that signal."""
    def fault(site, run):
        os.kill(process(site, name)["pid"], number)
    return fault


def kill_each_worker(site, run):
    """The third one comes after a pause, in which the supervisor lets packets pass."""
    for _ in range(3):
        site.wait(lambda: process(site, "worker 0")["state"] == "running")
        killed = process(site, "worker 0")["restarts"]
        os.kill(process(site, "worker 0")["pid"], signal.SIGKILL)
        site.wait(lambda: process(site, "worker 0")["restarts"] > killed)


def fill_the_queue(site, run):
    """Sixteen packets have room; what comes while the worker stands still passes unseen."""
    os.kill(process(site, "worker 0")["pid"], signal.SIGSTOP)
    site.run(site.client, "/usr/bin/python3", "-c", "import socket\n"
             "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
             f"for _ in range(32): s.sendto(b'?', ('{SERVER}', 53))")


def break_the_matrix(site, run):
    matrix = site.folder / "matrix.yaml"
    matrix.write_text(matrix.read_text().replace("from: mx-out", "from: mx-uot"))
    run.send_signal(signal.SIGHUP)


FAULTS = {
    "worker-killed": (hit("worker 0", signal.SIGKILL), [("sensor.worker-restarted", "worker 0")]),
    "workers-killed": (kill_each_worker, [("sensor.worker-restarted", "worker 0")]),
    "worker-stopped": (hit("worker 0", signal.SIGSTOP), [("sensor.worker-restarted", "worker 0")]),
    "reporter-killed": (hit("reporter", signal.SIGKILL), [("sensor.worker-restarted", "reporter")]),
    "queue-full": (fill_the_queue, [("sensor.packet-loss", "worker 0"), ("sensor.worker-restarted", "worker 0")]),
    "matrix-broken": (break_the_matrix, [("sensor.reload-failed", "supervisor")]),
}


def are_told(site, alerts):
    return set(alerts) <= {(one["alert"]["metadata"]["finding"], one["sensor"]["process"])
                           for one in site.records("alert") if "sensor" in one}


def is_soon(seconds):
    return seconds < SOON_S * (4 if sensor.SANITIZED else 1) or os.getloadavg()[0] > os.cpu_count()


@pytest.mark.parametrize("fault, alerts", FAULTS.values(), ids=FAULTS)
def test_mail_flows_on_within_a_second_and_the_fault_is_told(site, fault, alerts):
    run = site.sensor("-q", "0", "--enforce", "--queue-length", "16")
    flow = Mailflow(site)
    fault(site, run)
    site.wait(lambda: are_told(site, alerts))
    site.wait(lambda: process(site, "worker 0")["state"] == "running")
    results, longest = flow.end()
    assert results == {"sent"} and is_soon(longest), longest
    code, _ = site.swaks(WORKSTATION)
    assert code != 0, "the sensor stands guard again"
    site.end(run)


def test_mail_flows_on_within_a_second_when_the_supervisor_is_killed(site):
    run = site.sensor("-q", "0", "--enforce")
    flow = Mailflow(site)
    run.kill()
    run.wait(10)
    results, longest = flow.end(50)
    assert results == {"sent"} and is_soon(longest), longest
    site.wait(lambda: are_told(site, [("sensor.cut-off", "supervisor")]))


def test_a_capture_of_the_same_link_replayed_says_what_the_inline_sensor_said(site):
    capture = site.folder / "link.pcap"
    run = site.sensor("-q", "0", "--audit")
    tcpdump = site.listen(capture)
    for source in (MX_OUT, WORKSTATION):
        for options in ILLEGITIMATE.values():
            assert site.swaks(source, *options)[0] == 0
        assert site.swaks(source, "--tls")[0] == 0
    for url in (f"imaps://{MAILBOX}/INBOX;UID=1", f"pop3s://{MAILBOX}/1"):
        assert site.fetch(url) == 0
    site.wait(lambda: site.is_quiet() and site.has_written(tcpdump))
    site.end(tcpdump)
    site.end(run)
    replayed = captures.replayed(capture, site.folder / "matrix.yaml")
    assert len(replayed) > 10
    captures.check_same(site.records(), replayed, "inline", inline=True)
