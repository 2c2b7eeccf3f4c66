"""Decided flows left to the kernel: what is told is the same, all is counted, and nothing hides behind one."""

import shutil
import struct
import subprocess
import time

import pytest

import captures
import lengthened
import sensor
from frames_made import dialogue, ending, exchange, pcap, segment
from sensor import FOUND, Sensor, until

WHY_NOT = sensor.why_not_here() or next((f"needs {tool}" for tool in ("tcpreplay", "setpriv") if not shutil.which(tool)), None)
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
LAST_HOST = 99
GREETING = b"SSH-2.0-OpenSSH_9.2\r\n"
CLEAR = [(False, b"220 mail.example.net ESMTP\r\n"), (True, b"EHLO pc.example.org\r\n"), (False, b"250 mail.example.net\r\n")]
MAIL = [(True, b"MAIL FROM:<a@example.org>\r\n"), (False, b"250 ok\r\n")]
TAKEN = "capture.received"
SHUNTED = "capture.shunted"
TURNS = 300
WHILE_DECIDED = 120
SEEN_AGAIN = 40  # of a flow that a packet of others stops, behind that
PASSED_S = 0.5  # by then all that was captured is taken


def lengthened_cases():
    """(matrix, folders): of each matrix the golden cases with something encrypted, some at once; those of the most suffice."""
    found = [(matrix, [folder for folder in folders if lengthened.packets(folder)]) for matrix, folders in captures.cases().items()]
    most = sorted(found, key=lambda item: -len(item[1]))[:5]
    return [(matrix, folders[at:at + AT_ONCE]) for matrix, folders in most for at in range(0, len(folders), AT_ONCE)]


AT_ONCE = 12
CASES = lengthened_cases()


def ended(run):
    return [record for record in run.records()
            if record["event_type"] == "mail" and record["src_ip"] == f"192.0.2.{LAST_HOST}"]


def status_text(run):
    answer = subprocess.run([sensor.MAILWARDEN, "status", "--state-dir", run.state], capture_output=True, text=True,
                            timeout=sensor.PATIENCE_S, check=True)
    return " ".join(answer.stdout.split())


def counter(run, name):
    return run.worker()["counters"].get(name, 0)


def skip_without(run):
    if run.worker()["interfaces_shunting"] == 0:
        pytest.skip("this kernel refuses: " + run.log())


def replayed(run, content, tmp_path):
    """(path, records)"""
    capture = tmp_path / "sent.pcap"
    capture.write_bytes(content)
    return capture, captures.replayed(capture, run.matrix)


def told_as_by_a_replay(matrix, folders, tmp_path, pace):
    """How many packets stayed in the kernel, of flows of which the same is told as by a replay."""
    run = Sensor("--silence", "0", "--shunt", "yes", matrix=matrix)
    try:
        skip_without(run)
        content, _ = captures.joined(folders, dialogue(LAST_HOST) + ending(LAST_HOST), lengthened.packets)
        sent = sum(len(lengthened.packets(folder)) for folder in folders)
        capture, expected = replayed(run, content, tmp_path)
        run.namespace.replay(capture, f"--multiplier={pace}")
        until(lambda: ended(run), "the last flow's record")
        until(lambda: counter(run, TAKEN) >= sent, "all to be counted")
        shunted = counter(run, SHUNTED)
        assert run.end() == 0
        found = run.records()
    finally:
        run.close()
    captures.check_same(found, expected, captures.case_names(folders))
    return shunted


@pytest.mark.parametrize("matrix, folders", CASES, ids=[folders[0].name for _, folders in CASES])
def test_long_encrypted_flows_are_told_as_by_a_replay_though_most_of_them_is_not_seen(matrix, folders, tmp_path):
    for pace in lengthened.PACES:
        shunted = told_as_by_a_replay(matrix, folders, tmp_path, pace)
        if shunted > len(folders) * lengthened.MORE / 8:
            break
    assert shunted > len(folders) * lengthened.MORE / 8


def foreign(host, turns=TURNS):
    """A connection that is no mail, decided by its greetings; (frames, numbers of client and server behind it)."""
    said = [(False, GREETING), (True, GREETING), *[(index % 2 > 0, bytes(100)) for index in range(turns)]]
    at = [first + sum(len(data) for to_server, data in said if to_server == is_client)
          for is_client, first in ((True, 1001), (False, 5001))]
    return exchange(host, said), at


def closed(host, numbers):
    client, server = numbers
    return [segment(host, True, client, server, 0x11), segment(host, False, server, client + 1, 0x11),
            segment(host, True, client + 1, server + 1, 0x10)]


def anew(host, turns):
    """Another connection of the same ports."""
    at = {True: 900_000_001, False: 700_000_001}
    frames = [segment(host, True, at[True] - 1, 0, 0x02), segment(host, False, at[False] - 1, at[True], 0x12),
              segment(host, True, at[True], at[False], 0x10)]
    for to_server, data in turns:
        frames.append(segment(host, to_server, at[to_server], at[not to_server], 0x18, data))
        at[to_server] += len(data)
    return frames


def with_options(frame):
    """The same with two words of IPv4 options that say nothing."""
    header = bytearray(frame[14:34])
    header[0] = 0x47
    struct.pack_into(">H", header, 2, struct.unpack_from(">H", header, 2)[0] + 8)
    return frame[:14] + bytes(header) + b"\x01" * 8 + frame[34:]


def closed_and_used_again(host):
    frames, numbers = foreign(host)
    return frames + closed(host, numbers) + anew(host, CLEAR + MAIL)


def reset_and_used_again(host):
    frames, (client, server) = foreign(host)
    return [*frames, segment(host, True, client, server, 0x14), *anew(host, CLEAR + MAIL)]


def begun_again_with_options(host):
    frames, numbers = foreign(host)
    first, *others = anew(host, CLEAR + MAIL)
    return [*frames, *closed(host, numbers), with_options(first), *others]


def reset_by_others(host):
    """Whose numbers do not fit; then it goes on, ends, and its ports are used again."""
    frames, numbers = foreign(host)
    alien = segment(host, True, numbers[0] + 0x40000000, 0, 0x04)
    return [*frames[:-SEEN_AGAIN], alien, *frames[-SEEN_AGAIN:], *closed(host, numbers), *anew(host, CLEAR + MAIL)]


def tunnelled(frame):
    """In IPv4 between two gateways (RFC 2003), which no matrix declares."""
    outer = struct.pack(">BBHHHBBH4B4B", 0x45, 0, 20 + len(frame) - 14, 0, 0, 64, 4, 0, 198, 51, 100, 50, 203, 0, 113, 50)
    return frame[:14] + outer + frame[14:]


def same_ends_in_a_tunnel(host):
    """The host's connection is shunted; in the tunnel there is another one of the same addresses and ports."""
    return [*foreign(host)[0], *map(tunnelled, dialogue(host)), *map(tunnelled, ending(host))]


def long_in_a_tunnel(host):
    return [tunnelled(frame) for frame in foreign(host)[0]]


def mail_that_takes_its_time(host):
    """STARTTLS is asked for late, and refused: then it is told in clear."""
    noops = [(to_server, b"NOOP\r\n" if to_server else b"250 ok\r\n") for _ in range(150) for to_server in (True, False)]
    late = [(True, b"STARTTLS\r\n"), (False, b"454 4.7.0 not now\r\n")]
    return exchange(host, CLEAR + noops + late + MAIL)


def web_that_becomes_mail(host):
    """Requests, then a proxy is asked for the way to a mail server."""
    pages = [(True, b"GET / HTTP/1.1\r\nHost: a.example.net\r\n\r\n"), (False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")] * 150
    opened = [(True, b"CONNECT mail.example.net:25 HTTP/1.1\r\nHost: mail.example.net:25\r\n\r\n"),
              (False, b"HTTP/1.1 200 Connection established\r\n\r\n")]
    return exchange(host, pages + opened + CLEAR + MAIL)


def shunt(run, flows):
    """The first half has them asked for, the second one has all that was captured before behind it."""
    for part in (slice(0, WHILE_DECIDED // 2), slice(WHILE_DECIDED // 2, None)):
        at = counter(run, TAKEN)
        sent = [frame for frames in flows.values() for frame in frames[part]]
        run.send(sent)
        until(lambda: counter(run, TAKEN) >= at + len(sent), "these to be counted")
        time.sleep(PASSED_S)  # no condition tells that it is over: longer only makes it surer


HIDING = {80: closed_and_used_again, 81: reset_and_used_again, 82: begun_again_with_options, 83: reset_by_others}
IN_A_TUNNEL = 86
UNDECLARED = 87
OPEN = {84: mail_that_takes_its_time, 85: web_that_becomes_mail}


def test_nothing_hides_behind_a_flow_that_is_shunted(tmp_path):
    run = Sensor("--silence", "0", "--shunt", "yes")
    try:
        skip_without(run)
        open_frames = [frame for host, make in OPEN.items() for frame in make(host)] + long_in_a_tunnel(UNDECLARED)
        hiding = {host: make(host) for host, make in HIDING.items()} | {IN_A_TUNNEL: same_ends_in_a_tunnel(IN_A_TUNNEL)}
        in_order = [frame for frames in hiding.values() for frame in frames]
        _, expected = replayed(run, pcap(open_frames + in_order + dialogue(LAST_HOST) + ending(LAST_HOST)), tmp_path)
        run.send(open_frames)
        until(lambda: counter(run, TAKEN) >= len(open_frames), "all to be taken")
        assert counter(run, SHUNTED) == 0  # of these each has more to show, or is in a tunnel
        shunt(run, {host: frames[:WHILE_DECIDED] for host, frames in hiding.items()})
        before = counter(run, SHUNTED)
        run.send([frame for frames in hiding.values() for frame in frames[WHILE_DECIDED:]])
        run.send(dialogue(LAST_HOST) + ending(LAST_HOST))
        until(lambda: ended(run), "the last flow's record")
        until(lambda: counter(run, TAKEN) >= len(open_frames) + sum(map(len, hiding.values())), "all to be counted")
        assert counter(run, SHUNTED) - before >= (TURNS - WHILE_DECIDED) * len(hiding) - SEEN_AGAIN
        assert counter(run, TAKEN) == counter(run, "frames")
        assert run.end() == 0
        hosts = {alert["src_ip"] for alert in run.alerts(FOUND)}
        found = run.records()
        inside = [record for record in run.records() if record["event_type"] == "mail" and "tunnel" in record]
    finally:
        run.close()
    assert [record["src_ip"] for record in inside] == [f"192.0.2.{IN_A_TUNNEL}"]
    assert hosts == {f"192.0.2.{host}" for host in (*HIDING, *OPEN, LAST_HOST)}
    captures.check_same(found, expected, "of what hides")


def test_two_workers_leave_their_flows_to_the_kernel_each(tmp_path):
    del tmp_path
    run = Sensor("--workers", "2", "--shunt", "yes")
    try:
        skip_without(run)
        flows = [foreign(host)[0] for host in range(80, 90)]
        parts = [[frame for flow in flows for frame in flow[at:to]] for at, to in ((0, 60), (60, 120), (120, None))]

        def sums(name):
            return [run.part(f"worker {index}")["counters"].get(name, 0) for index in range(2)]

        for index, part in enumerate(parts):
            run.send(part)
            until(lambda: sum(sums(TAKEN)) == sum(map(len, parts[:index + 1])), "all to be counted")
            time.sleep(PASSED_S)
        assert min(sums(SHUNTED)) > 0
        assert sum(sums(SHUNTED)) >= len(parts[-1])
        share = sum(sums(SHUNTED)) * 100 // sum(map(len, parts))
        assert f" packets of decided flows counted in the kernel ({share} %)" in status_text(run)
        assert sum(sums("flow.opened")) == len(flows)
        assert run.end() == 0
    finally:
        run.close()


def test_without_the_right_or_the_wish_all_packets_are_seen():
    frames, _ = foreign(80)
    run = Sensor()
    try:
        run.send(frames)
        until(lambda: counter(run, TAKEN) == len(frames), "all to be taken")
        assert counter(run, SHUNTED) == 0
        assert run.worker()["interfaces_shunting"] == 0
        assert "left to the kernel" not in run.log()
        assert run.end() == 0
        run.options = ("--shunt", "yes")
        run.start("setpriv", "--bounding-set", "-bpf,-sys_admin", "--inh-caps", "-bpf,-sys_admin")
        assert run.log().count("decided flows are not left to the kernel") == 1
        run.send(frames)
        until(lambda: counter(run, TAKEN) == len(frames), "all to be taken")
        assert counter(run, SHUNTED) == 0
        assert run.end() == 0
    finally:
        run.close()
