"""Captures whose encrypted connections go on for longer, so that they are long enough to be left to the kernel."""

import struct

import captures

MORE = 120
GAP_S = 0.0012  # a flow waits for two blocks of the ring before it is shunted
# Who gets no processor for as long as a flow lasts leaves none of it to the kernel, which is no fault: then it lasts longer.
PACES = (1, 0.25, 0.25)
FIN, SYN, RST, ACK = 1, 2, 4, 16
ENDS = FIN | SYN | RST
RECORDS = (b"\x16\x03", b"\x17\x03")  # of TLS: a handshake's, data


def payload_of(frame):
    return frame[34 + (frame[46] >> 4) * 4:14 + struct.unpack_from(">H", frame, 16)[0]]


def following(frame):
    """The number behind this segment."""
    return struct.unpack_from(">I", frame, 38)[0] + len(payload_of(frame))


def data(frame, numbers, payload):
    """A segment of the same sender; numbers: its own, and the other end's."""
    segment = frame[34:38] + struct.pack(">IIBBHHH", *(number & 0xFFFFFFFF for number in numbers), 0x50, 0x18, 65535, 0, 0)
    header = bytearray(frame[14:34])
    struct.pack_into(">H", header, 2, len(header) + len(segment) + len(payload))
    return frame[:14] + bytes(header) + segment + payload


def more_of(last):
    """Records of data in turns, behind the last frame of each side."""
    sides = list(last)
    at = {side: following(last[side]) for side in sides}
    for index in range(MORE):
        sender, receiver = sides[index % 2], sides[1 - index % 2]
        payload = b"\x17\x03\x03" + struct.pack(">H", 40 + index % 7) + b"x" * (40 + index % 7)
        yield data(last[sender], (at[sender], at[receiver]), payload)
        at[sender] += len(payload)


def encrypted(frames):
    return {frozenset(ends) for _, frame in frames if (ends := captures.ends_of(frame)) and payload_of(frame)[:2] in RECORDS}


def packets(folder):
    """As captures.packets; None where nothing of it is encrypted."""
    frames = list(captures.packets(folder))
    wanted, last, longer = encrypted(frames), {}, []

    def lengthen(flow):
        wanted.discard(flow)
        if len(last.get(flow, {})) == 2:
            longer.extend((GAP_S, frame) for frame in more_of(last[flow]))

    for gap, frame in frames:
        ends = captures.ends_of(frame)
        flow = ends and frozenset(ends)
        if flow in wanted and frame[47] & (FIN | RST):
            lengthen(flow)
        longer.append((gap, frame))
        if ends and frame[47] & ACK and not frame[47] & ENDS:
            last.setdefault(flow, {})[ends[0]] = frame
    for flow in list(wanted):
        lengthen(flow)
    return longer if len(longer) > len(frames) else None
