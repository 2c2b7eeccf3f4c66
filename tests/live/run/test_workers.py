"""A mixed hour whose flows are shared out on purpose: several workers see what one would.

What belongs together (a relay that is given a message and passes it on, a host that sends to many servers, a gateway
that sends and receives, a server that offered STARTTLS before, hosts of one group) is of different workers, and beside
each stands a near miss. The hour passes in seconds.
"""

import collections
import contextlib
import itertools
import random
import signal
import struct
import time

import pytest

import captures
import sensor
from frames_made import file_header
from sensor import Sensor, until

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
WORKERS = (1, 2, 4)
SAMPLED = frozenset({"second_opinion"})  # of a server's flows some are shown to nDPI, by each worker
RATE = 3
PC, FEW_PC, LAST_PC = "192.0.2.70", "192.0.2.71", "192.0.2.72"
PRINTERS = [f"192.0.2.{80 + i}" for i in range(8)]
MAILBOX, RELAY, MX_IN, MX_OUT, BOTH = "192.0.2.10", "192.0.2.25", "198.51.100.3", "198.51.100.2", "198.51.100.7"
OFFERED, NEVER_OFFERED = "203.0.113.60", "203.0.113.61"
MATRIX = f"""
schema: 1
zones:
  internal: [192.0.2.0/24]
  gateway: [198.51.100.0/28]
groups:
  mailboxes: {{role: mailbox, service: office, addresses: [{MAILBOX}]}}
  relay: {{role: relay, service: office, addresses: [{RELAY}]}}
  mx-in: {{role: inbound, addresses: [{MX_IN}]}}
  mx-out: {{role: outbound, addresses: [{MX_OUT}]}}
  both: {{role: outbound, addresses: [{BOTH}]}}
  pc: {{role: client, service: office, addresses: [{PC}]}}
  few-pc: {{role: client, service: office, addresses: [{FEW_PC}]}}
  last-pc: {{role: client, service: office, addresses: [{LAST_PC}]}}
  printers: {{role: application, service: technical, addresses: [{PRINTERS[0]}-{PRINTERS[-1]}]}}
rows:
  - {{id: W-01, from: relay, to: mailboxes, protocols: [smtp], tls: optional}}
  - {{id: W-02, from: mx-out, to: internet, protocols: [smtp], tls: optional}}
  - {{id: W-03, from: both, to: internet, protocols: [smtp], tls: optional}}
  - {{id: W-04, from: internet, to: mx-in, protocols: [smtp], tls: optional}}
  - {{id: W-05, from: internet, to: both, protocols: [smtp], tls: optional}}
"""


def packed(address):
    return bytes(map(int, address.split(".")))


def member(one, other, members):
    """As capture/fanout.c deals out pairs of hosts."""
    value = (int.from_bytes(packed(one)) + int.from_bytes(packed(other))) & 0xFFFFFFFF
    value = (value ^ value >> 16) * 0x9E3779B1 & 0xFFFFFFFF
    return (value ^ value >> 16) % members


def apart(pairs):
    """These pairs of hosts are not all of one worker, of two as little as of four."""
    return len({member(*pair, 2) for pair in pairs}) == 2


def peer_of(host, worker):
    """A host of the Internet that no other has; with this one it is of the worker, of two."""
    peer = next(peer for peer in (f"203.0.113.{last}" for last in range(100, 250))
                if peer not in TAKEN and member(host, peer, 2) == worker)
    TAKEN.add(peer)
    return peer


TAKEN = set()
PORTS = itertools.count(40000)


def segment(client, server, port, to_server, numbers, flags, payload=b""):
    ports = (port, 25) if to_server else (25, port)
    ends = packed(client) + packed(server) if to_server else packed(server) + packed(client)
    content = struct.pack(">HHIIBBHHH", *ports, numbers[to_server], numbers[not to_server], 0x50, flags, 65535, 0, 0) + payload
    return (b"\x02" * 12 + b"\x08\x00" +
            struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(content), 0, 0x4000, 64, 6, 0) + ends + content)


def message(client, server, queue_id="0A", received="", capabilities=""):
    """The frames of a connection in which one message is handed over."""
    turns = [(False, "220 mx.example.net ESMTP\r\n"), (True, "EHLO mx.example.org\r\n"),
             (False, f"250-mx.example.net\r\n{capabilities}250 8BITMIME\r\n"),
             (True, "MAIL FROM:<a@example.org>\r\n"), (False, "250 2.1.0 Ok\r\n"),
             (True, "RCPT TO:<b@example.net>\r\n"), (False, "250 2.1.5 Ok\r\n"),
             (True, "DATA\r\n"), (False, "354 End data with .\r\n"),
             (True, f"{received}Subject: one\r\n\r\ntext\r\n.\r\n"), (False, f"250 2.0.0 Ok: queued as {queue_id}\r\n"),
             (True, "QUIT\r\n"), (False, "221 2.0.0 Bye\r\n")]
    port = next(PORTS)
    numbers = {True: 1000, False: 5000}
    frames = [segment(client, server, port, True, {True: 1000, False: 0}, 0x02)]
    numbers[True] += 1
    frames.append(segment(client, server, port, False, numbers, 0x12))
    numbers[False] += 1
    frames.append(segment(client, server, port, True, numbers, 0x10))
    for to_server, text in turns:
        frames.append(segment(client, server, port, to_server, numbers, 0x18, text.encode()))
        numbers[to_server] += len(text)
    for to_server in (True, False):
        frames.append(segment(client, server, port, to_server, numbers, 0x11))
        numbers[to_server] += 1
    frames.append(segment(client, server, port, True, numbers, 0x10))
    return port, frames


def received(queue_id):
    return (f"Received: from mx-in.example.org (mx-in.example.org [{MX_IN}])\r\n"
            f"\tby relay.example.org (Postfix) with ESMTP id {queue_id}\r\n\tfor <b@example.net>; Mon, 30 Nov 2026 03:00:00 +0000\r\n")


class Hour:
    """What happens, in order; each list a story whose flows follow one another, the stories interleaved."""

    def __init__(self):
        self.stories = []
        self.port = {}

    def tell(self, *flows):
        """(name, client, server, words of the message) of each."""
        frames = []
        for name, client, server, words in flows:
            self.port[name], flow = message(client, server, **words)
            frames.append(flow)
        self.stories.append([frame for flow in frames for frame in flow])

    def capture(self, seconds=2.0):
        """Each story goes on at its own pace; what ends it comes last."""
        dice = random.Random(7)
        *stories, last = self.stories
        begins = [dice.uniform(0, 0.2) for _ in stories]
        order = sorted((begin + index / len(story) * 0.7, number, index)
                       for number, (begin, story) in enumerate(zip(begins, stories, strict=True)) for index in range(len(story)))
        start = time.time()
        timed = [(start + at * seconds, stories[number][index]) for at, number, index in order]
        timed += [(start + seconds + index * 0.002, frame) for index, frame in enumerate(last)]
        content = [file_header()]
        for at, frame in timed:
            content.append(struct.pack("<IIII", *divmod(round(at * 1e6), 10 ** 6), len(frame), len(frame)) + frame)
        return b"".join(content)


def mixed_hour():
    TAKEN.clear()
    hour = Hour()
    # a relay passes on what it was given, and what it was not
    assert apart([(MX_IN, RELAY), (RELAY, MAILBOX)])
    hour.tell(("given", MX_IN, RELAY, {"queue_id": "4F1B2C"}), ("passed", RELAY, MAILBOX, {"received": received("4F1B2C")}),
              ("its own", RELAY, MAILBOX, {"received": received("4F1B2D")}))
    # a host that sends to five servers, and one that sends to four
    for host, name, count in ((PC, "fan", 5), (FEW_PC, "few", 4)):
        hour.tell(*((f"{name} {number}", host, peer_of(host, number % 2), {}) for number in range(count)))
    # a gateway that receives and sends, and two that do one
    for gateway_in, gateway_out, name in ((BOTH, BOTH, "mixed"), (MX_IN, MX_OUT, "one way")):
        hour.tell((f"{name} in", peer_of(gateway_in, 0), gateway_in, {}),
                  (f"{name} out", gateway_out, peer_of(gateway_out, 1), {}))
    # a server that offered STARTTLS to another one, and one that never did
    assert apart([(MX_OUT, OFFERED), (BOTH, OFFERED)]) and apart([(MX_OUT, NEVER_OFFERED), (BOTH, NEVER_OFFERED)])
    hour.tell(("offered", MX_OUT, OFFERED, {"capabilities": "250-STARTTLS\r\n"}), ("stripped", BOTH, OFFERED, {}))
    hour.tell(("not offered", MX_OUT, NEVER_OFFERED, {}), ("never offered", BOTH, NEVER_OFFERED, {}))
    # hosts of a group that do the same are one alert that grows
    printed = [(printer, f"203.0.113.{30 + index}") for index, printer in enumerate(PRINTERS)]
    assert apart(printed)
    hour.tell(*((f"printer {printer}", printer, server, {}) for printer, server in printed))
    # and mail as it should be
    for sender in (f"203.0.113.{last}" for last in range(1, 30)):
        hour.tell((f"in {sender}", sender, MX_IN, {}))
    hour.tell(("last", LAST_PC, "203.0.113.99", {}))
    return hour


@contextlib.contextmanager
def sensors(*choices):
    """Of these options each, all on one link."""
    with contextlib.ExitStack() as stack:
        runs = []
        for options in choices:
            runs.append(Sensor("--silence", "0", *options, matrix=MATRIX, beside=runs[0] if runs else None))
            stack.callback(runs[-1].close)
        for run in runs[1:]:
            run.watch()
        yield runs


def told_of(records, port, finding):
    return [record for record in records if "alert" in record and record["src_port"] == port and
            finding in [each["finding"] for each in (record["alert"]["metadata"], *record["alert"]["metadata"].get("also", []))]]


def check_findings(hour, records):
    """What is to be told is, and the near misses are not."""
    def is_told(name, finding):
        return bool(told_of(records, hour.port[name], finding))

    assert is_told("passed", "relay.chained") and not is_told("its own", "relay.chained")
    mixed = [record for record in records if record.get("alert", {}).get("metadata", {}).get("finding") == "gateway.send-receive-mixed"]
    assert mixed and all(BOTH in (record["src_ip"], record["dest_ip"]) for record in mixed)
    assert is_told("stripped", "tls.starttls-stripped") and not is_told("never offered", "tls.starttls-stripped")
    worst = {host: min(record["alert"]["severity"] for record in records if "alert" in record and record["src_ip"] == host)
             for host in (PC, FEW_PC)}
    assert worst[PC] < worst[FEW_PC]
    grown = [record for record in records if "alert" in record and record["src_ip"] in PRINTERS]
    assert len(grown) == 4  # of one, two, four, eight hosts


def sent_past_all(hour, tmp_path):
    """(times that workers judged alone, (records of a replay, those of each sensor))"""
    with sensors(*(["--workers", workers] for workers in WORKERS),
                 *(["--workers", workers, "--alert-rate", f"sender.illegitimate={RATE}", "--record-rate", RATE] for workers in (1, 4))) as runs:
        capture = tmp_path / "hour.pcap"
        capture.write_bytes(hour.capture())
        expected = captures.replayed(capture, runs[0].matrix)
        runs[0].namespace.replay(capture)
        for run in runs:
            until(lambda run=run: [record for record in run.records()
                                   if record["event_type"] == "mail" and record["src_ip"] == LAST_PC], "the last flow's record")
        shares = [run.part(f"worker {worker}")["packets"] for run, workers in zip(runs, WORKERS, strict=False)
                  for worker in range(workers)]
        for run in runs:
            run.signal(signal.SIGTERM)
        for run in runs:
            run.process.wait(timeout=sensor.PATIENCE_S)
            assert run.end() == 0
        assert all(shares), shares
        return sum(map(sensor.alone, runs)), (expected, [run.records() for run in runs])


def test_workers_to_whom_an_hour_is_shared_out_tell_what_one_would(tmp_path):
    hour = mixed_hour()
    for _ in range(3):  # two senders that hash alike share one ceiling of records: by chance, and seldom twice
        expected, found = sensor.in_company(lambda: sent_past_all(hour, tmp_path))
        one, four = (given_and_held(records) for records in found[len(WORKERS):])
        if four == one and one["records"][PC] == RATE:
            break
    check_findings(hour, expected)
    for records, workers in zip(found, WORKERS, strict=False):
        captures.check_same(records, expected, f"{workers} workers", without=SAMPLED)
    assert four == one
    assert one["alerts held"] > 0
    assert (one["records"][PC], one["records"][RELAY]) == (RATE, 2) and one["records held"] > 0


def given_and_held(records):
    """Alerts on who sends against the rows, records by sender, and what was above the ceilings, which are of all workers together."""
    held = {"alerts": 0, "mail records": 0}
    for record in records:
        metadata = record.get("alert", {}).get("metadata", {})
        if metadata.get("finding") == "sensor.alerts-held":
            held["mail records" if "mail records" in metadata["detail"] else "alerts"] += metadata["count"]
    return {"told": sum(record.get("alert", {}).get("metadata", {}).get("finding") == "sender.illegitimate" for record in records),
            "records": collections.Counter(record["src_ip"] for record in records if record["event_type"] == "mail"),
            "alerts held": held["alerts"], "records held": held["mail records"]}
