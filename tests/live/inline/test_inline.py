"""mailwarden run -q in a router: who may send passes, who may not is stopped, and mail goes on."""
import datetime
import json
import os
import re
import signal
import subprocess

import pytest

import raw_client
import router as bench
import schema
from router import MX_OUT, SERVER, SERVER6, WORKSTATION, WORKSTATION6
from sensor import stop_the_next_start

PORTS = ("25", "2525", "465/tls")


def rule_packets(router, target, match=""):
    """How many packets the rules of this target and with this text saw."""
    listing = router.run(router.router, "iptables", "-t", "mangle", "-nvxL").stdout
    return sum(int(line.split()[0]) for line in listing.splitlines()
               if line.split()[2:3] == [target] and match in line)


@pytest.fixture
def router(tmp_path):
    with bench.built(tmp_path) as made:
        made.serve(*PORTS)
        made.rules()
        yield made


def test_legitimate_mail_passes_and_an_illegitimate_sender_is_refused(router):
    sensor = router.sensor("-q", "0", "--enforce")
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    answer = router.send(WORKSTATION, SERVER, 25)
    assert answer["result"] == "refused"
    assert answer["seen"][-1].startswith("554 5.7.1 ")
    assert router.send(WORKSTATION, SERVER, 2525)["result"] == "refused"
    assert router.send(WORKSTATION, SERVER, "465/tls")["result"] == "reset"
    assert router.send(WORKSTATION6, SERVER6, 25)["result"] == "refused"
    assert router.messages() == 1
    router.end(sensor)
    blocked = [(port, action) for finding, action, port in router.alerts()
               if finding == "sender.illegitimate"]
    assert {port for port, action in blocked if action == "blocked"} == {25, 2525, 465}
    assert {action for _, action in blocked} == {"blocked"}


def status_text(router):
    return subprocess.run([bench.BINARY, "status", "--state-dir", router.folder / "state"], capture_output=True,
                          text=True, timeout=20, check=True).stdout


def test_audit_only_tells_what_it_would_have_blocked(router):
    sensor = router.sensor("-q", "0", "--audit")
    for port in PORTS:
        assert router.send(WORKSTATION, SERVER, port)["result"] == "sent"
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.wait(lambda: router.status()["would_block"].get("sender.illegitimate"))  # repeats come with their update
    told = router.status()
    schema.hold_status(told)
    assert told["mode"] == "audit"
    assert [one["address"] for one in told["would_block_senders"]] == [WORKSTATION]
    assert told["would_block_senders"][0]["since"] >= told["started"]
    text = status_text(router)
    assert re.search(rf"Would have been blocked\n +\d+  sender.illegitimate\n(.*\n)* +\d+  of {WORKSTATION}, since 20", text), text
    router.end(sensor)
    assert router.messages() == 4
    alerts = [one["alert"] for one in router.records("alert")
              if one["alert"]["metadata"]["finding"] == "sender.illegitimate"]
    assert {one["action"] for one in alerts} == {"allowed"}
    assert all(one["metadata"]["would_block"] for one in alerts)


@pytest.mark.parametrize("action, result", [("drop", "timeout"), ("reject", "reset"),
                                            ("accept", "sent")])
def test_the_action_of_a_finding_can_be_chosen(router, action, result):
    sensor = router.sensor("-q", "0", "--enforce", "--action", f"sender.illegitimate={action}",
                           "--action", f"flow.role-mismatch={action}")
    assert router.send(WORKSTATION, SERVER, 25)["result"] == result
    router.end(sensor)


def test_a_row_in_audit_mode_blocks_nothing(router):
    matrix = router.folder / "matrix.yaml"
    matrix.write_text(matrix.read_text().replace("ports: [25, 2525]", "mode: audit, ports: [25]")
                      .replace("tls: optional", "tls: required"))
    sensor = router.sensor("-q", "0", "--enforce", "--action", "tls.missing=reject")
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.end(sensor)
    assert ("tls.missing", "allowed", 25) in router.alerts()


@pytest.mark.parametrize("ago, options, result", [(-1, (), "sent"), (1, (), "sent"), (7, (), "sent"), (8, (), "refused"),
                                                  (8, ("--grace", "30"), "sent"), (1, ("--expired", "enforce"), "refused")])
def test_what_a_row_allowed_until_its_last_day_goes_by_for_the_grace(router, ago, options, result):
    last_day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=ago)
    matrix = router.folder / "matrix.yaml"
    matrix.write_text(matrix.read_text().replace("ports: [25, 2525]", f"expires: {last_day}, ports: [25]"))
    sensor = router.sensor("-q", "0", "--enforce", "--ban", "300", "--ban-declared", "yes", *options)
    assert router.send(MX_OUT, SERVER, 25)["result"] == result
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    router.end(sensor)
    of_row = [record["alert"]["metadata"] for record in router.records("alert")
              if record.get("src_ip") == MX_OUT and record["alert"]["metadata"]["finding"] == "sender.illegitimate"]
    assert bool(of_row) == (ago > 0)
    if result == "sent":
        assert all(one["would_block"] and "expired on" in one["detail"] for one in of_row)


def test_a_blocked_sender_stays_out_until_the_ban_is_taken_back(router):
    sensor = router.sensor("-q", "0", "--enforce", "--ban", "300")
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "ConnectionRefusedError"
    told = router.status()
    schema.hold_status(told)
    assert [one["address"] for one in told["bans"]] == [WORKSTATION]
    assert router.status()["bans_given"] == 1 and router.status()["bans_refused"] == 0
    text = bench.command(bench.BINARY, "status", "--state-dir", str(router.folder / "state")).stdout
    assert "\nbans        1 given, 0 refused for want of room\n" in text
    bench.command(bench.BINARY, "unban", WORKSTATION, "--state-dir", str(router.folder / "state"))
    assert router.status()["bans"] == []
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    router.end(sensor)


SPOOF = """
import sys
sys.path.insert(0, sys.argv[1])
import raw_client
for source in sys.argv[3:]:
    raw = raw_client.Raw("spoof", source, sys.argv[2])
    raw.send(data=b"".join(raw.script()))
    raw.send(raw_client.SYN)
    raw.sequence += 1
    raw.send(data=b"".join(raw.script()))
"""


def test_nobody_is_banned_by_packets_that_others_made(router):
    router.run(router.client, "iptables", *raw_client.KEEP_QUIET)
    sensor = router.sensor("-q", "0", "--enforce", "--ban", "300", "--ban-declared", "yes")
    router.run(router.client, "/usr/bin/python3", "-c", SPOOF, str(bench.HERE), SERVER, WORKSTATION, MX_OUT, "192.0.2.90")
    router.wait(lambda: worker_of(router)["packets"] > 6)
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    assert router.status()["bans"] == []
    router.end(sensor)


def test_who_is_answered_with_tls_is_banned_as_well(router):
    sensor = router.sensor("-q", "0", "--enforce", "--ban", "300")
    assert router.send(WORKSTATION, SERVER, "465/tls")["result"] == "reset"
    assert [one["address"] for one in router.status()["bans"]] == [WORKSTATION]
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "ConnectionRefusedError"
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.end(sensor)


def test_whom_a_row_speaks_of_is_banned_only_where_that_is_asked_for(router):
    matrix = router.folder / "matrix.yaml"
    matrix.write_text(matrix.read_text() + "  - {id: M-01, from: workstations, to: mx-out, protocols: [smtp]}\n")
    for more, result in (((), "refused"), (("--ban-declared", "yes"), "ConnectionRefusedError")):
        sensor = router.sensor("-q", "0", "--enforce", "--ban", "300", *more)
        assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
        assert router.send(WORKSTATION, SERVER, 25)["result"] == result
        assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
        router.end(sensor)


def test_each_connection_that_is_refused_for_a_ban_is_recorded(router):
    sensor = router.sensor("-q", "0", "--enforce", "--ban", "300")
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    for _ in range(3):
        assert router.send(WORKSTATION, SERVER, 25)["result"] == "ConnectionRefusedError"
    router.end(sensor)
    evidence = [one["mail"]["evidence"] for one in router.records("mail")]
    assert evidence.count("banned") == 3


LET_IN = """
mount -t tmpfs none /var/lib
mkdir /var/lib/mailwarden-gateway
mount --bind "$1" /var/lib/mailwarden-gateway
"$2" unban "$3"
"""


def test_unban_finds_the_sensor_by_the_folders_of_the_units(router):
    sensor = router.sensor("-q", "0", "--enforce", "--ban", "300")
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    assert len(router.status()["bans"]) == 1
    bench.command("unshare", "-m", "sh", "-ec", LET_IN, "sh", str(router.folder / "state"), bench.BINARY, WORKSTATION)
    assert router.status()["bans"] == []
    router.end(sensor)


def test_a_ban_is_told_with_who_why_and_until_when(router):
    sensor = router.sensor("-q", "0", "--enforce", "--ban", "300")
    for _ in range(2):
        router.send(WORKSTATION, SERVER, 25)
    router.wait(lambda: [one for one in router.records("alert") if one["alert"]["metadata"]["finding"] == "sensor.banned"])
    router.end(sensor)
    details = [one["alert"]["metadata"]["detail"] for one in router.records("alert")
               if one["alert"]["metadata"]["finding"] == "sensor.banned"]
    assert len(details) == 1
    assert re.fullmatch(rf"{WORKSTATION} is kept out until [-0-9]+T[:0-9]+Z, for mail to {SERVER} port 25", details[0])


def test_decided_flows_leave_the_queue_and_their_end_is_still_seen(router):
    sensor = router.sensor("-q", "0", "--audit")
    assert router.send(MX_OUT, SERVER, "465/tls")["result"] == "sent"
    router.end(sensor)
    assert rule_packets(router, "CONNMARK", "0x10000") > 0
    assert rule_packets(router, "RETURN", "0x10000") > 0
    states = [one["flow"]["state"] for one in router.records("mail")]
    assert states == ["closed"]


def judged(router):
    """What was found, without what differs from run to run: whether two FINs cross is an acknowledgement more or less."""
    mail = [(one["mail"], one["flow"]["state"], one["flow"]["bytes_toserver"]) for one in router.records("mail")]
    return sorted(router.alerts()), mail


def test_a_flow_that_will_not_be_blocked_is_copied_and_judged_as_if_it_waited(router):
    sensor = router.sensor("-q", "0", "--enforce")
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.end(sensor)
    copied = judged(router)
    assert rule_packets(router, "NFLOG") >= 10 and rule_packets(router, "NFQUEUE") < 10
    router.rules_that_queue_all()
    sensor = router.sensor("-q", "0", "--enforce")
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.end(sensor)
    alerts, mail = judged(router)
    assert copied == (alerts[::2], mail[:1]) and alerts[::2] == alerts[1::2] and mail[0] == mail[1]


def test_each_queue_has_its_own_copies(router):
    router.run(router.router, "iptables", "-t", "mangle", "-F")
    router.rules(queues="2:5")
    sensor = router.sensor("-q", "2:5", "--audit")
    for source in (MX_OUT, WORKSTATION):
        assert router.send(source, SERVER, 25)["result"] == "sent"
    router.end(sensor)
    assert [one["mail"]["messages"] for one in router.records("mail")] == [1, 1]
    assert rule_packets(router, "NFLOG") >= 20


def test_a_finding_that_may_still_come_and_is_blocked_keeps_the_flow_in_the_queue(router):
    sensor = router.sensor("-q", "0", "--enforce", "--action", "tls.credentials-clear=reject")
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.end(sensor)
    assert rule_packets(router, "NFLOG") == 0


HOLD_GROUP = """
import signal, socket, struct
def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
body = struct.pack("=BB", 0, 0) + struct.pack(">H", 3725) + attribute(1, b"\\x01")  # NFULNL_CFG_CMD_BIND
channel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
channel.send(struct.pack("=IHHII", 16 + len(body), 4 << 8 | 1, 5, 1, 0) + body)  # REQUEST, ACK
print(struct.unpack("=i", channel.recv(4096)[16:20])[0], flush=True)
signal.pause()
"""


def test_without_a_log_group_flows_stay_in_the_queue(router):
    other = router.start(router.router, "/usr/bin/python3", "-c", HOLD_GROUP, stdout=subprocess.PIPE)
    assert other.stdout.readline() == "0\n"
    sensor = router.sensor("-q", "0", "--enforce")
    assert "log group 3725 cannot be bound: " in (router.folder / "sensor.log").read_text()
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    router.end(sensor)
    assert [one["mail"]["messages"] for one in router.records("mail")] == [1]
    assert rule_packets(router, "NFLOG") == 0


SLOW_CLIENT = """
import socket, sys, time
channel = socket.create_connection((sys.argv[2], 25), 5, (sys.argv[1], 0))
channel.settimeout(5)
def say(line):
    if line:
        channel.sendall(line + b"\\r\\n")
    return channel.recv(4096)
for line in (None, b"EHLO client.example.org", b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.net>", b"RSET"):
    say(line)
print("ready", flush=True)
sys.stdin.readline()
try:
    say(b"MAIL FROM:<a@example.org> REQUIRETLS")
    end = time.monotonic() + 5
    while time.monotonic() < end:  # copies come a little later
        answer = say(b"RCPT TO:<b@example.net>")
        time.sleep(0.02)
    print(answer.decode().strip())
except (ConnectionResetError, BrokenPipeError):
    print("reset")
"""


def test_a_copied_flow_that_another_matrix_forbids_is_reset(router):
    sensor = router.sensor("-q", "0", "--enforce")
    client = router.start(router.client, "/usr/bin/python3", "-c", SLOW_CLIENT, MX_OUT, SERVER,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert client.stdout.readline() == "ready\n"
    assert rule_packets(router, "NFLOG") > 0
    matrix = router.folder / "matrix.yaml"
    matrix.write_text(matrix.read_text().replace("from: mx-out", "from: workstations"))
    sensor.send_signal(signal.SIGHUP)
    router.wait(lambda: worker_of(router)["matrix"] == 2)
    client.stdin.write("go on\n")
    client.stdin.flush()
    assert client.stdout.readline() == "reset\n"
    router.end(sensor)
    assert ("sender.illegitimate", "blocked", 25) in router.alerts()


def queued_bytes(router):
    listing = router.run(router.router, "iptables", "-t", "mangle", "-nvxL", "MAILWARDEN").stdout
    return next(int(line.split()[1]) for line in listing.splitlines() if " NFQUEUE " in line)


def test_an_upload_of_anything_to_a_server_that_is_silent_leaves_the_queue(router):
    sensor = router.sensor("-q", "0", "--audit")
    sink = router.start(router.server, "/usr/bin/python3", "-c", "import socket\n"
                        f"channel = socket.create_server(('{SERVER}', 5201)).accept()[0]\n"
                        "while channel.recv(65536): pass")
    router.run(router.client, "/usr/bin/python3", "-c", "import socket, time\n"
               "for wait in [0.2] * 50 + [None]:\n"  # the server may need its time to listen
               "    try:\n"
               f"        channel = socket.create_connection(('{SERVER}', 5201), 5)\n"
               "        break\n"
               "    except ConnectionRefusedError:\n"
               "        time.sleep(wait)\n"
               "channel.sendall(b'0123456789' * 2000000)")
    sink.wait(20)
    router.end(sensor)
    assert 16384 < queued_bytes(router) < 1000000
    assert rule_packets(router, "NFLOG") == 0, "of its client nothing more is to be learnt"


SPEAKS_AT_LAST = """
import socket, sys
channel = socket.create_server((sys.argv[1], 5201)).accept()[0]
left = 20000000
while left > 0:
    left -= len(channel.recv(min(left, 65536)))
channel.sendall(b"220 mx.example.net ESMTP\\r\\n")
print(channel.recv(4096), flush=True)
"""
UPLOADS_FIRST = """
import socket, sys
channel = socket.create_connection((sys.argv[1], 5201), 10)
channel.sendall(b"0123456789" * 2000000)
try:
    print(channel.recv(4096))
    channel.sendall(b"EHLO client.example.org\\r\\n")
    print(channel.recv(4096))
except OSError as error:
    print(type(error).__name__)
"""


def test_what_a_silent_server_says_behind_an_upload_is_judged_before_its_client_hears_it(router):
    sensor = router.sensor("-q", "0", "--enforce")
    sink = router.start(router.server, "/usr/bin/python3", "-c", SPEAKS_AT_LAST, SERVER, stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL)
    router.wait(lambda: ":5201" in router.run(router.server, "ss", "-ltn").stdout)
    said = router.run(router.client, "/usr/bin/python3", "-c", UPLOADS_FIRST, SERVER).stdout.strip()
    assert "554 5.7.1" in said or "ConnectionResetError" in said, said
    assert sink.communicate(timeout=10)[0] == "", "reset, and not one word more"
    assert "220 " not in said
    router.end(sensor)
    assert ("sender.illegitimate", "blocked", 5201) in router.alerts()
    assert queued_bytes(router) < 1000000


def test_held_packets_go_on_when_decided_and_when_time_is_up(router):
    sensor = router.sensor("-q", "0", "--enforce", "--hold", "64", "--hold-ms", "4000")
    answer = router.send(MX_OUT, SERVER, 25)
    assert answer["result"] == "sent" and answer["seconds"] < 2, "a greeting does not wait for what decides"
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    router.end(sensor)
    assert router.messages() == 1


HELD_BESIDE_A_FLOOD = """
import sys
sys.path.insert(0, sys.argv[1])
import raw_client
raw = raw_client.Raw("held", sys.argv[2], sys.argv[4])
raw.greeted().send(data=b"X")
for number in range(200):
    raw_client.Raw("flood", f"{sys.argv[3]}{10 + number % 100}", "203.0.113.77").send(data=b"X")
raw.hear(1)
print((raw.acknowledged - raw.sequence) & 0xffffffff)
"""


def test_a_flood_of_strangers_lets_nothing_go_that_others_hold(router):
    router.run(router.client, "iptables", *raw_client.KEEP_QUIET)
    sensor = router.sensor("-q", "0", "--enforce", "--hold", "16", "--hold-ms", "4000")
    answer = router.run(router.client, "/usr/bin/python3", "-c", HELD_BESIDE_A_FLOOD, str(bench.HERE), MX_OUT,
                        "192.0.2.", SERVER)
    counters = worker_of(router)["counters"]
    assert answer.stdout == "0\n", "its byte went on before it was decided"
    assert 2 <= counters["inline.held"] < 16 and counters["inline.held_late"] > 100
    router.end(sensor)


def test_mail_goes_on_when_a_worker_dies_or_hangs(router):
    sensor = router.sensor("-q", "0", "--enforce")
    for kind in (signal.SIGKILL, signal.SIGSTOP):
        worker = next(one["pid"] for one in router.status()["processes"]
                      if one["name"] == "worker 0")
        os.kill(worker, kind)
        answer = router.send(MX_OUT, SERVER, 25)
        assert answer["result"] == "sent" and answer["seconds"] < 2, answer
        router.wait(lambda: any(one["name"] == "worker 0" and one["state"] == "running"
                                and one["pid"] != worker
                                for one in router.status()["processes"]))
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    router.end(sensor)
    assert [one[0] for one in router.alerts()].count("sensor.worker-restarted") == 2


def worker_of(router):
    return next(one for one in router.status()["processes"] if one["name"] == "worker 0")


def test_mail_goes_on_while_a_worker_hangs_in_its_start(router):
    sensor = router.sensor("-q", "0", "--enforce")
    for _ in range(50):  # it may be faster than this test
        hanging = stop_the_next_start(sensor.pid, worker_of(router)["pid"])
        if worker_of(router)["state"] == "starting":
            break
        router.wait(lambda: worker_of(router)["pid"] not in (0, hanging) and worker_of(router)["state"] == "running")
    else:
        raise AssertionError("it was always faster")
    answer = router.send(MX_OUT, SERVER, 25)
    assert answer["result"] == "sent" and answer["seconds"] < 2, answer
    router.wait(lambda: worker_of(router)["pid"] not in (0, hanging) and worker_of(router)["state"] == "running")
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    router.end(sensor)


def test_mail_goes_on_without_any_sensor(router):
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    sensor = router.sensor("-q", "0", "--enforce")
    sensor.kill()
    sensor.wait(10)
    router.wait(lambda: router.send(WORKSTATION, SERVER, 25)["result"] == "sent")


def test_a_queue_that_somebody_else_has_is_told_as_that(router):
    sensor = router.sensor("-q", "0", "--audit")
    second = subprocess.run(("ip", "netns", "exec", router.router, bench.BINARY, "run", "-q", "0", "-m",
                             router.folder / "matrix.yaml", "--state-dir", router.folder / "second", "--user", "root"),
                            capture_output=True, text=True, timeout=20, check=False)
    assert second.returncode == 3
    assert f"queue 0 is held by another program (netlink port {sensor.pid}" in second.stderr, second.stderr
    router.end(sensor)


def test_two_queues_have_a_worker_each(router):
    router.run(router.router, "iptables", "-t", "mangle", "-F")
    router.rules(queues="0:1")
    sensor = router.sensor("-q", "0:1", "--enforce")
    assert {one["source"] for one in router.status()["processes"]} >= {"queue 0", "queue 1"}
    for source, result in ((MX_OUT, "sent"), (WORKSTATION, "refused")):
        assert router.send(source, SERVER, 25)["result"] == result
    router.end(sensor)


@pytest.mark.parametrize("queue", ["3", "0:3"])
@pytest.mark.parametrize("more", [(), ("--limit", "1", "--tunnels", "drop"), ("--limit", "10000", "--local", "--fail-closed")])
def test_the_rules_are_right_in_the_eyes_of_both_firewalls(tmp_path, queue, more):
    reason = bench.why_not()
    if reason:
        pytest.skip(reason)
    for tool in ("iptables-restore", "ip6tables-restore"):
        text = bench.command(bench.BINARY, "export", "--to", "iptables", "--inline", "--queue",
                             queue, *more).stdout
        bench.command("unshare", "-n", tool, "--test", "--noflush", input=text)
    text = bench.command(bench.BINARY, "export", "--to", "nftables", "--inline", "--queue",
                         queue, *more).stdout
    probe = "table inet t {\nchain c {\ntype filter hook forward priority 0;\nqueue num 0\n}\n}\n"
    try:
        bench.command("unshare", "-n", "nft", "-c", "-f", "-", input=probe)
    except subprocess.CalledProcessError as error:
        without = "\n".join(line for line in text.splitlines() if " queue " not in line)
        bench.command("unshare", "-n", "nft", "-c", "-f", "-", input=without)
        pytest.skip("this kernel has no nftables queue: " + error.stderr.splitlines()[0])
    bench.command("unshare", "-n", "nft", "-c", "-f", "-", input=text)


def test_the_rollback_of_the_manual_takes_out_rules_that_were_loaded_twice(router):
    page = (bench.ROOT / "docs" / "deploy.md").read_text()
    rollback = page.split("## Rollback\n")[1].split("```\n")[1]
    router.rules()  # once more
    text = bench.command(bench.BINARY, "export", "--to", "iptables", "--inline", "--local").stdout
    router.run(router.router, "iptables-restore", "--noflush", input=text)
    assert router.run(router.router, "iptables-save", "-t", "mangle").stdout.count("-A FORWARD -j MAILWARDEN\n") == 3
    router.run(router.router, "sh", "-ec", rollback)
    for tool in ("iptables-save", "ip6tables-save"):
        assert "MAILWARDEN" not in router.run(router.router, tool, "-t", "mangle").stdout


def test_the_back_out_in_the_first_lines_of_the_rules_is_whole(router):
    text = bench.command(bench.BINARY, "export", "--to", "iptables", "--inline", "--local").stdout
    steps = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
    for _ in range(2):
        router.run(router.router, "iptables-restore", "--noflush", input=text)
    router.run(router.router, "sh", "-ec", "\n".join(steps))
    assert "MAILWARDEN" not in router.run(router.router, "iptables-save", "-t", "mangle").stdout


def test_the_status_of_an_inline_sensor_counts_its_verdicts(router):
    sensor = router.sensor("-q", "0", "--enforce")
    router.send(WORKSTATION, SERVER, 25)
    router.wait(lambda: "inline.blocked_flows" in json.dumps(router.status()))
    router.end(sensor)
