"""Read and write classic capture files as lists of (seconds, bytes)."""

import struct

from case import PCAPS

ETHERNET, RAW_IP, SLL, SLL2 = 1, 101, 113, 276
SNAPLEN = 262144


def load(case_name):
    content = (PCAPS / case_name / "traffic.pcap").read_bytes()
    frames, offset = [], 24
    while offset < len(content):
        seconds, microseconds, captured, _ = struct.unpack_from("<IIII", content, offset)
        offset += 16
        frames.append((seconds + microseconds / 1e6, content[offset:offset + captured]))
        offset += captured
    return frames


def save(frames, link_type=ETHERNET, snaplen=SNAPLEN):
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, link_type)
    for at, frame in frames:
        microseconds = round(at * 1e6)
        kept = frame[:snaplen]
        content += struct.pack("<IIII", microseconds // 1_000_000, microseconds % 1_000_000,
                               len(kept), len(frame)) + kept
    return content
