"""Flows of several workers that are left to the kernel: what they teach each other is what one worker would know."""

import shutil
import signal
import struct
import time

import pytest

import captures
import lengthened
import sensor
from frames_made import file_header
from sensor import until
from test_workers import (BOTH, LAST_PC, MX_OUT, NEVER_OFFERED, OFFERED, SAMPLED, TAKEN, apart, member, message, packed, peer_of,
                          sensors, told_of)

WHY_NOT = sensor.why_not_here() or (None if shutil.which("tcpreplay") else "needs tcpreplay")
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
ENCRYPTED = captures.PCAPS / "gateway-to-internet-starttls"
STEP_S = 0.002
WORKERS = (1, 2)


def encrypted(client, server):
    """STARTTLS, then data for as long as it takes to be left to the kernel, and the end: (seconds behind the last, frame)."""
    longer = lengthened.packets(ENCRYPTED)
    asks, answers = captures.ends_of(longer[0][1])
    to = {asks[0]: packed(client), answers[0]: packed(server)}
    return [(min(gap, STEP_S), frame[:26] + to[frame[26:30]] + to[frame[30:34]] + frame[34:]) for gap, frame in longer]


def in_clear(client, server):
    port, frames = message(client, server)
    return port, [(STEP_S, frame) for frame in frames]


def told(stories):
    """One capture of them, each begun so many seconds from now."""
    timed = []
    start = time.time()
    for begin, story in stories:
        at = start + begin
        for gap, frame in story:
            at += gap
            timed.append((at, frame))
    timed.sort(key=lambda one: one[0])
    return file_header() + b"".join(
        struct.pack("<IIII", *divmod(round(at * 1e6), 10 ** 6), len(frame), len(frame)) + frame for at, frame in timed)


def mixed():
    """(capture, frames, port of the flow whose offer is gone, port of one that never had any)"""
    TAKEN.clear()
    assert apart([(MX_OUT, OFFERED), (BOTH, OFFERED)]) and apart([(MX_OUT, NEVER_OFFERED), (BOTH, NEVER_OFFERED)])
    gone_port, gone = in_clear(BOTH, OFFERED)
    never_port, never = in_clear(BOTH, NEVER_OFFERED)
    stories = [(0.0, encrypted(peer_of(BOTH, 0), BOTH)), (0.01, encrypted(MX_OUT, OFFERED)),
               (0.1, encrypted(BOTH, peer_of(BOTH, 1))), (0.11, in_clear(MX_OUT, NEVER_OFFERED)[1]),
               (0.15, gone), (0.17, never), (0.5, in_clear(LAST_PC, "203.0.113.99")[1])]
    return told(stories), sum(len(story) for _, story in stories), gone_port, never_port


def sums(run, workers, name):
    return [run.part(f"worker {worker}")["counters"].get(name, 0) for worker in range(workers)]


def sent_past_all(pace, tmp_path):
    """(times that workers judged alone, (records of a replay, those by number of workers, least that a worker left to the kernel, ports))"""
    with sensors(*(["--workers", workers, "--shunt", "yes"] for workers in WORKERS)) as runs:
        if runs[0].worker()["interfaces_shunting"] == 0:
            pytest.skip("this kernel refuses: " + runs[0].log())
        content, count, *ports = mixed()
        capture = tmp_path / "mixed.pcap"
        capture.write_bytes(content)
        expected = captures.replayed(capture, runs[0].matrix)
        runs[0].namespace.replay(capture, f"--multiplier={pace}")
        shunted = []
        for run, workers in zip(runs, WORKERS, strict=True):
            until(lambda run=run, workers=workers: sum(sums(run, workers, "capture.received")) == count, "all to be counted")
            shunted += sums(run, workers, "capture.shunted")
            assert sum(sums(run, workers, "frames")) == count
            assert sum(sums(run, workers, "lessons.lost")) == 0
            run.signal(signal.SIGTERM)
        for run in runs:
            run.process.wait(timeout=sensor.PATIENCE_S)
            assert run.end() == 0
        found = {workers: run.records() for run, workers in zip(runs, WORKERS, strict=True)}
        return sum(map(sensor.alone, runs)), (expected, found, min(shunted), ports)


def check(expected, found, gone, never):
    assert told_of(expected, gone, "tls.starttls-stripped") and not told_of(expected, never, "tls.starttls-stripped")
    both = [record for record in expected if record.get("alert", {}).get("metadata", {}).get("finding") == "gateway.send-receive-mixed"]
    assert both and all(BOTH in (record["src_ip"], record["dest_ip"]) for record in both)
    assert {member(record["src_ip"], record["dest_ip"], 2) for record in expected if BOTH in (record.get("src_ip"), record.get("dest_ip"))} == {0, 1}
    for workers, records in found.items():
        captures.check_same(records, expected, f"{workers} workers", without=SAMPLED)


def test_what_flows_in_the_kernel_teach_is_known_to_all_workers(tmp_path):
    for pace in lengthened.PACES:
        expected, found, least, ports = sensor.in_company(lambda pace=pace: sent_past_all(pace, tmp_path))
        check(expected, found, *ports)
        if least > lengthened.MORE / 8:
            break
    assert least > lengthened.MORE / 8
