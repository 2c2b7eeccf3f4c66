"""What replay writes it can read again, whatever was in the captures: state, journal, records."""

import json
import random
import struct

import captures
import shipping
from frames_made import conversation, file_header
from replaying import replay, run, written

HELLO = [(False, b"220 mx.example.net ESMTP\r\n"), (True, b"EHLO pc.example.org\r\n"),
         (False, b"250-mx.example.net\r\n250 STARTTLS\r\n"), (True, b"QUIT\r\n"), (False, b"221 bye\r\n")]
PORTS = (0, 1, 25, 465, 993, 65535)
TIMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
CASES = 150


def state_of(path):
    return path.read_text().splitlines()


def test_a_server_on_port_0_is_not_remembered_and_one_on_port_1_is(tmp_path):
    for port, servers in ((0, 0), (1, 1)):
        capture = written(tmp_path, conversation(HELLO, port=port))
        state = tmp_path / f"{port}.state"
        for _ in range(2):
            answer = replay(capture, "--state", state)
            assert answer.returncode == 0, answer.stderr
        lines = state_of(state)
        assert lines[-1] == f"end {servers}" and len(lines) == 2 + servers


def mutated(chance, folder):
    """Frames of a case with odd ports, bytes and times; each is still a whole frame."""
    out, at = [file_header()], chance.choice((1790000000, *TIMES))
    ports = {}
    for _, frame in captures.packets(folder):
        frame = bytearray(frame)
        if len(frame) > 38 and frame[12:14] == b"\x08\x00" and frame[14] == 0x45 and frame[23] == 6:
            for place in (34, 36):  # a port becomes the same other one in all frames
                before = bytes(frame[place:place + 2])
                after = ports.setdefault(before, chance.choice((int.from_bytes(before, "big"), *PORTS)))
                frame[place:place + 2] = after.to_bytes(2, "big")
        for _ in range(chance.choice((0, 0, 0, 1, 3))):
            frame[chance.randrange(len(frame))] = chance.choice((0, 9, 10, 32, 0x3D, 0x7F, 0xFF, chance.randrange(256)))
        out.append(struct.pack("<IIII", at, chance.randrange(10 ** 6), len(frame), len(frame)) + frame)
        at = min(at + chance.choice((0, 0, 0, 1, 100000)), 0xFFFFFFFF)
    return b"".join(out)


def test_state_journal_and_records_of_hostile_captures_are_read_again(tmp_path):
    chance = random.Random(17)
    folders = chance.sample([folder for group in captures.cases().values() for folder in group], CASES)
    state, journal, flows = tmp_path / "servers.state", tmp_path / "journal", tmp_path / "flows.jsonl"
    files = [written(tmp_path, mutated(chance, folder), f"{folder.name}.pcap") for folder in folders]
    for some in (files[start:start + 10] for start in range(0, len(files), 10)):
        for one in some:  # each reads what all before it left
            answer = replay(one, "--state", state, "--journal", journal, "--flows", flows)
            assert answer.returncode == 0, (one.name, answer.stderr)
            assert all(json.loads(line) for line in flows.read_text().splitlines())
    told = run("servers", state, "--json")
    assert told.returncode == 0 and all(json.loads(line) for line in told.stdout.splitlines())
    assert len(state_of(state)) > 20, "servers were learnt"
    config = tmp_path / "ship.yaml"
    config.write_text(f"outputs:\n  - {{type: file, name: all, path: {tmp_path}/shipped, events: [alert, mail, stats]}}\n")
    for _ in range(2):  # the second time by the cursor of the first
        shipped = shipping.ship(config, journal, "--once")
        assert shipped.returncode == 0, shipped.stderr
    assert (tmp_path / "shipped").read_text().splitlines() == [
        line for segment in sorted(journal.glob("*.eve.jsonl")) for line in segment.read_text().splitlines()
        if json.loads(line)["event_type"] in ("alert", "sensor", "mail", "stats")]  # of the sensor itself is an alert, too
