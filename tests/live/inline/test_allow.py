"""The rows of a matrix as rules of nft and of iptables, in a router: each declared pair passes, the rest of mail is dropped and logged."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from sensor import until

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
GROUP = 77
MAIL = [24, 25, 110, 143, 465, 587, 993, 995, 4190]
OTHER = [443, 2525, 8080]

# each end has an address on the client's side and one on the server's
HOSTS = {
    "workstations": ("192.0.2.70", "192.0.2.71", "2001:db8:1:64::70", "2001:db8:1:64::71"),
    "kiosk": ("192.0.2.80", "192.0.2.81", "2001:db8:1:64::80", "2001:db8:1:64::81"),  # inside of workstations' prefix
    "mailboxes": ("192.0.2.10", "192.0.2.11", "2001:db8:1::10", "2001:db8:1::11"),
    "relay": ("192.0.2.25", "192.0.2.26", "2001:db8:1::25", "2001:db8:1::26"),
    "mx-out": ("198.51.100.2", "198.51.100.12", "2001:db8:2::2", "2001:db8:2::12"),
    "undeclared": ("192.0.2.200", "192.0.2.201", "2001:db8:1::200", "2001:db8:1::201"),
    "internet": ("203.0.113.5", "203.0.113.105", "2001:db8:ffff::5", "2001:db8:ffff::105"),
}

MATRIX = """schema: 1
zones:
  internal: [192.0.2.0/24, "2001:db8:1::/48"]
  gateway: [198.51.100.0/28, "2001:db8:2::/64"]
groups:
  workstations: {role: client, addresses: [192.0.2.64/26, "2001:db8:1:64::/64"]}
  kiosk: {role: client, addresses: [192.0.2.80/31, "2001:db8:1:64::80/127"]}
  mailboxes: {role: mailbox, addresses: [192.0.2.10-192.0.2.11, "2001:db8:1::10/127"]}
  relay: {role: relay, addresses: [192.0.2.25, 192.0.2.26, "2001:db8:1::25", "2001:db8:1::26"]}
  mx-out: {role: outbound, addresses: [198.51.100.2, 198.51.100.12, "2001:db8:2::2", "2001:db8:2::12"]}
  provider: {role: submission, names: [smtp.example.net]}
rows:
  - {id: M-01, from: workstations, to: mailboxes, protocols: [imaps, exchange-https]}
  - {id: M-02, from: [mailboxes, kiosk], to: relay, protocols: [smtp], tls: starttls}
  - {id: M-03, from: relay, to: mailboxes, protocols: [lmtp, smtp], ports: [24, 2525-2530], comment: "quote \\" ; } # here"}
  - {id: M-04, from: mx-out, to: internet, protocols: [smtp], tls: optional}
  - {id: M-05, from: internal, to: mx-out, protocols: [submission], expires: 2037-06-30}
  - {id: M-06, from: internet, to: mailboxes, protocols: all, ports: all, expires: 2020-01-01}
  - {id: M-07, from: relay, to: provider, protocols: [submission]}
  - {id: M-08, from: relay, to: relay, protocols: [mapi-rpc]}
"""

INTERNAL = ["workstations", "kiosk", "mailboxes", "relay", "undeclared"]
# by hand: what a row declares on ports of mail
DECLARED = {("workstations", "mailboxes", 993): "M-01", ("mailboxes", "relay", 25): "M-02", ("kiosk", "relay", 25): "M-02",
            ("relay", "mailboxes", 24): "M-03", ("mx-out", "internet", 25): "M-04",
            **{(name, "mx-out", 587): "M-05" for name in INTERNAL}}

SERVER = """
import selectors, socket, sys
ready = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
    ready.register(listener, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in ready.select():
        key.fileobj.accept()[0].close()
"""

CLIENT = """
import errno, json, select, socket, sys, time
tries, passed = json.load(sys.stdin), []
for start in range(0, len(tries), 80):
    batch = {}
    for index, (source, target, port) in enumerate(tries[start:start + 80], start):
        end = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET)
        end.bind((source, 0))
        end.setblocking(False)
        assert end.connect_ex((target, port)) == errno.EINPROGRESS
        batch[end] = index
    deadline = time.monotonic() + 0.6  # a SYN is sent again behind a second
    while batch and time.monotonic() < deadline:
        for end in select.select([], list(batch), [], deadline - time.monotonic() if deadline > time.monotonic() else 0)[1]:
            assert end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
            passed.append(batch.pop(end))
            end.close()
    for end in batch:
        end.close()
    time.sleep(0.6)  # no more than the rules log in a second
print(json.dumps(passed))
"""


def why_not(tool):
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    missing = [name for name in ("ip", tool, "tcpdump") if not shutil.which(name)]
    return f"needs {missing[0]}" if missing else None


def command(*words, **options):
    return subprocess.run(words, check=True, timeout=60, capture_output=True, text=True, **options)


class Site:
    """Client and server behind a router, which knows each address on its side."""

    def __init__(self):
        self.client, self.router, self.server = (f"mw{os.getpid()}{side}" for side in "crs")

    def inside(self, where, *words, **options):
        return command("ip", "netns", "exec", where, *words, **options)

    def build(self):
        for space in (self.client, self.router, self.server):
            command("ip", "netns", "add", space)
            self.inside(space, "ip", "link", "set", "lo", "up")
        for side, space in enumerate((self.client, self.server)):
            command("ip", "link", "add", f"r{side}", "netns", self.router, "type", "veth", "peer", "name", "way", "netns", space)
            self.inside(self.router, "ip", "link", "set", f"r{side}", "up")
            self.inside(space, "ip", "link", "set", "way", "up")
            self.inside(self.router, "ip", "addr", "add", f"203.0.113.{240 + 4 * side}/31", "dev", f"r{side}")
            self.inside(space, "ip", "addr", "add", f"203.0.113.{241 + 4 * side}/31", "dev", "way")
            self.inside(self.router, "ip", "addr", "add", f"2001:db8:fffe:{side}::1/64", "dev", f"r{side}", "nodad")
            self.inside(space, "ip", "addr", "add", f"2001:db8:fffe:{side}::2/64", "dev", "way", "nodad")
            self.inside(space, "ip", "route", "add", "default", "via", f"203.0.113.{240 + 4 * side}")
            self.inside(space, "ip", "route", "add", "default", "via", f"2001:db8:fffe:{side}::1")
            for addresses in HOSTS.values():
                for address, via in ((addresses[side], f"203.0.113.{241 + 4 * side}"), (addresses[2 + side], f"2001:db8:fffe:{side}::2")):
                    self.inside(space, "ip", "addr", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
                    self.inside(self.router, "ip", "route", "add", address, "via", via)
        self.inside(self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def end(self):
        for space in (self.client, self.router, self.server):
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)


@contextlib.contextmanager
def running(*words, **options):
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=10)


@pytest.fixture(name="site")
def fixture_site():
    if why_not("python3"):
        pytest.skip(why_not("python3"))
    site = Site()
    try:
        site.build()
        yield site
    finally:
        site.end()


def load(site, tool, folder):
    (folder / "matrix.yaml").write_text(MATRIX)
    rules = command(BINARY, "export", "--to", {"nft": "nftables", "iptables": "iptables"}[tool], "-m", str(folder / "matrix.yaml"),
                    "--log-group", str(GROUP)).stdout
    if tool == "nft":
        for _ in range(2):  # twice is once
            site.inside(site.router, "nft", "-f", "-", input=rules)
    else:
        site.inside(site.router, "iptables-restore", "--noflush", input=rules)
        site.inside(site.router, "ip6tables-restore", "--noflush", input=rules)
    return rules


def tries():
    return [(source, target, port, side) for source in HOSTS for target in HOSTS for port in MAIL + OTHER for side in (0, 2)]


def addresses_of(source, target, port, side):
    return HOSTS[source][side], HOSTS[target][1 + side], port


def connect(site, wanted):
    answer = site.inside(site.client, sys.executable, "-c", CLIENT, input=json.dumps([addresses_of(*one) for one in wanted]))
    return {wanted[index] for index in json.loads(answer.stdout)}


def logged(path):
    """(source, target, port) of each SYN that was told; the file may still be written."""
    text = subprocess.run(["tcpdump", "-nr", str(path)], check=False, timeout=60, capture_output=True, text=True).stdout
    found = set()
    for source, target in re.findall(r"IP6? (\S+)\.\d+ > (\S+): Flags \[S\]", text):
        address, port = target.rsplit(".", 1)
        found.add((source, address, int(port)))
    return found


@pytest.mark.parametrize("tool", ["nft", "iptables"])
def test_each_declared_pair_passes_and_other_mail_is_dropped_and_logged(tool, site, tmp_path):
    if why_not(tool):
        pytest.skip(why_not(tool))
    wanted = tries()
    mail = [one for one in wanted if one[2] in MAIL]
    rules = load(site, tool, tmp_path)
    assert "M-06" in rules and "ended on 2020-01-01" in rules and "provider is known by name alone" in rules
    capture = tmp_path / "log.pcap"
    with running("ip", "netns", "exec", site.server, sys.executable, "-c", SERVER, *map(str, MAIL + OTHER)) as server, \
            running("ip", "netns", "exec", site.router, "tcpdump", "-U", "-i", f"nflog:{GROUP}", "-w", str(capture)) as dump:
        assert server.stdout.readline() == "ready\n"
        until(lambda: "listening on" in dump.stderr.readline(), "tcpdump listens")
        first = [("workstations", "internet", 8080, side) for side in (0, 2)]
        until(lambda: connect(site, first) == set(first), "links are up")  # by IPv6 it takes a second
        passed = connect(site, wanted)
        dropped = {addresses_of(*one) for one in mail if one[:3] not in DECLARED}
        until(lambda: capture.exists() and dropped <= logged(capture), "all that was dropped is logged")
        told = logged(capture)
    allowed = {one for one in mail if one[:3] in DECLARED}
    assert {one for one in passed if one[2] in MAIL} == allowed
    assert {one for one in passed if one[2] in OTHER} == set(wanted) - set(mail), "what is no mail is nobody's business here"
    assert told == dropped
    if tool == "nft":
        text = site.inside(site.router, "nft", "list", "chain", "inet", "mailwarden_rows", "rows").stdout
        counts = {}
        for packets, row in re.findall(r'counter packets (\d+) bytes \d+ accept comment "([^"]+)"', text):
            counts[row] = counts.get(row, 0) + int(packets)
        extra = {"M-01": 2, "M-03": 2}  # 443 and 2525: of rows as well
        assert counts == {row: 2 * sum(1 for found in DECLARED.values() if found == row) + extra.get(row, 0)
                          for row in ("M-01", "M-02", "M-03", "M-04", "M-05", "M-07")}
        assert int(re.search(r'counter packets (\d+) bytes \d+ drop comment "no row"', text)[1]) >= len(dropped)


@pytest.mark.parametrize("tool", ["nft", "iptables"])
def test_the_rules_of_every_matrix_at_hand_load(tool, tmp_path):
    if why_not(tool):
        pytest.skip(why_not(tool))
    known = {path.read_bytes(): path for path in [*(ROOT / "rules").glob("*.yaml"), *(ROOT / "pcaps").glob("*/matrix.yaml")]}
    many = tmp_path.parent / "many-ports.yaml"  # more than one rule of multiport takes
    many.write_text(MATRIX.replace("ports: all", f"ports: {[*range(1025, 1066, 2), '3000-3010']}").replace("2020-01-01", "2037-01-01"))
    for number, path in enumerate([*known.values(), many]):
        rules = command(BINARY, "export", "--to", {"nft": "nftables", "iptables": "iptables"}[tool], "-m", str(path)).stdout
        (tmp_path / f"{number}").write_text(rules)
    loads = f'for f in {tmp_path}/*; do nft -c -f "$f" || exit 1; done' if tool == "nft" else \
        f'for f in {tmp_path}/*; do iptables-restore --test < "$f" && ip6tables-restore --test < "$f" || exit 1; done'
    command("unshare", "-n", "sh", "-c", loads)
