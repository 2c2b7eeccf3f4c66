"""Frames and captures made by hand: no peer sent them."""

import struct

MAGIC = 0xA1B2C3D4
ETHERNET = 1


def file_header(snap_length=262144, link_type=ETHERNET):
    return struct.pack("<IHHiIII", MAGIC, 2, 4, 0, 0, snap_length, link_type)


def pcap(frames):
    return file_header() + b"".join(
        struct.pack("<IIII", 1790000000 + index // 1000, index % 1000 * 1000, len(frame), len(frame)) + frame
        for index, frame in enumerate(frames))


def tcp(to_server, sequence, acknowledged, flags, payload=b"", port=25):
    ports = (40000, port) if to_server else (port, 40000)
    client, server = bytes([192, 0, 2, 70]), bytes([203, 0, 113, 25])
    ends = client + server if to_server else server + client
    content = struct.pack(">HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF,
                          0x50, flags, 65535, 0, 0) + payload
    return (b"\x02" * 12 + b"\x08\x00" +
            struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(content), 0, 0x4000, 64, 6, 0) + ends + content)


def conversation(turns, port=25, step=1400):
    """SYN, SYN+ACK, then (to_server, bytes) turns cut into segments."""
    following = {True: 1001, False: 5001}
    frames = [tcp(True, 1000, 0, 0x02, port=port), tcp(False, 5000, 1001, 0x12, port=port)]
    for to_server, data in turns:
        for start in range(0, len(data), step):
            part = data[start:start + step]
            frames.append(tcp(to_server, following[to_server], following[not to_server], 0x18, part, port))
            following[to_server] += len(part)
    return pcap(frames)


def segment(host, to_server, sequence, acknowledged, flags, payload=b"", port=2525):
    """Between workstation 192.0.2.<host> and a server on the Internet, on a port that is not mail's."""
    frame = bytearray(tcp(to_server, sequence, acknowledged, flags, payload, port))
    frame[29 if to_server else 33] = host  # behind Ethernet: the IPv4 header's source or destination
    return bytes(frame)


def exchange(host, turns, port=2525):
    """A connection of that workstation: (to_server, bytes) turns, one segment each. Not closed."""
    following = {True: 1001, False: 5001}
    frames = [segment(host, True, 1000, 0, 0x02, port=port), segment(host, False, 5000, 1001, 0x12, port=port)]
    for to_server, data in turns:
        frames.append(segment(host, to_server, following[to_server], following[not to_server], 0x18, data, port))
        following[to_server] += len(data)
    return frames


def dialogue(host):
    """A workstation sends to the Internet by itself: illegitimate. Not closed."""
    return exchange(host, [(False, b"220 mail.example.net ESMTP\r\n"), (True, b"EHLO pc.example.org\r\n"),
                           (False, b"250 mail.example.net\r\n"), (True, b"MAIL FROM:<a@example.org>\r\n"),
                           (False, b"250 ok\r\n")])


def ending(host):
    return [segment(host, True, 1049, 5059, 0x04)]
