"""Receivers whose answers never end: told, and no more memory or time taken than is due."""

import contextlib
import itertools
import os
import pathlib
import socket
import subprocess
import threading

import pytest

import shipping
from sensor import MAILWARDEN, SANITIZED

MEASURED = str(pathlib.Path(shipping.__file__).with_name("measured.py"))
MOST_KIB = 128 * 1024
FLOODS = {
    "text": (b"$1000000000\r\n", b"A" * 65536),
    "list": (b"*100000000\r\n", b":1\r\n" * 16384),
    "lists": (b"", b"*1000\r\n" * 8192),
    "relp": (b"1 rsp 999999999 ", b"A" * 65536),
    "kafka": ((99999999).to_bytes(4, "big"), b"A" * 65536),
}


class Peer:
    """Listens and answers each connection by act(socket), in a thread of its own."""

    def __init__(self, act):
        self.act = act
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sent = 0
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        with contextlib.suppress(OSError):
            while True:
                one = self.listener.accept()[0]
                threading.Thread(target=self._talk, args=(one,), daemon=True).start()

    def _talk(self, one):
        with one, contextlib.suppress(OSError):
            one.settimeout(20)
            self.act(self, one)

    def close(self):
        self.listener.close()


def floods(head, part):
    """After the first question, without end."""
    def act(peer, one):
        one.recv(65536)
        one.sendall(head)
        while True:
            one.sendall(part)
            peer.sent += len(part)
    return act


@pytest.fixture(name="closing")
def closing_fixture():
    with contextlib.ExitStack() as stack:
        yield lambda thing: (stack.callback(thing.close), thing)[1]


@pytest.fixture(name="config")
def config_fixture(tmp_path):
    def write(*outputs):
        path = tmp_path / "mailwarden.yaml"
        path.write_text("outputs:\n" + "".join(f"  - {{{one}}}\n" for one in outputs))
        return path
    return write


def run(*words):
    """Standard error, exit code and the most memory of a command."""
    answer = subprocess.run(["/usr/bin/python3", "-S", MEASURED, MAILWARDEN, *map(str, words)], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, check=False)
    errors, kib = answer.stderr.rstrip("\n").rpartition("\n")[::2]
    return errors, answer.returncode, int(kib)


def is_small(kib):
    return SANITIZED or kib <= MOST_KIB


def output(kind, peer):
    if kind == "kafka":
        return f'type: kafka, brokers: ["127.0.0.1:{peer.port}"], topic: mail'
    place = f"host: 127.0.0.1, port: {peer.port}" if kind == "relp" else f'sensor: sensor.example.org, servers: ["127.0.0.1:{peer.port}"]'
    return f"type: {'relp' if kind == 'relp' else 'redis'}, name: {kind}, {place}"


def test_an_answer_without_end_costs_a_shipper_no_more_memory_than_is_due(tmp_path, closing, config):
    journal = tmp_path / "journal"
    shipping.replay_into(journal, files=shipping.captures()[:4])
    peers = {kind: closing(Peer(floods(*flood))) for kind, flood in FLOODS.items()}
    errors, code, kib = run("ship", "-c", config(*(output(*one) for one in peers.items())), "--journal", journal, "--once")
    assert code == 3
    assert all(f"{kind}: output down" in errors for kind in FLOODS), errors
    assert all(peer.sent > 1 << 20 for kind, peer in peers.items() if kind not in ("lists", "kafka")), "they flood"
    assert "Invalid response size 99999999" in errors, "its head is enough"
    assert is_small(kib)


@pytest.mark.parametrize("kind", ["text", "list", "lists"])
def test_an_answer_without_end_costs_fleet_no_more_memory_and_is_told(closing, config, kind):
    peer = closing(Peer(floods(*FLOODS[kind])))
    errors, code, kib = run("fleet", "-c", config(output(kind, peer)))
    assert code == 3 and ("too long" in errors or "nested" in errors), errors
    assert is_small(kib)


def reply(*items):
    return b"*%d\r\n" % len(items) + b"".join(
        item if isinstance(item, bytes) and item[:1] == b"*" else b"$%d\r\n%s\r\n" % (len(item), item) for item in items)


def all_ways(peer, one):
    """As many sensors, and counters of each, as anybody may name; a list of keys that goes on for ever."""
    numbers = itertools.count()
    while question := one.recv(65536):
        if b"SCAN" in question:
            names = [b"mailwarden:{sensor-%d}:totals" % next(numbers) for _ in range(2000)]
            one.sendall(reply(b"7" if peer.is_endless or next(numbers) < 8000 else b"0", reply(*names)))
        elif b"HGETALL" in question or b"ZREVRANGE" in question:
            one.sendall(reply(*itertools.chain.from_iterable((b"n%d" % i, b"1") for i in range(300))))
        elif b"CLUSTER" in question:
            one.sendall(b"-ERR This instance has cluster support disabled\r\n")
        else:
            one.sendall(b"+OK\r\n")


def test_more_sensors_than_can_be_kept_are_told_not_kept(closing, config):
    peer = closing(Peer(all_ways))
    peer.is_endless = False
    errors, code, kib = run("fleet", "-c", config(output("text", peer)))
    assert is_small(kib)
    if not SANITIZED:
        assert code == 3 and "no memory for all that it answers" in errors, errors


@pytest.mark.skipif("MAILWARDEN_LONG" not in os.environ, reason="takes a minute: by hand, with MAILWARDEN_LONG=1")
def test_a_list_of_keys_that_does_not_end_ends_by_time(closing, config):
    """A minute, as for all that fleet asks."""
    peer = closing(Peer(all_ways))
    peer.is_endless = True
    errors, code, kib = run("fleet", "-c", config(output("text", peer)))
    assert code == 3 and "its list of keys does not end" in errors, errors
    assert is_small(kib)
