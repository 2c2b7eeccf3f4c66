"""Metrics of a running sensor: by HTTP, by a socket file, by a file; read by Prometheus itself."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter

import pytest

import captures
import schema
import sensor
from apart import each_apart
from frames_made import ending
from sensor import MATRIX, ROOT, Sensor, open_to_all, replaced, until, watches, with_ways_out

WHY_NOT = sensor.why_not_here()
needs_namespace = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool (package prometheus)")
DASHBOARDS = ROOT / "dashboards"


@pytest.fixture(name="run")
def running(tmp_path):
    """With all ways at once."""
    with with_ways_out(tmp_path) as one:
        yield one


def get(path, out, method="GET"):
    """Status, headers and body, over the socket file."""
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(10)
        one.connect(str(out / "socket"))
        one.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while more := one.recv(65536):
            answer += more
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split(" ")[1]), head, body


def healthz(out):
    """Its status, or None while nobody answers."""
    with contextlib.suppress(OSError):
        return get("/healthz", out)[0]
    return None


def slow_client(stack, out, said):
    one = stack.enter_context(socket.socket(socket.AF_UNIX))
    one.settimeout(5)
    one.connect(str(out / "socket"))
    one.setblocking(False)
    with contextlib.suppress(BlockingIOError, ConnectionError):
        one.send(said)
    return one


def say(clients, words):
    """To all of them; returns how many are still listened to."""
    count = 0
    for one in clients:
        try:
            one.send(words)
        except BlockingIOError:
            pass
        except OSError:
            continue
        count += 1
    return count


def samples(text):
    return {name: float(value) for name, value in re.findall(r"^([^#\n].*) (\S+)$", text, re.MULTILINE)}


def names(text):
    return set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def by_labels(text, metric, *labels):
    """Of each sample of the metric: the values of these labels, in their order; those of 0 left out."""
    found = Counter()
    for name, value in samples(text).items():
        if name.startswith(metric + "{") and value > 0:
            said = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', name))
            assert set(said) == set(labels)
            found[tuple(said[label] for label in labels)] += int(value)
    return found


def cells(text):
    return by_labels(text, "mailwarden_cell_flows_total", "from", "to", "protocol", "verdict")


def mail_records(out):
    lines = (out / "siem.json").read_text().splitlines() if (out / "siem.json").exists() else []
    return [record["mail"] for record in map(json.loads, lines) if record["event_type"] == "mail"]


@needs_namespace
class TestRunning:
    def test_what_the_sensor_sees_is_in_its_metrics(self, run):
        watches(run, 70)
        until(lambda: samples(get("/metrics", run.out)[2])['mailwarden_packets_total{worker="worker 0",source="tap0"}'] > 0,
              "packets")
        status, head, text = get("/metrics", run.out)
        assert status == 200 and "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
        values = samples(text)
        assert values['mailwarden_findings_total{finding="sender.illegitimate",severity="high"}'] >= 1
        assert values['mailwarden_output_up{output="siem",type="file"}'] == 1
        run.send(ending(70))
        until(lambda: samples(get("/metrics", run.out)[2])['mailwarden_flows_total{verdict="illegitimate",protocol="smtp"}'] >= 1,
              "the flow to end")
        assert values["mailwarden_healthy"] == 1 and values["mailwarden_journal_up{process=\"reporter\"}"] == 1
        assert time.time() - values["mailwarden_start_time_seconds"] < 60
        values = until(lambda: (now := samples(get("/metrics", run.out)[2])) and now['mailwarden_process_cpu_seconds_total{process="worker 0"}']
                       and now, "processor time")
        for name in ("supervisor", "reporter", "worker 0", "siem"):
            memory = values[f'mailwarden_process_resident_memory_bytes{{process="{name}"}}']
            pid = run.status()["pid"] if name == "supervisor" else next(
                one["pid"] for one in run.status()["processes"] + run.status()["outputs"] if one["name"] == name)
            really = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
            assert really / 2 < memory < really * 2, name
            assert 0 < values[f'mailwarden_process_cpu_seconds_total{{process="{name}"}}'] < 60
        said = json.loads(get("/status.json", run.out)[2])
        assert run.status()["host"] == said["host"] and "tcp.gaps" in said["processes"][2]["counters"]
        schema.hold_status(said)

    def test_the_reference_has_every_metric_with_its_labels(self, run):
        watches(run, 72)
        run.send(ending(72))
        text = until(lambda: cells(now := get("/metrics", run.out)[2]) and now, "the flow to end")
        told = {one for one in schema.told() if one.startswith("mailwarden_")}
        assert {re.sub(r"\{.*", "", one) for one in told} == names(text)
        said = {re.sub(r'="(?:[^"\\]|\\.)*"', "", name) for name in samples(text)}
        assert len(said) > 40 and not said - told

    def test_cells_are_what_the_records_say_of_groups_and_go_on_behind_a_kill(self, run):
        assert not cells(get("/metrics", run.out)[2])
        for case in ("smtp-starttls-tls12", "imap-login-clear", "smtp-illegitimate-workstation"):
            run.send([frame for _, frame in captures.packets(captures.PCAPS / case)])
        watches(run, 200)  # of no group
        run.send(ending(200))
        until(lambda: len(mail_records(run.out)) == 4, "four flows to end")
        text = until(lambda: (now := get("/metrics", run.out)[2]) and cells(now).total() == 4 and now, "four flows in cells")
        mails = mail_records(run.out)
        wanted = Counter((one["from_group"], one["to_group"], one["protocol"], one["verdict"]) for one in mails)
        assert cells(text) == wanted and ("internal", "internet", "smtp", "illegitimate") in wanted and len(wanted) > 2
        assert by_labels(text, "mailwarden_tls_flows_total", "to", "tls") == Counter((one["to_group"], one["tls"]) for one in mails)
        assert samples(text)["mailwarden_observed_partial"] == 0
        before = run.part("reporter")["pid"]
        os.kill(before, signal.SIGKILL)
        replaced(run, "reporter", before)
        watches(run, 201)
        run.send(ending(201))
        text = until(lambda: (now := get("/metrics", run.out)[2]) and cells(now).total() == 5 and now, "one flow more")
        assert cells(text) == wanted + Counter([("internal", "internet", "smtp", "illegitimate")])

    def test_the_certificate_that_ends_next_is_of_a_server_of_the_matrix(self, run):
        for count, (case, told) in enumerate((("smtp-gcm-cipher-to-the-internet", []),
                                              ("smtp-starttls-tls12", ['{server="192.0.2.25:25"} 2082758400'])), 1):
            run.send([frame for _, frame in captures.packets(captures.PCAPS / case)])
            text = until(lambda ended=count: (now := get("/metrics", run.out)[2]) and
                         samples(now)['mailwarden_flows_total{verdict="legitimate",protocol="smtp"}'] == ended and now, "the flow to end")
            assert re.findall(r"^mailwarden_certificate_next_expiry_timestamp_seconds(.*)$", text, re.MULTILINE) == told

    def test_the_file_for_node_exporter_is_whole_and_says_the_same(self, run):
        path = run.out / "mailwarden.prom"
        until(path.exists, "the file")
        assert names(path.read_text()) == names(get("/metrics", run.out)[2])
        before = path.stat().st_ino
        until(lambda: path.stat().st_ino != before, "another file in its place")
        assert not [one for one in run.out.iterdir() if one.name.startswith(".") and one.name != ".mailwarden.prom.new"]

    def test_health_follows_the_workers(self, run):
        assert get("/healthz", run.out)[::2] == (200, "ok\n")
        worker = next(one for one in run.status()["processes"] if one["name"] == "worker 0")["pid"]
        os.kill(worker, signal.SIGSTOP)  # killed after half a second, started again
        until(lambda: samples(get("/metrics", run.out)[2])['mailwarden_process_restarts_total{process="worker 0"}'] == 1,
              "a restart that is counted")
        until(lambda: get("/healthz", run.out)[0] == 200, "health again")

    def test_only_reading_is_answered(self, run):
        assert get("/metrics", run.out, "POST")[0] == 405
        assert get("/nowhere", run.out)[0] == 404
        status, head, body = get("/metrics", run.out, "HEAD")
        assert status == 200 and body == "" and "Content-Length: " in head

    @pytest.mark.parametrize("count, said, more", [
        (200, b"GET /metr", b""), (400, b"GET /metr", b""), (200, b"GET /metr", b"i"),
        (200, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100, b"")],
                             ids=["silent", "more than there are places", "a few bytes a second", "reads nothing"])
    def test_slow_clients_are_cut_off_and_hold_up_nobody(self, run, count, said, more):
        with contextlib.ExitStack() as all_of_them:
            slow = [slow_client(all_of_them, run.out, said) for _ in range(count)]
            longest, end = 0, time.monotonic() + 3
            while time.monotonic() < end:
                start = time.monotonic()
                assert healthz(run.out) == 200
                longest = max(longest, time.monotonic() - start)
                say(slow, more)
                time.sleep(0.3)
            assert longest < 1
            until(lambda: say(slow, b"x") == 0, "all of them to be cut off", 8)

    def test_a_connection_is_for_one_answer(self, run):
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(10)
            one.connect(str(run.out / "socket"))
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
            answer = b""
            with contextlib.suppress(ConnectionResetError):  # what it had asked beside is thrown away
                while more := one.recv(65536):
                    answer += more
        assert answer.count(b"HTTP/1.1 200") == 1 and b"\r\nConnection: close\r\n" in answer

    def test_its_process_is_caged_and_is_started_again(self, run):
        def pid():
            for one in pathlib.Path("/proc").glob("[0-9]*/comm"):
                with contextlib.suppress(OSError):
                    status = (one.parent / "status").read_text()
                    if one.read_text() == "metrics\n" and f"PPid:\t{run.status()['pid']}\n" in status:
                        return int(one.parent.name)
            return None
        first = pid()
        fields = dict(line.split(":\t", 1) for line in open(f"/proc/{first}/status", encoding="ascii").read().splitlines())
        assert fields["Seccomp"].startswith("2") and int(fields["CapEff"], 16) == 0
        assert fields["NoNewPrivs"] == "1" and fields["Threads"] == "1"
        os.kill(first, signal.SIGKILL)
        until(lambda: pid() not in (None, first), "another one")
        until(lambda: healthz(run.out) == 200, "an answer again")

    @needs_promtool
    def test_promtool_finds_nothing_to_say(self, run):
        answer = subprocess.run(["promtool", "check", "metrics"], input=get("/metrics", run.out)[2], capture_output=True,
                                text=True, timeout=30, check=False)
        assert answer.returncode == 0 and answer.stdout == "" and answer.stderr == "", answer.stdout + answer.stderr

    def test_every_metric_of_the_dashboard_and_of_the_rules_exists(self, run):
        known = names(get("/metrics", run.out)[2])
        for path in sorted(DASHBOARDS.iterdir()):
            used = set(re.findall(r"\bmailwarden_[a-z_]+\b", path.read_text()))
            assert used and used <= known, f"{path.name}: {used - known}"
            assert path.suffix != ".json" or used == known, f"{path.name} lacks {known - used}"


@contextlib.contextmanager
def scraped(tmp_path, matrix=None):
    """A sensor, and what asks the Prometheus that scrapes it: gives the samples of an answer."""
    open_to_all(tmp_path)
    settings = tmp_path / "mailwarden.yaml"
    settings.write_text(f"metrics: {{}}\noutputs:\n  - {{type: file, name: siem, path: {tmp_path}/siem.json}}\n")
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: mailwarden\n"
        "    static_configs: [{targets: ['127.0.0.1:9472']}]\n"
        f"rule_files: ['{DASHBOARDS}/prometheus-alerts.yml']\n")
    run = Sensor("-c", settings, matrix=matrix)
    server = None
    try:
        inside = ["nsenter", "-t", str(run.namespace.holder.pid), "-n"]
        server = subprocess.Popen([*inside, "prometheus", f"--config.file={tmp_path}/prometheus.yml",
                                   f"--storage.tsdb.path={tmp_path}/data", "--web.listen-address=127.0.0.1:9090"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def ask(question):
            got = subprocess.run([*inside, "curl", "-s", "--data-urlencode", f"query={question}", "http://127.0.0.1:9090/api/v1/query"],
                                 capture_output=True, text=True, timeout=10, check=False).stdout
            if not got.startswith("{"):
                return []  # it is not up yet
            answer = json.loads(got)
            assert answer["status"] == "success", answer
            return answer["data"]["result"]
        yield run, ask
    finally:
        if server:
            server.terminate()
            server.wait(timeout=20)
        run.close()


@needs_namespace
@pytest.mark.skipif(not shutil.which("prometheus"), reason="needs prometheus (package prometheus)")
def test_prometheus_scrapes_a_sensor_on_loopback(tmp_path):
    with scraped(tmp_path) as (_, ask):
        assert until(lambda: ask("mailwarden_healthy"), "Prometheus to have scraped")[0]["value"][1] == "1"


@needs_namespace
def test_on_loopback_no_page_of_the_web_reads_it(tmp_path):
    open_to_all(tmp_path)
    settings = tmp_path / "mailwarden.yaml"
    settings.write_text("metrics: {}\n")
    run = Sensor("-c", settings)
    try:
        def status_for(*words):
            got = subprocess.run(run.namespace.inside("curl", "-s", "-o", tmp_path / "body", "-w", "%{http_code}", *words,
                                                      "http://127.0.0.1:9472/healthz"),
                                 capture_output=True, text=True, timeout=10, check=False)
            return got.stdout
        until(lambda: status_for() == "200", "an answer")
        for host in ("localhost:9472", "LOCALHOST", "[::1]:9472", "127.0.0.1", "sensor.example.org:9472"):
            assert status_for("-H", f"Host: {host}") == "200", host
        assert status_for("--http1.0", "-H", "Host:") == "200"
        for host in ("rebound.example.net", "127.0.0.1.example.net:9472", "sensor.example.org.example.net", "[::1].example.net"):
            assert status_for("-H", f"Host: {host}") == "403", host
    finally:
        run.close()


@needs_promtool
def test_promtool_accepts_the_alert_rules():
    answer = subprocess.run(["promtool", "check", "rules", str(DASHBOARDS / "prometheus-alerts.yml")], capture_output=True,
                            text=True, timeout=30, check=False)
    assert answer.returncode == 0 and "SUCCESS" in answer.stdout, answer.stdout + answer.stderr


def panels_of_the_dashboard():
    return json.loads((DASHBOARDS / "grafana.json").read_text())["panels"]


def questions():
    """Of each query to Prometheus: its panel, what is asked, and the labels that the panel shows."""
    for panel in panels_of_the_dashboard():
        for target in panel.get("targets", []):
            if "expr" not in target:
                continue
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            for step in panel.get("transformations", []):
                options = step["options"]
                shown |= {options.get("rowField"), options.get("columnField"), *options.get("indexByName", ())}
            yield panel["title"], target["expr"].replace("$instance", ".*").replace("$__range", "1h"), shown - {None, "Value"}


def unknown_words(asked, ask):
    """Labels and values that a query names and its metric does not have: a != would pass over them."""
    unknown = set()
    for metric, terms in re.findall(r"(mailwarden_\w+)\{([^}]*)\}", asked):
        there = {}
        for label, value in (pair for one in ask(metric) for pair in one["metric"].items()):
            there.setdefault(label, set()).add(value)
        for label, wanted in re.findall(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"', terms):
            words = set(wanted.split("|")) - {".*"}
            unknown |= {(metric, label, word) for word in words - there.get(label, set())} if label in there else {(metric, label)}
    return unknown


@needs_namespace
@pytest.mark.skipif(not shutil.which("prometheus"), reason="needs prometheus (package prometheus)")
def test_every_panel_is_answered_with_the_labels_that_it_shows_and_the_grid_is_true(tmp_path):
    (tmp_path / "friends.txt").write_text("203.0.113.9\n")
    lists = f"\nlists:\n  friends: {{kind: allow, file: {tmp_path}/friends.txt}}\n  none: {{kind: deny, file: {tmp_path}/none.txt}}\n"
    with scraped(tmp_path, each_apart(MATRIX.read_text(), [*range(10, 70), *range(71, 140)]) + lists) as (run, ask):
        assert until(lambda: ask("mailwarden_healthy"), "a first scrape")
        for case in ("smtp-starttls-tls12", "imap-login-clear", "smtp-illegitimate-workstation"):
            run.send([frame for _, frame in captures.packets(captures.PCAPS / case)])
        watches(run, 200)
        run.send(ending(200))
        until(lambda: sum(float(one["value"][1]) for one in ask("mailwarden_cell_flows_total")) == 4, "four flows to be scraped")
        until(lambda: ask('increase(mailwarden_findings_total{finding="sender.illegitimate"}[1m]) > 0'), "a finding to be scraped")
        for title, asked, shown in questions():
            found = ask(asked)
            assert found and all(shown <= set(one["metric"]) for one in found), (title, asked, found)
            assert not unknown_words(asked, ask), title
        assert unknown_words('mailwarden_tls_flows_total{tls!="unknwon",tsl!="x",instance=~".*"}', ask) == {
            ("mailwarden_tls_flows_total", "tls", "unknwon"), ("mailwarden_tls_flows_total", "tsl")}
        cells_by = {title: {(one["metric"]["from"], one["metric"]["to"]): one["value"][1] for one in ask(asked)}
                    for title, asked, shown in questions() if "from" in shown}
        assert cells_by["Flows that a row allows: from (down) to (across)"] == {("mailboxes", "relay"): "1"}
        forbidden = cells_by["Flows that no row allows: from (down) to (across)"]
        assert forbidden == cells_by["What no row allows"]
        assert forbidden == {("workstations", "internet"): "1", ("workstations", "mailboxes"): "1", ("internal", "internet"): "1"}


@needs_promtool
def test_panels_of_the_dashboard_ask_what_can_be_answered_and_stand_apart(tmp_path):
    panels = panels_of_the_dashboard()
    asked = [expression for _, expression, _ in questions()]
    path = tmp_path / "asked.yml"
    path.write_text(json.dumps({"groups": [{"name": "asked", "rules": [
        {"record": f"asked:{number}", "expr": expression} for number, expression in enumerate(asked)]}]}))
    answer = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 0 and f"SUCCESS: {len(asked)} rules" in answer.stdout, answer.stdout + answer.stderr
    taken = [(x, y) for place in (panel["gridPos"] for panel in panels) for x in range(place["x"], place["x"] + place["w"])
             for y in range(place["y"], place["y"] + place["h"])]
    assert len(set(taken)) == len(taken) and max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


WELL = {  # what a sensor says that is well, minute by minute
    'mailwarden_healthy{instance="a"}': "1x90",
    'mailwarden_alive_timestamp_seconds{instance="a"}': "0+60x90",
    'mailwarden_interfaces_down{worker="worker 0",source="eth0"}': "0x90",
    'mailwarden_interfaces_missing{worker="worker 0",source="eth0"}': "0x90",
    'mailwarden_packets_total{worker="worker 0",source="eth0"}': "0+6000x90",
    'mailwarden_packets_lost_total{worker="worker 0",source="eth0"}': "5x90",
    'mailwarden_process_restarts_total{process="worker 0"}': "0x90",
    'mailwarden_output_up{output="siem"}': "1x90",
    'mailwarden_output_lag_seconds{output="siem"}': "20x90",
    'mailwarden_output_backlog_bytes{output="siem"}': "100000000x90",
    'mailwarden_output_lost_bytes_total{output="siem"}': "0x90",
    'mailwarden_journal_up{process="reporter"}': "1x90",
    'mailwarden_journal_lost_bytes_total{process="reporter"}': "7x90",
    'mailwarden_records_refused_total{process="worker 0"}': "3x90",
    'mailwarden_alerts_held_total{worker="worker 0"}': "4x90",
    "mailwarden_matrix_reload_failures_total": "1x90",
    'mailwarden_certificate_next_expiry_timestamp_seconds{server="192.0.2.10:993"}': f"{8 * 86400}x90",
    'mailwarden_matrix_next_expiry_timestamp_seconds{row="M-01"}': f"{8 * 86400}x90",
    'mailwarden_matrix_next_acceptance_expiry_timestamp_seconds{by="group dmz"}': f"{8 * 86400}x90",
    **{f'mailwarden_findings_total{{finding="{name}",severity="high"}}': "2x90" for name in (
        "sender.illegitimate", "tls.credentials-clear", "tls.starttls-stripped", "tls.starttls-injection", "zone.user-access-exposed",
        "zone.mailbox-misplaced", "sensor.blind", "sensor.queue-silent", "sensor.family-unseen", "tls.missing")},
}
FIRES = [  # rule; what is otherwise then
    ("MailwardenDown", "healthy", "1x30 0x60"),
    ("MailwardenDown", "healthy", "1x30 stale"),
    ("MailwardenAsleep", "alive_timestamp", "0+60x30 1800x60"),
    ("MailwardenInterfaceDown", "interfaces_down", "0x30 1x60"),
    ("MailwardenInterfaceDown", "interfaces_missing", "0x30 1x60"),
    ("MailwardenPacketsLost", "packets_lost", "0+60x90"),
    ("MailwardenRestarts", "restarts", "0x35 0+1x10 10x50"),
    ("MailwardenOutputDown", "output_up", "1x30 0x60"),
    ("MailwardenOutputLate", "output_lag", "0x30 301x60"),
    ("MailwardenOutputBacklog", "output_backlog", "0x20 300000000x70"),
    ("MailwardenRecordsLost", "output_lost", "0x38 9x60"),
    ("MailwardenRecordsLost", "journal_lost", "0x38 9x60"),
    ("MailwardenRecordsLost", "records_refused", "0x38 9x60"),
    ("MailwardenJournalDown", "journal_up", "1x30 0x60"),
    ("MailwardenMatrixRefused", "reload_failures", "0x30 1x60"),
    ("MailwardenCertificateExpires", "certificate_next", f"{6 * 86400}x90"),
    ("MailwardenAlertsHeld", "alerts_held", "0x38 9x60"),
    ("MailwardenRowExpires", "matrix_next_expiry", f"{6 * 86400}x90"),
    ("MailwardenAcceptanceExpires", "next_acceptance_expiry", f"{6 * 86400}x90"),
    ("MailwardenIllegitimateSender", "sender.illegitimate", "0x38 1x60"),
    ("MailwardenCredentialsClear", "tls.credentials-clear", "0x38 1x60"),
    ("MailwardenStripped", "starttls-stripped", "0x38 1x60"),
    ("MailwardenStripped", "starttls-injection", "0x38 1x60"),
    ("MailwardenExposed", "user-access-exposed", "0x38 1x60"),
    ("MailwardenExposed", "mailbox-misplaced", "0x38 1x60"),
    ("MailwardenBlind", "sensor.blind", "0x38 1x60"),
    ("MailwardenBlind", "queue-silent", "0x38 1x60"),
    ("MailwardenBlind", "packets_total", "700x90"),
]


def rules():
    return set(re.findall(r"alert: (\w+)", (DASHBOARDS / "prometheus-alerts.yml").read_text()))


def fired(tmp_path, series):
    """Which rules fire 45 minutes in: promtool tells what it got of each where nothing was expected."""
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"rule_files": [str(DASHBOARDS / "prometheus-alerts.yml")], "evaluation_interval": "1m", "tests": [{
        "interval": "1m", "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": "45m", "alertname": name, "exp_alerts": []} for name in sorted(rules())]}]}))
    answer = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, timeout=30, check=False)
    assert (answer.returncode == 0) == ("FAILED" not in answer.stdout + answer.stderr)
    got = re.findall(r"alertname: (\w+), time: 45m,\s+exp:\[\s*\],\s+got:\[\s*(\S)", answer.stdout + answer.stderr)
    assert (answer.returncode == 0) == (not got), answer.stdout + answer.stderr
    return {name for name, first in got if first != "]"}


@needs_promtool
def test_no_rule_fires_of_a_sensor_that_is_well(tmp_path):
    assert fired(tmp_path, WELL) == set()


@needs_promtool
@pytest.mark.parametrize("rule, part, values", FIRES)
def test_each_rule_fires_for_what_it_is_for_and_no_other(tmp_path, rule, part, values):
    changed = {name for name in WELL if part in name}
    assert len(changed) == 1
    assert fired(tmp_path, {**WELL, **{name: values for name in changed}}) == {rule}


def test_every_rule_is_tested():
    assert {rule for rule, _, _ in FIRES} == rules()


@needs_promtool
def test_one_dead_sensor_of_two_is_told_and_told_once():
    answer = subprocess.run(["promtool", "test", "rules", str(ROOT / "tests" / "live" / "run" / "prometheus_rules.yml")],
                            capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("text, wanted", [
    ("metrics: {lisen: 127.0.0.1:9472}", ':1:11: unknown key of metrics "lisen"; did you mean "listen"?'),
    ("metrics: {listen: localhost:9472}", ':1:10: metrics: listen takes ADDRESS:PORT or unix:PATH, not "localhost:9472"'),
    ("metrics: {listen: 127.0.0.1:65536}", 'not "127.0.0.1:65536"'),
    ("metrics: {listen: '[::1]'}", 'not "[::1]"'),
    ("metrics: {listen: 'unix:'}", 'not "unix:"'),
    (f"metrics: {{listen: unix:/{'x' * 107}}}", "metrics: listen takes"),
    ("metrics: {textfile: /tmp/mailwarden}", ':1:10: metrics: textfile "/tmp/mailwarden" does not end in .prom'),
])
def test_a_mistake_is_told_with_its_place(tmp_path, text, wanted):
    path = tmp_path / "mailwarden.yaml"
    path.write_text(text + "\n")
    answer = subprocess.run([sensor.MAILWARDEN, "check", "--config", str(path)], capture_output=True, text=True, timeout=10,
                            check=False)
    assert answer.returncode == 2 and f"{path}" in answer.stderr and wanted in answer.stderr, answer.stderr


@pytest.mark.parametrize("listen", ["127.0.0.1:9472", "'[::1]:1'", "0.0.0.0:65535", "unix:/run/x", f"unix:/{'x' * 106}"])
def test_a_place_to_listen_at_is_right(tmp_path, listen):
    path = tmp_path / "mailwarden.yaml"
    path.write_text(f"metrics: {{listen: {listen}}}\n")
    subprocess.run([sensor.MAILWARDEN, "check", "--config", str(path)], check=True, capture_output=True, timeout=10)
