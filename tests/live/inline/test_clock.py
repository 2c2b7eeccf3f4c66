"""The wall clock is set while an inline sensor runs: what is held or banned stays so no longer and no shorter."""
import datetime
import os
import re
import shlex
import signal
import struct
import subprocess

import pytest

import router as bench
from router import SERVER, WORKSTATION
from sensor import until

HOUR_S = 3600
BAN_S = 300


class Clock:
    """Of the sensors that are started from here."""

    def __init__(self, folder, monkeypatch):
        self.file = folder / "clock"
        self.set(0)
        library = folder / "clock.so"
        bench.command(*shlex.split(os.environ.get("CC", "cc")), "-shared", "-fPIC", "-o", library, bench.HERE / "clock.c")
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self.file), "ASAN_OPTIONS": ":".join(
            filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))}
        self.monkeypatch = monkeypatch

    def set(self, seconds_off):
        """In place: it is mapped."""
        with open(self.file, "r+b" if self.file.exists() else "wb") as file:
            file.write(struct.pack("=q", seconds_off))

    def sensor(self, router, *options):
        with self.monkeypatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            return router.sensor("-q", "0", "--enforce", *options)


@pytest.fixture(name="router")
def router_fixture(tmp_path):
    with bench.built(tmp_path) as made:
        made.rules()
        yield made


@pytest.fixture(name="clock")
def clock_fixture(tmp_path, monkeypatch):
    return Clock(tmp_path, monkeypatch)


def counter(router, name):
    return sum(one["counters"].get(name, 0) for one in router.status()["processes"])


SINK = """
import socket, sys
channel = socket.create_server((sys.argv[1], 5201)).accept()[0]
while data := channel.recv(100):
    print(data.decode(), flush=True)
"""

SOURCE = """
import socket, sys, time
while True:
    try:
        channel = socket.create_connection((sys.argv[1], 5201), 5)
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
for line in sys.stdin:
    channel.sendall(line.strip().encode())
"""


@pytest.mark.parametrize("seconds_off", [-HOUR_S, HOUR_S])
def test_held_packets_go_on_after_the_clock_was_set(router, clock, tmp_path, seconds_off):
    sensor = clock.sensor(router, "--hold", "64", "--hold-ms", "2000")
    with open(tmp_path / "sink", "w", encoding="ascii") as file:
        router.start(router.server, "/usr/bin/python3", "-c", SINK, SERVER, stdout=file)
    source = router.start(router.client, "/usr/bin/python3", "-c", SOURCE, SERVER, stdin=subprocess.PIPE)

    def send(byte):
        source.stdin.write(f"{byte}\n")
        source.stdin.flush()

    def has_come(bytes_sent):
        return (tmp_path / "sink").read_text().replace("\n", "") == bytes_sent

    send("1")
    until(lambda: counter(router, "inline.held") > 0, "a packet to be held")
    clock.set(seconds_off)
    until(lambda: has_come("1"), "what was held to go on")
    send("2")
    until(lambda: has_come("12"), "what comes later to go on")
    router.end(sensor)


@pytest.fixture(name="mail")
def mail_fixture(router):
    router.serve("25")
    return lambda: router.send(WORKSTATION, SERVER, 25)["result"]


def test_a_ban_outlasts_a_clock_that_is_set_ahead(router, clock, mail):
    sensor = clock.sensor(router, "--ban", str(BAN_S))
    assert mail() == "refused"
    clock.set(HOUR_S)
    assert mail() == "ConnectionRefusedError"
    router.end(sensor)


def test_a_ban_lasts_no_longer_when_the_clock_is_set_back(router, clock, mail):
    clock.set(HOUR_S)
    sensor = clock.sensor(router, "--ban", "2")
    assert mail() == "refused"
    clock.set(0)
    until(lambda: mail() == "refused", "the end of the ban")
    router.end(sensor)


def test_the_end_of_a_ban_is_told_by_the_clock_of_who_asks(router, clock, mail):
    clock.set(HOUR_S)
    sensor = clock.sensor(router, "--ban", str(BAN_S))
    assert mail() == "refused"
    (ban,) = router.status()["bans"]
    left = datetime.datetime.fromisoformat(ban["until"]) - datetime.datetime.now(datetime.timezone.utc)
    assert 0 < left.total_seconds() <= BAN_S
    text = bench.command(bench.BINARY, "status", "--state-dir", str(router.folder / "state")).stdout
    (seconds,) = re.findall(rf"banned +{WORKSTATION} for another (\d+) s", text)
    assert 0 < int(seconds) <= BAN_S
    bench.command(bench.BINARY, "unban", WORKSTATION, "--state-dir", str(router.folder / "state"))
    assert router.status()["bans"] == []
    router.end(sensor)


def test_the_end_of_the_grace_of_a_row_is_told_once_and_by_the_status(router, clock):
    matrix = router.folder / "matrix.yaml"
    last_day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
    matrix.write_text(matrix.read_text().replace("ports: [25, 2525]", f"expires: {last_day}, ports: [25]"))

    def told():
        return [record["alert"]["metadata"]["detail"] for record in router.records("alert")
                if record["alert"]["metadata"]["finding"] == "sensor.row-expiring"]

    def looks_again():
        before = router.status()["matrix"]
        sensor.send_signal(signal.SIGHUP)
        until(lambda: router.status()["processes"][2]["matrix"] == before + 1, "the reload")

    sensor = clock.sensor(router, "--grace", "2")
    (alert,) = until(told, "the end of the row")
    row, end = re.fullmatch(r"row (\S+) has expired: its last day was (.*)", alert).groups()
    assert end == f"{last_day}; let by until {last_day + datetime.timedelta(days=2)}"
    looks_again()
    assert len(told()) == 1 and router.status()["rows"]["grace_over"] == 0
    clock.set(2 * 24 * HOUR_S)
    looks_again()
    until(lambda: len(told()) == 2, "the end of the grace")
    assert told()[1] == (f"row {row} has expired, and its grace is over: its last day was {last_day}; "
                         "what it allowed is blocked")
    looks_again()
    assert len(told()) == 2 and router.status()["rows"]["grace_over"] == 1
    text = bench.command(bench.BINARY, "status", "--state-dir", str(router.folder / "state")).stdout
    assert "1 of these are past their grace: what they allowed is blocked" in text
    router.end(sensor)


def test_a_sensor_that_ended_keeps_nobody_out(router, clock, mail):
    sensor = clock.sensor(router, "--ban", str(BAN_S))
    assert mail() == "refused"
    assert len(router.status()["bans"]) == 1
    router.end(sensor)
    for option in ("", "--json"):
        told = subprocess.run((bench.BINARY, "status", "--state-dir", str(router.folder / "state"), *option.split()),
                              capture_output=True, text=True, timeout=30, check=False)
        assert told.returncode == 3 and WORKSTATION not in told.stdout
