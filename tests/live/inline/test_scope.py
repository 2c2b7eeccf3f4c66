"""What the exported rules reach beside TCP that passes through: tunnels, the router's own proxies, floods."""
import subprocess
import sys
import time

import pytest

import raw_client
import router as bench
from router import MX_OUT, SERVER, SERVER6, WORKSTATION, WORKSTATION6

INSIDE, BEHIND = "198.51.100.129", "198.51.100.130"  # the ends in the tunnel
TUNNELS = "tunnels:\n  overlay: {kind: vxlan, ends: [192.0.2.70, 203.0.113.5], zone: gateway}\n"


@pytest.fixture
def router(tmp_path):
    with bench.built(tmp_path) as made:
        made.serve("25")
        yield made


def load(router, *options, change=None):
    text = bench.command(bench.BINARY, "export", "--to", "iptables", "--inline", *options).stdout
    if change:
        assert text.count(change[0]) == 2, "for both families"
        text = text.replace(*change)
    for tool in ("iptables-restore", "ip6tables-restore"):
        router.run(router.router, tool, "--noflush", input=text)


def findings(router):
    return {one[0] for one in router.alerts()}


# --- one half of the rules ---

def load_one(router, tool):
    text = bench.command(bench.BINARY, "export", "--to", "iptables", "--inline").stdout
    router.run(router.router, tool, "--noflush", input=text)


def told(router):
    return [one["alert"]["metadata"]["detail"] for one in router.records("alert")
            if one["alert"]["metadata"]["finding"] == "sensor.family-unseen"]


def sends(router, times, *ends):
    for _ in range(times):
        assert router.send(*ends, 25)["result"] == "sent"


BOTH = {"IPv4": (MX_OUT, SERVER), "IPv6": (WORKSTATION6, SERVER6)}


@pytest.mark.parametrize("family, tool, other", [("IPv6", "iptables-restore", "ip6tables-restore"),
                                                 ("IPv4", "ip6tables-restore", "iptables-restore")])
def test_a_half_of_the_rules_that_is_missing_is_told_once_and_that_it_is_back(router, family, tool, other):
    load_one(router, tool)
    sensor = router.sensor("-q", "0", "--family-silence", "2")
    router.wait(lambda: sends(router, 2, *BOTH[family]) or told(router))
    assert router.status()["families_unseen"] == [family]
    text = bench.command(bench.BINARY, "status", "--state-dir", str(router.folder / "state")).stdout
    assert f"unseen      {family} passes, and none of it comes to a queue" in text
    end = time.monotonic() + 2.5  # longer than what is told: no second one comes
    while time.monotonic() < end:
        sends(router, 2, *BOTH[family])
    assert len(told(router)) == 1 and f"no packet of {family} came to a queue for 2 s" in told(router)[0]
    load_one(router, other)
    sends(router, 1, *BOTH[family])
    router.wait(lambda: router.status()["families_unseen"] == [])
    assert f"packets of {family} come to the queues again" in (router.folder / "sensor.log").read_text()
    router.end(sensor)


@pytest.mark.parametrize("family", BOTH)
def test_nothing_is_told_of_a_family_that_nobody_uses_or_whose_rules_are_there(router, family):
    load(router)
    sensor = router.sensor("-q", "0", "--family-silence", "1")
    end = time.monotonic() + 4
    while time.monotonic() < end:
        sends(router, 2, *BOTH[family])
    assert router.status()["families_unseen"] == []
    router.end(sensor)
    assert told(router) == []


# --- tunnels ---

def overlay(router, port="4789"):
    """A link of client and server inside VXLAN, with a mail server at its end."""
    for where, device, mine, other, inner in ((router.client, "c", WORKSTATION, SERVER, INSIDE),
                                              (router.server, "s", SERVER, WORKSTATION, BEHIND)):
        made = subprocess.run(("ip", "netns", "exec", where, "ip", "link", "add", "overlay", "type", "vxlan", "id", "7",
                               "local", mine, "remote", other, "dstport", port, "dev", device),
                              check=False, capture_output=True, text=True)
        if made.returncode != 0:
            pytest.skip("this kernel has no VXLAN: " + made.stderr)
        router.run(where, "ip", "address", "add", f"{inner}/30", "dev", "overlay")
        router.run(where, "ip", "link", "set", "overlay", "up")
    log = open(router.folder / "overlay.log", "w", encoding="ascii")
    router.start(router.server, sys.executable, str(bench.HERE / "mail_peer.py"), "serve", BEHIND, "25",
                 str(router.folder / "server.pem"), stdout=log)
    router.wait(lambda: "ready" in (router.folder / "overlay.log").read_text())


def test_mail_in_a_tunnel_that_nobody_declared_is_told_and_goes_on(router):
    load(router)
    overlay(router)
    sensor = router.sensor("-q", "0", "--enforce")
    assert router.send(INSIDE, BEHIND, 25)["result"] == "sent"
    router.end(sensor)
    assert findings(router) == {"tunnel.mail"}


def test_mail_in_a_declared_tunnel_is_blocked_as_on_the_wire(router):
    load(router)
    overlay(router)
    matrix = router.folder / "matrix.yaml"
    matrix.write_text(matrix.read_text() + TUNNELS)
    sensor = router.sensor("-q", "0", "--enforce")
    assert router.send(INSIDE, BEHIND, 25)["result"] == "timeout"
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    counters = router.status()["processes"][2]["counters"]
    router.end(sensor)
    assert counters["inline.injected"] == 0, "an answer that is not in the tunnel"
    assert "message" not in (router.folder / "overlay.log").read_text()


@pytest.mark.parametrize("port, choice, result", [("4789", "drop", "OSError"), ("4788", "drop", "sent"),
                                                  ("4789", "pass", "sent")])
def test_tunnels_are_dropped_or_left_alone_as_the_admin_chooses(router, port, choice, result):
    load(router, "--tunnels", choice)
    overlay(router, port)
    sensor = router.sensor("-q", "0", "--enforce")
    assert router.send(INSIDE, BEHIND, 25)["result"] == result
    router.end(sensor)
    assert findings(router) == set()


IN_IP = """
import socket, struct, sys
source, target, protocol = sys.argv[1:]
header = lambda number, data: (struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), 1, 0, 64, number, 0)
                               + socket.inet_aton(source) + socket.inet_aton(target) + data)
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW).sendto(header(int(protocol), bytes(40)), (target, 0))
"""


def matched(router, text):
    listing = router.run(router.router, "iptables", "-t", "mangle", "-nvxL", "MAILWARDEN").stdout
    return sum(int(line.split()[0]) for line in listing.splitlines() if text in f" {line} ")


@pytest.mark.parametrize("protocol, packets", [("4", 1), ("41", 1), ("47", 1), ("115", 1), ("132", 0)])
def test_tunnels_are_known_by_their_protocol(router, protocol, packets):
    load(router, "--tunnels", "drop")
    before = matched(router, " DROP ")
    router.run(router.client, "/usr/bin/python3", "-c", IN_IP, WORKSTATION, SERVER, protocol)
    assert matched(router, " DROP ") - before == packets


# --- proxies on the router itself ---

PROXY = """
import socket, threading
def pump(one, other):
    while data := one.recv(65536):
        other.sendall(data)
    other.shutdown(socket.SHUT_WR)
listener = socket.create_server(("", 2600))
print("ready", flush=True)
while True:
    client = listener.accept()[0]
    server = socket.create_connection(("203.0.113.5", 25))
    for pair in ((client, server), (server, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""
OUT = """
  proxy:        {role: outbound, addresses: [192.0.2.1, 198.51.100.1, 203.0.113.1]}
rows:
  - {id: M-05, from: mx-out, to: proxy, protocols: [smtp], tls: optional, ports: [25, 2600]}
  - {id: M-06, from: proxy, to: internet, protocols: [smtp], tls: optional}
"""


@pytest.mark.parametrize("options, result", [((), "sent"), (("--local",), "refused")])
def test_a_proxy_on_the_router_is_seen_where_that_is_asked_for(router, options, result):
    load(router, *options)
    router.run(router.router, "iptables", "-t", "nat", "-A", "PREROUTING", "-i", "cr", "-p", "tcp", "--dport", "25",
               "-j", "REDIRECT", "--to-ports", "2600")
    matrix = router.folder / "matrix.yaml"
    matrix.write_text(matrix.read_text().replace("\nrows:\n", OUT))
    proxy = router.start(router.router, "/usr/bin/python3", "-c", PROXY, stdout=subprocess.PIPE)
    assert proxy.stdout.readline() == "ready\n"
    sensor = router.sensor("-q", "0", "--enforce")
    assert router.send(WORKSTATION, SERVER, 25)["result"] == result
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent", "both of its connections have a row"
    router.end(sensor)


# --- new connections of a source ---

def opened(router, source, server, count):
    """How many connections of one burst were opened within half a second."""
    text = ("import select, socket, sys, time\n"
            f"end, opened, waiting = time.monotonic() + 0.5, 0, []\n"
            f"for _ in range({count}):\n"
            f"    one = socket.socket(socket.AF_INET6 if ':' in '{server}' else socket.AF_INET)\n"
            f"    one.bind(('{source}', 0)); one.setblocking(False); one.connect_ex(('{server}', 25)); waiting.append(one)\n"
            "while waiting and time.monotonic() < end:\n"
            "    for one in select.select([], waiting, [], 0.05)[1]:\n"
            "        waiting.remove(one); opened += 1\n"
            "print(opened)\n")
    return int(router.run(router.client, "/usr/bin/python3", "-c", text).stdout)


@pytest.mark.parametrize("source, server, other, its_server", [
    (WORKSTATION, SERVER, MX_OUT, SERVER), (WORKSTATION6, SERVER6, MX_OUT, SERVER)], ids=["4", "6"])
def test_one_source_opens_so_many_connections_and_others_wait_for_none_of_it(router, source, server, other, its_server):
    load(router, "--limit", "5")
    sensor = router.sensor("-q", "0", "--enforce")
    router.wait(lambda: opened(router, source, server, 1) == 1)  # the links of IPv6 need their time
    time.sleep(1)
    assert 5 <= opened(router, source, server, 60) <= 10
    answer = router.send(other, its_server, 25)
    assert answer["result"] == "sent" and answer["seconds"] < 1
    router.end(sensor)


def test_without_a_limit_all_are_opened(router):
    load(router)
    sensor = router.sensor("-q", "0", "--enforce")
    assert opened(router, WORKSTATION, SERVER, 60) == 60
    router.end(sensor)


SPOOFED = """
import sys
sys.path.insert(0, sys.argv[1])
import raw_client
for number in range(400):
    raw_client.Raw("x", f"192.0.2.{64 + number % 60}", "203.0.113.77").send(data=b"X")
"""


def test_what_begins_in_the_middle_is_limited_whoever_sends_it(router):
    load(router, "--limit", "5")
    router.run(router.client, "iptables", *raw_client.KEEP_QUIET)
    sensor = router.sensor("-q", "0", "--enforce")
    before = router.status()["processes"][2]["packets"]
    begun = time.monotonic()
    router.run(router.client, "/usr/bin/python3", "-c", SPOOFED, str(bench.HERE))
    most = 50 * (time.monotonic() - begun) + 50
    time.sleep(0.7)  # until the worker told
    assert 50 <= router.status()["processes"][2]["packets"] - before <= most + 1
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.end(sensor)


AT_ONCE = """
import socket, sys
channel = socket.create_connection((sys.argv[2], 25), 5, (sys.argv[1], 0))
channel.sendall(b"SSH-2.0-x\\r\\nEHLO a\\r\\nMAIL FROM:<a@example.org>\\r\\nRCPT TO:<b@example.net>\\r\\nDATA\\r\\nx\\r\\n.\\r\\n")
channel.settimeout(2)
try:
    while channel.recv(1000):
        pass
except OSError:
    pass
"""
ALL_ENDS = ((MX_OUT, SERVER, "sent"), (WORKSTATION, SERVER, "refused"), (WORKSTATION6, SERVER6, "refused"))


def test_openings_above_a_number_go_on_unseen_and_what_is_said_is_judged(router):
    number = "--hashlimit-above 100/second --hashlimit-burst 100 --hashlimit-name mailwarden-syn"
    load(router, "--limit", "1", "--fail-closed", change=(number, number.replace("100", "1").replace("second", "day")))
    sensor = router.sensor("-q", "0", "--enforce", "--fail-closed", "yes")
    for source, server, result in ((MX_OUT, SERVER, "sent"), (MX_OUT, SERVER, "sent"), *ALL_ENDS[1:]):
        time.sleep(1)  # each may open one a second
        answer = router.send(source, server, 25)
        assert (answer["result"], answer["seconds"] < 1) == (result, True)
    for source, server in ((WORKSTATION, SERVER), (WORKSTATION6, SERVER6)):
        time.sleep(1)
        router.run(router.client, "/usr/bin/python3", "-c", AT_ONCE, source, server)
    assert router.messages() == 2, "what is said ahead of the greeting is not taken either"
    router.end(sensor)
    told = [(one["src_ip"], one["mail"]["verdict"], one["mail"]["midstream"]) for one in router.records("mail")]
    assert told[:2] == [(MX_OUT, "legitimate", False), (MX_OUT, "legitimate", True)]
    assert sorted(told[2:]) == [(WORKSTATION, "illegitimate", True)] * 2 + [(WORKSTATION6, "illegitimate", one)
                                                                           for one in (False, True)]


def test_openings_below_the_number_are_all_seen(router):
    load(router, "--limit", "1", "--fail-closed")
    sensor = router.sensor("-q", "0", "--enforce", "--fail-closed", "yes")
    for source, server, result in ALL_ENDS:
        assert router.send(source, server, 25)["result"] == result
    router.end(sensor)
    assert {one["mail"]["midstream"] for one in router.records("mail")} == {False}


LOOKUPS = """
import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind(("192.0.2.70", 0))
for _ in range(int(sys.argv[1])):
    sender.sendto(b"EHLO x", ("203.0.113.5", 53))
"""
LISTENER = """
import socket
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
receiver.bind(("203.0.113.5", 53))
print("ready", flush=True)
receiver.settimeout(1)
count = 0
try:
    while receiver.recv(100):
        count += 1
        receiver.settimeout(1)
except TimeoutError:
    print(count)
"""


@pytest.mark.parametrize("sent, seen", [(19, 19), (400, 40)])
def test_of_look_ups_so_many_are_seen_and_all_go_on(router, sent, seen):
    load(router, "--limit", "1", "--fail-closed")
    sensor = router.sensor("-q", "0", "--enforce", "--fail-closed", "yes")
    before = router.status()["processes"][2]["packets"]
    listener = router.start(router.server, "/usr/bin/python3", "-c", LISTENER, stdout=subprocess.PIPE)
    assert listener.stdout.readline() == "ready\n"
    router.run(router.client, "/usr/bin/python3", "-c", LOOKUPS, str(sent))
    assert int(listener.stdout.readline()) == sent
    assert min(sent, 20) <= router.status()["processes"][2]["packets"] - before <= seen
    router.end(sensor)


FLOOD = """
import sys, time
sys.path.insert(0, sys.argv[1])
import raw_client
raw = raw_client.Raw("x", "192.0.2.90", "203.0.113.77")
end = time.monotonic() + 1
while time.monotonic() < end:
    raw.local_port = 1024 + (raw.local_port + 1) % 60000
    raw.send(data=b"EHLO x\\r\\nMAIL FROM:<a@example.org>\\r\\n")
"""


def test_a_flood_of_mail_that_nobody_opened_is_answered_only_so_often_and_all_of_it_stopped(router):
    load(router)
    router.run(router.client, "iptables", *raw_client.KEEP_QUIET)
    sensor = router.sensor("-q", "0", "--enforce")
    router.run(router.client, "/usr/bin/python3", "-c", FLOOD, str(bench.HERE))
    answer = router.send(MX_OUT, SERVER, 25)
    assert answer["result"] == "sent" and answer["seconds"] < 1
    refused = router.send(WORKSTATION, SERVER, 25)
    assert refused["result"] == "refused", "who did open a connection is told"
    time.sleep(0.7)  # until the worker told
    counters = router.status()["processes"][2]["counters"]
    router.end(sensor)
    assert counters["inline.blocked_flows"] > 1500 and counters["inline.unanswered"] > 0
    assert counters["inline.injected"] <= 4 * 2500, "of at most a thousand in each of two seconds, and the workstation's"


def held_back(router):
    return [one["alert"]["metadata"]["detail"] for one in router.records("alert")
            if one["alert"]["metadata"]["finding"] == "sensor.alerts-held"]


def test_records_of_one_source_are_bounded_and_told_and_others_have_all_of_theirs(router):
    load(router)
    sensor = router.sensor("-q", "0", "--enforce", "--record-rate", "20")
    for _ in range(10):
        assert {one["result"] for one in router.send(WORKSTATION, SERVER, 25, 3)} == {"refused"}
        assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.end(sensor)
    sources = [one["src_ip"] for one in router.records("mail")]
    assert (sources.count(WORKSTATION), sources.count(MX_OUT)) == (20, 10)
    assert held_back(router) == ["10 mail records were held back above 20 a minute of a sender, of "
                                 f"{WORKSTATION} alone 10"]


def test_who_sends_as_much_as_he_may_has_all_of_his_records(router):
    load(router)
    sensor = router.sensor("-q", "0", "--enforce", "--record-rate", "20")
    assert {one["result"] for one in router.send(WORKSTATION, SERVER, 25, 20)} == {"refused"}
    router.end(sensor)
    assert len(router.records("mail")) == 20 and held_back(router) == []
