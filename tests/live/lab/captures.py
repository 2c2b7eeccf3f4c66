"""Captures sent as they are, and records compared apart from when and where they were seen."""

import collections
import json
import pathlib
import struct
import subprocess
import time

import sensor
from frames_made import ETHERNET, file_header

PCAPS = sensor.ROOT / "pcaps"
GAP_MAX_S = 0.002  # silence longer than that is cut: it shows nothing
BETWEEN_S = 0.005
SHOWN_MAX = 6
SYN = 2  # and no other flag
WHEN_AND_WHERE = {"flow_id", "timestamp", "event_id", "host", "in_iface", "pcap_filename", "first", "last", "start", "end", "age"}
# a decided flow leaves the queue, which has no Ethernet headers, and only an inline sensor could have blocked it
NOT_INLINE = {"pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient", "state",
              "would_block", "ether"}


def cases():
    """
    Every golden case that can be sent as whole Ethernet frames, by the text of its matrix; in front those that begin in
    the midst of a connection: behind another one of the same ends it would be a matter of time whose packets they are.
    """
    by_matrix = {}
    for folder in sorted(path.parent for path in PCAPS.glob("*/traffic.pcap")):
        if link_type(folder) == ETHERNET and all(captured == length for _, captured, length, _ in records(folder)):
            by_matrix.setdefault((folder / "matrix.yaml").read_text(), []).append(folder)
    return {matrix: sorted(folders, key=begins_with_syn) for matrix, folders in by_matrix.items()}


def ends_of(frame):
    """(sender, receiver) of plain TCP over IPv4, or None."""
    if frame[12:15] != b"\x08\x00\x45" or frame[23] != 6 or struct.unpack_from(">H", frame, 20)[0] & 0x3FFF:
        return None
    return (frame[26:30], frame[34:36]), (frame[30:34], frame[36:38])


def begins_with_syn(folder):
    """Each connection of it."""
    first = {}
    for _, frame in packets(folder):
        if ends := ends_of(frame):
            first.setdefault(frozenset(ends), frame[47])
    return all(flags == SYN for flags in first.values())


def link_type(folder):
    return struct.unpack_from("<I", (folder / "traffic.pcap").read_bytes(), 20)[0]


def records(folder):
    """(seconds, captured, length, frame) of a case's capture: classic pcap of this machine's byte order."""
    content = (folder / "traffic.pcap").read_bytes()
    at = len(file_header())
    while at < len(content):
        seconds, micros, captured, length = struct.unpack_from("<IIII", content, at)
        yield seconds + micros / 1e6, captured, length, content[at + 16:at + 16 + captured]
        at += 16 + captured


def packets(folder):
    """(seconds behind the packet before, frame) of a case's capture."""
    before = None
    for now, captured, length, frame in records(folder):
        assert captured == length, f"{folder.name} holds a cut frame"
        yield 0 if before is None else now - before, frame
        before = now


def joined(folders, last, packets_of=packets):
    """One capture of all of them, one after the other, from now on; the frames of `last` behind them."""
    start = at = time.time()
    written = [file_header()]

    def write(frame):
        micros = round(at * 1e6)
        written.append(struct.pack("<IIII", *divmod(micros, 10 ** 6), len(frame), len(frame)) + frame)

    for folder in folders:
        at += BETWEEN_S
        for gap, frame in packets_of(folder):
            at += min(max(gap, 0), GAP_MAX_S)
            write(frame)
    for frame in last:
        at += BETWEEN_S
        write(frame)
    return b"".join(written), at - start


def stripped(value, without):
    if isinstance(value, dict):
        return {key: stripped(inner, without) for key, inner in value.items() if key not in without}
    return [stripped(inner, without) for inner in value] if isinstance(value, list) else value


def comparable(records, inline=False, without=frozenset()):
    """Alerts of flows and mail records as sorted lines, without times, ids and the name of the source. What a sensor
    says of itself is of a minute where it runs, and of the whole capture in a replay."""
    without = without | WHEN_AND_WHERE | (NOT_INLINE if inline else frozenset())
    return sorted(json.dumps(stripped(record, without), sort_keys=True) for record in records
                  if record["event_type"] in ("alert", "mail"))


def check_same(found, expected, where, **how):
    """What two sensors tell of the same packets: of hundreds of records those that differ are shown."""
    tells, is_to_tell = (collections.Counter(comparable(records, **how)) for records in (found, expected))
    more, missing = (list((one - other).elements()) for one, other in ((tells, is_to_tell), (is_to_tell, tells)))
    assert not more and not missing, "\n".join(
        [f"{where}: {len(missing)} records are missing", *missing[:SHOWN_MAX], f"{len(more)} are told besides", *more[:SHOWN_MAX]])


def replayed(capture, matrix, *options):
    answer = subprocess.run([sensor.MAILWARDEN, "replay", capture, "-m", matrix, "--json", "--table", "4096", *options],
                            capture_output=True, check=True, timeout=sensor.PATIENCE_S)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def case_names(folders):
    return ", ".join(pathlib.Path(folder).name for folder in folders)
