"""Output syslog with a real rsyslogd at /dev/log, in a place of its own: nothing is lost, whoever is killed."""

import json
import os
import random
import signal
import subprocess
import time

import pytest

import rsyslog
import shipping
from rsyslog import Place, Server
from sensor import ROOT, until

pytestmark = [rsyslog.needed, pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a /dev of its own")]

ASK_FOR_ROOM = ("import select, socket, sys\n"
                "one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                "one.connect('/dev/log')\n"
                "sys.exit(bool(select.select([], [one], [], 0)[1]))")


@pytest.fixture(name="place")
def place_fixture(tmp_path):
    one = Place(tmp_path)
    yield one
    one.close()


def settings_of(folder, text="{type: syslog, form: cee}"):
    path = folder / "mailwarden.yaml"
    path.write_text(f"outputs:\n  - {text}\n")
    return path


def start(place, settings, journal, *words):
    return shipping.start_shipping(settings, journal, *words, prefix=place.prefix, stderr=subprocess.PIPE, text=True)


def told(server, ident="mailwarden"):
    """What came from us; rsyslogd tells of itself, too."""
    return [entry for entry in server.read() if entry["app"] == ident]


def is_full(place):
    """The reader takes no message more."""
    return subprocess.run([*place.prefix, "/usr/bin/python3", "-c", ASK_FOR_ROOM], timeout=20, check=False).returncode == 0


def ids(server):
    return [json.loads(entry["parsed"])["event_id"] for entry in told(server)]


def alerts(journal):
    return [record for record in shipping.records(journal) if "alert" in record]


def test_alerts_arrive_with_facility_and_level_of_their_severity(place, tmp_path):
    shipping.replay_into(tmp_path / "journal")
    settings = settings_of(tmp_path, "{type: syslog, form: cee, facility: local1, levels: {critical: crit}, ident: watch}")
    with Server(tmp_path, place) as server:
        one = start(place, settings, tmp_path / "journal", "--once")
        assert one.wait(timeout=20) == 0, one.stderr.read()
        wanted = alerts(tmp_path / "journal")
        until(lambda: len(told(server, "watch")) == len(wanted), "all alerts")
        entries = told(server, "watch")
    assert [json.loads(entry["parsed"]) for entry in entries] == wanted
    levels = {1: "crit", 2: "err", 3: "warning", 4: "notice"}
    for entry, alert in zip(entries, wanted):
        assert entry["facility"] == "local1"
        assert entry["severity"] == levels[alert["alert"]["severity"]]


def test_cef_has_no_name_but_its_own(place, tmp_path):
    """As logger -t CEF sends it; else rsyslog takes all up to the first blank for a name, and cuts that when it passes it on."""
    shipping.replay_into(tmp_path / "journal")
    with Server(tmp_path, place) as server:
        one = start(place, settings_of(tmp_path, "{type: syslog, form: cef, facility: local1}"), tmp_path / "journal", "--once")
        assert one.wait(timeout=20) == 0, one.stderr.read()
        wanted = alerts(tmp_path / "journal")
        until(lambda: len(told(server, "CEF")) == len(wanted), "all alerts")
        entries = told(server, "CEF")
    for entry, alert in zip(entries, wanted):
        assert entry["procid"] == "-"
        assert entry["message"].startswith(" 0|mailwarden|mailwarden|")
        assert f"mailwardenEventId={alert['event_id']} " in entry["message"] + " "
        assert entry["facility"] == "local1"
        assert entry["severity"] == {1: "alert", 2: "err", 3: "warning", 4: "notice"}[alert["alert"]["severity"]]


def test_a_missing_reader_is_waited_for(place, tmp_path):
    shipping.replay_into(tmp_path / "journal")
    one = start(place, settings_of(tmp_path), tmp_path / "journal")
    assert "/dev/log" in one.stderr.readline()
    with Server(tmp_path, place) as server:
        wanted = [record["event_id"] for record in alerts(tmp_path / "journal")]
        until(lambda: len(ids(server)) >= len(wanted), "all alerts")
        one.terminate()
        one.communicate(timeout=10)
        assert ids(server) == wanted


def test_a_reader_that_stands_still_gets_all_when_it_goes_on(place, tmp_path):
    shipping.replay_into(tmp_path / "journal")
    with Server(tmp_path, place) as server:
        server.process.send_signal(signal.SIGSTOP)
        one = start(place, settings_of(tmp_path), tmp_path / "journal")
        until(lambda: is_full(place), "the reader's queue to be full")
        server.process.send_signal(signal.SIGCONT)
        wanted = [record["event_id"] for record in alerts(tmp_path / "journal")]
        until(lambda: set(ids(server)) == set(wanted), "all alerts")
        one.terminate()
        one.wait(timeout=10)


def test_nothing_is_lost_while_rsyslogd_is_restarted_and_the_shipper_killed(place, tmp_path):
    chance = random.Random(7)
    settings = settings_of(tmp_path)
    kills = restarts = 0
    server = Server(tmp_path, place)
    one = None
    try:
        for turn in range(24):
            shipping.replay_into(tmp_path / "journal")
            if one is None:
                one = start(place, settings, tmp_path / "journal")
            time.sleep(chance.random() * 0.1)  # any moment
            if turn % 2:
                one.kill()
                one.communicate()
                one = None
                kills += 1
            else:
                server.end()  # as systemctl restart does
                server.start()
                restarts += 1
        last = start(place, settings, tmp_path / "journal", "--once") if one is None else one
        wanted = {record["event_id"] for record in alerts(tmp_path / "journal")}
        until(lambda: set(ids(server)) >= wanted, "every alert", patience=60)
        last.terminate()
        last.communicate(timeout=10)
    finally:
        server.end()
    got = ids(server)
    assert set(got) == wanted
    print(f"{len(wanted)} alerts, {kills} shippers killed, {restarts} restarts of rsyslogd, {len(got) - len(wanted)} duplicates")


def test_form_rfc5424_is_refused_for_the_local_socket(place, tmp_path):
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:1])
    one = start(place, settings_of(tmp_path, "{type: syslog, form: rfc5424}"), tmp_path / "journal", "--once")
    assert one.wait(timeout=10) == 2 and "relp" in one.stderr.read()



def test_the_snippet_for_rsyslog_keeps_every_alert_as_json(place, tmp_path):
    snippet = (ROOT / "docs/rsyslog/local.conf").read_text().replace("/var/log", str(tmp_path))
    config = tmp_path / "snippet.conf"
    config.write_text('module(load="imuxsock")\n' + snippet)
    shipping.replay_into(tmp_path / "journal")
    server = subprocess.Popen([*place.prefix, "rsyslogd", "-n", "-f", str(config), "-i", str(tmp_path / "pid")])
    try:
        until(lambda: (tmp_path / "pid").exists(), "rsyslogd")
        one = start(place, settings_of(tmp_path), tmp_path / "journal", "--once")
        assert one.wait(timeout=20) == 0
        wanted, path = alerts(tmp_path / "journal"), tmp_path / "mailwarden.json"
        until(lambda: path.exists() and len(path.read_text().splitlines()) == len(wanted), "every alert in the file")
        assert [json.loads(line) for line in path.read_text().splitlines()] == wanted
    finally:
        server.terminate()
        server.wait(timeout=20)
