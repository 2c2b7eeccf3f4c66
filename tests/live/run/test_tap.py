"""A network TAP: each direction comes by an interface of its own, and several workers hear whole conversations all the same."""

import collections
import signal
import subprocess

import captures
import pytest
import sensor
import test_workers
from sensor import until
from test_workers import MATRIX

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
WORKERS = (1, 2, 4, 4)
# which direction is read first is a matter of chance, and with it how far a flow was when its alert came
SO_FAR = frozenset({"flow", "mail", "ether", "examples", "second_opinion"})
SEND = """
import socket, struct, sys, time
ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW) for _ in range(2)]
for end, name in zip(ends, ("out0", "out1")):
    end.bind((name, 0))
capture, at, begun = sys.stdin.buffer.read(), 24, None
while at < len(capture):
    seconds, micros, length, _ = struct.unpack_from("<IIII", capture, at)
    frame, at = capture[at + 16:at + 16 + length], at + 16 + length
    when = seconds + micros / 1e6
    begun = begun or (when, time.time())
    time.sleep(max(0, when - begun[0] - (time.time() - begun[1])))
    ends[frame[26:30] < frame[30:34]].send(frame)
"""


class Tap(sensor.Sensor):
    """Watches the end of a second link, too."""

    def words(self):
        return [*super().words(), "-i", "tap1"]


def second_link(namespace):
    namespace.run("ip", "link", "add", "out1", "type", "veth", "peer", "name", "tap1")
    namespace.run("sysctl", "-qw", "net.ipv6.conf.out1.disable_ipv6=1", "net.ipv6.conf.tap1.disable_ipv6=1")
    for name in ("out1", "tap1"):
        namespace.run("ip", "link", "set", name, "up")


@pytest.fixture
def taps():
    """One of each number of workers; as each of them starts by itself, so does the order in which they come to an interface."""
    first = sensor.Sensor(matrix=MATRIX)
    runs = []
    try:
        second_link(first.namespace)
        for workers in WORKERS:
            runs.append(Tap("--silence", "0", "--workers", workers, matrix=MATRIX, beside=first))
        for run in runs:
            run.watch()
        yield runs
    finally:
        for run in reversed([first, *runs]):
            run.close()


def told(records):
    """Alerts of flows without how far these were."""
    return captures.comparable([record for record in records if "alert" in record and "src_port" in record], without=SO_FAR)


def mails(records):
    """Flows that ended, in which nothing is missing of either side."""
    return collections.Counter((record["src_ip"], record["dest_ip"], record["mail"]["messages"], record["mail"]["midstream"],
                                record["flow"]["bytes_toserver"], record["flow"]["bytes_toclient"], record["mail"]["verdict"])
                               for record in records if record["event_type"] == "mail")


def test_workers_on_both_interfaces_of_a_tap_hear_what_one_would(taps, tmp_path):
    capture = tmp_path / "traffic.pcap"
    capture.write_bytes(test_workers.mixed_hour().capture())
    expected = captures.replayed(capture, taps[0].matrix)
    subprocess.run(taps[0].namespace.inside("/usr/bin/python3", "-c", SEND), input=capture.read_bytes(), check=True,
                   timeout=sensor.PATIENCE_S)
    count = len(list(captures.records(tmp_path)))

    def shares_of(run, workers):
        """Once they took all that was sent."""
        shares = [run.part(f"worker {worker}")["packets"] for worker in range(workers)]
        return sum(shares) == count and shares

    shares = [until(lambda run=run, workers=workers: shares_of(run, workers), "all to be taken")
              for run, workers in zip(taps, WORKERS, strict=True)]
    for run in taps:
        run.signal(signal.SIGTERM)
    for run in taps:
        run.process.wait(timeout=sensor.PATIENCE_S)
        assert run.end() == 0
    assert all(all(share) for share in shares) and shares[-1] == shares[-2], shares
    for run, workers in zip(taps, WORKERS, strict=True):
        assert mails(run.records()) == mails(expected), f"{workers} workers"
        assert told(run.records()) == told(expected), f"{workers} workers"
