"""Variants: each trick at each place where it makes sense, by IPv4 and IPv6. As root, inside a namespace.

variants.py ROUTER SOURCE SERVER SOURCE6 SERVER6 VARIANT... - all at once; prints a JSON line for each

A variant is TRICK_PLACE. A trick (TRICKS) is tried from an address of its own: SOURCE and those behind it, of IPv6 those of
the networks behind SOURCE6's. What is honest (HONEST) comes from SOURCE or SOURCE6 itself. ROUTER is the Ethernet address
of the next hop. The namespace's own kernel is kept quiet as for raw_client.py. What has fewer than HOPS hops left does
not reach the server: its network drops it, behind the gate.
"""
import ipaddress
import json
import socket
import struct
import sys
import threading

import raw_client
from raw_client import ACK, FIN, PSH, RST, SYN
from variant_client import (DESTINATION, FRAGMENT, HOP_BY_HOP, PLACES, ROUTING, Sly, in_fragments, with_headers, with_options)

URG = 32
FEW_HOPS, HOPS = 5, 10
JUNK = b"SSH-2.0-x\r\n"
MSG_FASTOPEN = 0x20000000
IDLE_S = 20


# --- how the first words are said: each a function of a Sly ---

def say_all(raw):
    raw.say(raw.whole(), 0)
    raw.rest(is_whole=True)


def say_first(raw):
    raw.say(raw.first_words(), 0)
    raw.rest()


def behind(*steps, then=say_all):
    """After each of the steps."""
    def trick(raw):
        raw.begin()
        for step in steps:
            step(raw)
            raw.hear(0.15)
        then(raw)
    return trick


def sent(flags, data=b"", offset=0, **fields):
    """A segment so far from where it should be."""
    return lambda raw: raw.send(flags, data, raw.sequence + offset, **fields)


def spoofed(flags, data=b"", ahead=0):
    return lambda raw: raw.as_server(flags, data, ahead)


def decoy(flags=PSH | ACK, behind_expected=0, **fields):
    """Junk in place of the words, which the server does not take."""
    def trick(raw):
        raw.begin()
        text = raw.whole()
        raw.send(flags, (JUNK + b"#" * len(text))[:len(text)], acknowledged=raw.expected + behind_expected, **fields)
        raw.hear(0.2)
        raw.say(text, 0)
        raw.rest(is_whole=True)
    return trick


def two_versions(is_junk_first):
    """Behind a hole; Linux keeps the one that came first."""
    def trick(raw):
        raw.begin()
        text = raw.whole()
        versions = [b"#" * (len(text) - 4), text[4:]]
        for version in versions if is_junk_first else versions[::-1]:
            raw.send(data=version, at=raw.sequence + 4)
        raw.send(data=text[:4])
        raw.sequence += len(text)
        raw.rest(is_whole=True)
    return trick


def in_front(count, data=b"#"):
    """One segment that begins before what is due, with other bytes there."""
    def trick(raw):
        raw.begin()
        text = raw.whole()
        raw.send(data=data * count + text, at=raw.sequence - count)
        raw.sequence += len(text)
        raw.rest(is_whole=True)
    return trick


def backwards(size):
    def trick(raw):
        raw.begin()
        text = raw.whole()
        for at in range((len(text) - 1) // size * size, -1, -size):
            raw.send(data=text[at:at + size], at=raw.sequence + at)
        raw.sequence += len(text)
        raw.rest(is_whole=True)
    return trick


def early(raw):
    """Before the server can have spoken."""
    raw.connect().say(JUNK + raw.whole(), 0)
    raw.rest(is_whole=True)


def early_behind_a_hole(raw):
    """All but the first byte, which comes later."""
    raw.connect()
    text = raw.whole()
    raw.send(data=text[1:], at=raw.sequence + 1)
    raw.hear(0.4)
    raw.send(data=text[:1])
    raw.sequence += len(text)
    raw.rest(is_whole=True)


def urgent(before):
    """One byte is out of line: the server reads the rest."""
    def trick(raw):
        raw.begin()
        text = raw.whole()
        raw.send(PSH | ACK | URG, text[:before] + b"!" + text[before:], urgent=before + 1)
        raw.sequence += len(text) + 1
        raw.rest(is_whole=True)
    return trick


def never_acknowledging(raw):
    """All that it says acknowledges the handshake alone, so that its server's kernel keeps small answers back."""
    raw.connect()
    until_greeted = raw.expected
    raw.send = lambda *words, **fields: Sly.send(raw, *words, **{"acknowledged": until_greeted} | fields)
    raw.be_greeted()
    say_all(raw)


def small_window(size):
    """What the server says comes in pieces."""
    def trick(raw):
        raw.send = lambda *data, **fields: Sly.send(raw, *data, **{"window": size} | fields)
        raw.begin()
        say_first(raw)
    return trick


def deaf_behind(count, is_whole=False):
    """All is said in its time, and so many bytes are heard: what the server says waits, and its program does not."""
    def trick(raw):
        be_deaf(raw, count)
        raw.connect()
        raw.hear(0.5)
        say_blindly(raw, is_whole)
    return trick


def be_deaf(raw, count):
    until = len(raw.heard) + count
    raw.send = lambda *words, **fields: Sly.send(raw, *words, **fields | {"window": max(0, until - len(raw.heard))})


def say_blindly(raw, is_whole=False):
    first, mail = raw.all_blindly()
    said = b""
    for words in (*first, b"".join(mail)) if is_whole else (*first, *mail):
        raw.say(words, 0)
        said += words
        for _ in range(2):
            raw.hear(0.4)
            left = (raw.sequence - raw.acknowledged) & 0xffffffff
            if 0 < left <= len(said):  # what did not arrive, as a kernel says it again
                raw.send(data=said[-left:][:1200], at=raw.acknowledged)
    raw.be_told()


def deaf_after(request, count):
    """The same, when the proxy has answered another request on the connection."""
    def trick(raw):
        raw.begin()
        raw.say(request, 2, b"\r\n\r\n")
        be_deaf(raw, count)
        say_blindly(raw)
    return trick


def old_bytes_between(raw):
    """Garbage at the number of the last byte, between the lines."""
    say = raw.say

    def say_and_probe(data, *rest):
        for garbage in (b"Z", b"\xff" * 40):
            raw.send(ACK, garbage, at=raw.sequence - len(garbage))
        return say(data, *rest)

    raw.say = say_and_probe
    raw.begin()
    say_first(raw)


def wrapped(wrap, then=say_all):
    def trick(raw):
        raw.wrap = wrap
        raw.begin()
        then(raw)
    return trick


def wrapped_later(wrap):
    def trick(raw):
        raw.begin()
        raw.wrap = wrap
        say_all(raw)
    return trick


def opened_with(data):
    """Data in the SYN (none: the words themselves): taken where the server does TCP Fast Open without a cookie."""
    def trick(raw):
        text = raw.whole()
        raw.open(data or text)
        taken = (raw.acknowledged - raw.sequence - 1) & 0xffffffff
        raw.sequence += 1 + taken
        raw.send(ACK)
        if data or taken < len(text):
            raw.be_greeted()
            raw.say(text if data else text[taken:], 0)
        raw.rest(is_whole=True)
    return trick


def fast_open(raw):
    """The kernel's own, without a cookie."""
    with socket.socket(raw.family) as channel:
        channel.settimeout(3)
        channel.bind((raw.source, 0))
        raw.local_port = channel.getsockname()[1]
        channel.sendto(raw.whole(), MSG_FASTOPEN, (raw.server, raw.port))
        while b"queued as" not in raw.heard:
            data = channel.recv(4096)
            if not data:
                break
            raw.heard += data


def lost_opening(raw):
    """A SYN of other numbers, which never arrives."""
    raw.send(SYN, at=raw.sequence + 123456, ttl=FEW_HOPS)
    raw.hear(0.2)
    raw.begin()
    say_all(raw)


def stamped(raw):
    """With timestamps of RFC 7323; the decoy's is old."""
    raw.open(options=b"\x02\x04\x05\xa0" + stamp(0x7f000000))
    raw.options = stamp(0x7f000001)
    raw.sequence += 1
    raw.send(ACK)
    raw.be_greeted()
    text = raw.whole()
    raw.send(data=(JUNK + b"#" * len(text))[:len(text)], options=stamp(0x10000001))
    raw.hear(0.2)
    raw.say(text, 0)
    raw.rest(is_whole=True)


def stamp(clock):
    return b"\x01\x01\x08\x0a" + struct.pack("!II", clock, 0)


def foreign_server(data, is_early=False):
    """The server is made to seem another one. Then all is said, with no ear for what it answers."""
    def trick(raw):
        if is_early:
            raw.connect().say(JUNK, 0)
        else:
            raw.begin()
        raw.as_server(PSH | ACK, data)
        raw.hear(0.3)
        for _ in range(2):
            raw.as_server(PSH | ACK, bytes(range(128, 228)), len(data))
            raw.hear(0.1)
        say_all(raw)
    return trick


RESETS = {"next": 1, "in-window": 1460, "at-the-end": 59999, "behind-by-2": -2, "behind-by-1000": -1000, "half-way": 1 << 31}
MD5 = b"\x13\x12" + bytes(16) + b"\x01\x01"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
ANYWHERE = {
    "plain": behind(),
    "line-by-line": behind(then=say_first),
    **{f"reset-{name}": behind(sent(RST, offset=offset)) for name, offset in RESETS.items()},
    "reset-ack-next": behind(sent(RST | ACK, offset=1), then=say_first),
    "reset-with-data": behind(sent(RST, b"goodbye", 3)),
    "reset-syn-next": behind(sent(RST | SYN, offset=1)),
    "reset-no-sum": behind(sent(RST, is_wrong=True), then=say_first),
    "reset-few-hops": behind(sent(RST, ttl=FEW_HOPS)),
    "reset-few-hops-line-by-line": behind(sent(RST, ttl=FEW_HOPS), then=say_first),
    "fin-beyond-window": behind(sent(FIN | ACK, offset=70000)),
    "fin-few-hops": behind(sent(FIN | ACK, ttl=FEW_HOPS)),
    "fin-behind-a-hole": behind(sent(FIN | ACK, b"QUIT\r\n", 4000)),
    "fin-no-ack": behind(sent(FIN)),
    "syn-few-hops": behind(sent(SYN, ttl=FEW_HOPS)),
    "syn-exact": behind(sent(SYN), then=say_first),
    "server-resets": behind(spoofed(RST)),
    "server-resets-line-by-line": behind(spoofed(RST | ACK), then=say_first),
    "server-resets-with-syn": behind(spoofed(RST | SYN)),
    "server-ends": behind(spoofed(FIN | ACK)),
    "server-ends-and-so-do-we": behind(spoofed(FIN | ACK), sent(FIN | ACK, ttl=FEW_HOPS)),
    "server-opens": behind(spoofed(SYN | ACK)),
    "server-opens-elsewhere": behind(spoofed(SYN | ACK, ahead=100000)),
    "server-is-foreign": foreign_server(JUNK),
    "server-is-foreign-early": foreign_server(JUNK, is_early=True),
    "server-is-a-page": foreign_server(RESPONSE),
    "decoy-no-sum": decoy(is_wrong=True),
    "decoy-few-hops": decoy(ttl=FEW_HOPS),
    "decoy-no-ack": decoy(PSH),
    "decoy-no-flag": decoy(0),
    "decoy-syn": decoy(SYN | PSH | ACK),
    "decoy-acknowledges-too-much": decoy(behind_expected=100000),
    "decoy-acknowledges-too-little": decoy(behind_expected=-200000),
    "decoy-signed": decoy(options=MD5),
    "decoy-old-stamp": stamped,
    "two-versions-junk-last": two_versions(False),
    "junk-in-front": in_front(1),
    "much-junk-in-front": in_front(60),
    "backwards-by-one": backwards(1),
    "backwards-by-seven": backwards(7),
    "urgent-first": urgent(0),
    "urgent-second": urgent(1),
    "never-acknowledging": never_acknowledging,
    "window-of-4": small_window(4),
    "old-bytes-between": old_bytes_between,
    "fragments": wrapped(in_fragments(24)),
    "fragments-reversed": wrapped_later(in_fragments(24, is_reversed=True)),
    "fragments-overlapping": wrapped_later(in_fragments(32, overlap=8)),
    "fragments-overlapping-reversed": wrapped_later(in_fragments(32, overlap=8, is_reversed=True)),
    "opened-with-junk": opened_with(JUNK),
    "opened-with-words": opened_with(b""),
    "lost-opening": lost_opening,
}
HEARD = {"mail": (0, 1, 4, 8), "connect": (0, 4, 20, 39, 40, 43, 50), "socks": (0, 1, 2, 3, 12, 13, 16, 30)}  # the proxies' answers: 39; 2, 10
DEAF = {f"deaf-behind-{count}": deaf_behind(count) for counts in HEARD.values() for count in counts}
DEAF |= {f"deaf-behind-{count}-whole": deaf_behind(count, is_whole=True) for counts in HEARD.values() for count in counts}
OF_HTTP = {f"{name}-then-deaf-behind-{count}": deaf_after(request, count) for name, request in {
    "page": b"GET http://www.example.net/ HTTP/1.1\r\nHost: www.example.net\r\n\r\n",
    "refused": b"CONNECT mx.example.net:25 HTTP/1.1\r\nX-Ask: 407\r\n\r\n"}.items() for count in (0, 20, 40)}
OF_SERVERS_THAT_GREET = {
    "early-junk": early,
    "early-but-the-first": early_behind_a_hole,
}
OF_MAIL = {"fast-open": fast_open}
OF_IPV4 = {
    "no-operations": wrapped(with_options(b"\x01" * 40)),
    "fragments-of-8": wrapped(in_fragments(8)),
    "record-route": wrapped_later(with_options(b"\x07\x27\x04" + bytes(37))),
}
OF_IPV6 = {
    "hop-by-hop": wrapped(with_headers((HOP_BY_HOP, 0))),
    "long-destination": wrapped(with_headers((DESTINATION, 100))),
    "routed": wrapped(with_headers((ROUTING, 0))),
    "all-headers": wrapped(with_headers((HOP_BY_HOP, 0), (DESTINATION, 0), (ROUTING, 0), (FRAGMENT, 0), (DESTINATION, 0))),
    "atomic-fragment": wrapped(with_headers((FRAGMENT, 0))),
    "many-headers": wrapped(with_headers(*[(DESTINATION, 0)] * 100)),
    "headers-later": wrapped_later(with_headers(*[(DESTINATION, 1)] * 9)),
}
TRICKS = ANYWHERE | DEAF | OF_HTTP | OF_SERVERS_THAT_GREET | OF_MAIL | OF_IPV4 | OF_IPV6


def tricks_at(place):
    yield from ANYWHERE
    for count in HEARD.get(place.way, ()):
        yield from (f"deaf-behind-{count}", f"deaf-behind-{count}-whole")
    if place.way == "connect":
        yield from OF_HTTP
    if place.greets:
        yield from OF_SERVERS_THAT_GREET
    if place.way == "mail":
        yield from OF_MAIL
    yield from OF_IPV6 if place.is_ipv6 else OF_IPV4


ALL = tuple(f"{trick}_{name}" for name, place in PLACES.items() for trick in tricks_at(place))


def each_once():
    """Each trick at one place, going round them."""
    for i, trick in enumerate(TRICKS):
        names = [name for name, place in PLACES.items() if trick in tricks_at(place)]
        yield f"{trick}_{names[i * 5 % len(names)]}"


SHORT = tuple(each_once()) + ("opened-with-words_25", "fast-open_25-v6", "never-acknowledging_connect", "server-resets_socks",
                              "server-is-foreign_465")


# --- what honest clients and their networks do ---

def lost_then_again(raw):
    raw.begin()
    for line in raw.script():
        raw.send(data=line, ttl=FEW_HOPS)
        raw.hear(0.2)
        raw.say(line)


def late_reset(raw):
    """Of the connection before, which had the same ports."""
    raw.begin()
    raw.say(b"QUIT\r\n")
    raw.hear(0.3)
    raw.expected += 1  # the server's FIN
    raw.send(FIN | ACK)
    raw.hear(0.3)
    old, raw.sequence, raw.expected, raw.heard = raw.sequence, raw.sequence + 1000000, 0, b""
    raw.begin()
    for line in raw.script():
        raw.send(RST, at=old)
        raw.say(line)


def opened_twice(raw):
    raw.send(SYN)
    raw.begin()
    for line in raw.script():
        raw.say(line)


def ended_twice(raw):
    raw.begin()
    for line in (*raw.script(), b"QUIT\r\n"):
        raw.say(line)
    for _ in range(3):
        raw.send(FIN | ACK)
        raw.hear(0.2)


def idle(raw):
    """Between two words, with probes."""
    raw.begin()
    raw.say(raw.script()[0])
    for _ in range(IDLE_S // 10):
        raw.hear(10)
        raw.send(ACK, b"\0", at=raw.sequence - 1)
    for line in raw.script()[1:]:
        raw.say(line)


HONEST = {
    "honest": behind(then=say_first),
    "lost-then-again": lost_then_again,
    "late-reset": late_reset,
    "opened-twice": opened_twice,
    "ended-twice": ended_twice,
    "in-small-fragments": wrapped(in_fragments(24), say_first),
    "in-fragments-reversed": wrapped(in_fragments(24, is_reversed=True), say_first),
    "with-a-small-window": small_window(4),
    **{name: trick for name, trick in raw_client.HONEST.items() if name != "old-syn"},
}
LONG_HONEST = {"idle": idle}


def attempt(name, source, server):
    end = "did all it wanted"
    trick, _, place = name.partition("_")
    raw = Sly(name, source, server, PLACES[place])
    try:
        (TRICKS | HONEST | LONG_HONEST)[trick](raw)
    except (OSError, struct.error) as error:
        end = repr(error)
    raw.leave()
    sys.stdout.write(json.dumps({"variant": name, "address": source, "port": raw.local_port, "end": end, "resets": raw.resets,
                                 "heard": raw.heard[-300:].decode(errors="replace")}) + "\n")


def main(router, *words):
    Sly.router = bytes.fromhex(router.replace(":", ""))
    ends, names = words[:4], words[4:]
    threads = []
    for i, name in enumerate(names):
        trick, _, place = name.partition("_")
        source, server = ends[2:] if PLACES[place].is_ipv6 else ends[:2]
        if trick not in HONEST | LONG_HONEST:
            source = str(ipaddress.ip_address(source) + (i << 64 if PLACES[place].is_ipv6 else i))
        threads.append(threading.Thread(target=attempt, args=(name, source, server)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
