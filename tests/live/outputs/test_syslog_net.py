"""The output syslog-net with real rsyslogd and syslog-ng: what counts as delivered is written, whoever is killed."""

import contextlib
import json
import os
import re
import socket
import subprocess
import time

import pytest

import relp_receiver
import shipping
import syslog_receivers
from kills import check_nothing_is_missing, ship_under_kills
from relp_receiver import CA, RECEIVER, STRANGER
from sensor import until
from shipping import alert_ids
from syslog_receivers import Rsyslogd, SyslogNg

pytestmark = syslog_receivers.needed
ALERTS = int(os.environ.get("MAILWARDEN_SYSLOG_NET_ALERTS", "4000"))
BOTH = [pytest.param(Rsyslogd, id="rsyslogd"), pytest.param(SyslogNg, id="syslog-ng", marks=syslog_receivers.needed_syslog_ng)]


@pytest.fixture(name="certificates", scope="module")
def made_certificates(tmp_path_factory):
    return relp_receiver.certificates(tmp_path_factory.mktemp("syslog-net") / "certificates")


def config(folder, *ports, more=""):
    path = folder / "mailwarden.yaml"
    receivers = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    path.write_text(f"outputs:\n  - {{type: syslog-net, name: siem, receivers: [{receivers}]{more}}}\n")
    return path


def tls(certificates, **words):
    return ", transport: tls" + relp_receiver.tls_words(certificates, **words)


def is_all_safe(journal):
    """The cursor, which is there once the shipper has begun, stands at the end."""
    return (journal / "output-siem.cursor").exists() and shipping.delivered(journal, "siem") == shipping.end(journal)


@pytest.fixture(name="journal")
def small_journal(tmp_path):
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:6])
    return tmp_path / "journal"


@pytest.mark.parametrize("receiver_kind", BOTH)
@pytest.mark.parametrize("is_tls", [False, True], ids=["clear", "tls"])
def test_every_alert_is_written_once_when_nothing_fails(tmp_path, certificates, receiver_kind, is_tls):
    shipping.replay_into(tmp_path / "journal")
    with receiver_kind(tmp_path, certificates if is_tls else None) as receiver:
        settings = config(tmp_path, receiver.port, more=tls(certificates) if is_tls else "")
        for _ in range(2):  # the second time there is nothing left to send
            answer = shipping.ship(settings, tmp_path / "journal", "--once")
            assert answer.returncode == 0, answer.stderr
        until(lambda: receiver.event_ids() == alert_ids(tmp_path / "journal"), "the alerts, once and in order")


@pytest.mark.parametrize("receiver_kind", BOTH)
def test_every_form_arrives_whole(tmp_path, journal, receiver_kind):
    alerts = [one for one in shipping.records(journal) if "alert" in one]
    seen = 0
    with receiver_kind(tmp_path) as receiver:
        for form in ("rfc5424", "cef", "ecs", "cee", "kv", "eve"):
            (journal / "output-siem.cursor").unlink(missing_ok=True)
            one = shipping.start_shipping(config(tmp_path, receiver.port, more=f", form: {form}"), journal)
            wanted = seen + len(alerts)
            until(lambda least=wanted: len(receiver.lines()) >= least, "the lines")
            one.kill()
            one.wait()
            lines, seen = receiver.lines()[seen:], len(receiver.lines())
            assert len(lines) == len(alerts) > 0
            for line, alert in zip(lines, alerts):
                if form == "cef":  # its guide's header: time and host alone
                    assert re.match(rf"<\d+>[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d {re.escape(alert['host'])} CEF:0\|mailwarden\|", line)
                    assert alert["event_id"] in line
                    continue
                _, _, host, app, _, message_id, body = line.split(" ", 6)
                assert (host, app, message_id) == (alert["host"], "mailwarden", alert["alert"]["metadata"]["finding"])
                assert alert["event_id"] in body
                assert form != "eve" or json.loads(body[2:]) == alert
                assert form != "ecs" or json.loads(body[2:])["event"]["id"] == alert["event_id"]
                assert form != "cee" or json.loads(body.removeprefix("- @cee: ")) == alert


def test_a_receiver_that_comes_late_gets_all(tmp_path, journal):
    with Rsyslogd(tmp_path) as receiver:
        receiver.end()
        one = shipping.start_shipping(config(tmp_path, receiver.port), journal, stderr=subprocess.PIPE, text=True)
        line = one.stderr.readline()
        assert "records wait in the journal" in line and f"127.0.0.1 port {receiver.port}: no connection" in line
        receiver.start()
        until(lambda: receiver.event_ids() == alert_ids(journal), "the alerts")
        one.terminate()
        assert one.wait(timeout=10) == 0


def test_alerts_that_trickle_are_written_at_once_and_are_safe_soon(tmp_path):
    files = shipping.captures()[:2]
    (tmp_path / "journal").mkdir()
    shipping.replay_into(tmp_path / "journal", files=files)
    with Rsyslogd(tmp_path) as receiver:
        one = shipping.start_shipping(config(tmp_path, receiver.port), tmp_path / "journal")
        for _ in range(3):
            shipping.replay_into(tmp_path / "journal", files=files)
            wanted = alert_ids(tmp_path / "journal")
            until(lambda: receiver.event_ids() == wanted, "the alerts")
        # all is safe: nothing comes twice, even when killed
        until(lambda: is_all_safe(tmp_path / "journal"), "the cursor")
        one.kill()
        one.wait()
        assert shipping.ship(config(tmp_path, receiver.port), tmp_path / "journal", "--once").returncode == 0
        assert receiver.event_ids() == wanted


@pytest.mark.parametrize("is_tls, least", [(False, 20), (True, 20 if "MAILWARDEN_SYSLOG_NET_ALERTS" in os.environ else 5)],
                         ids=["clear", "tls"])
def test_no_alert_is_missing_when_rsyslogd_and_the_shipper_are_killed(tmp_path, certificates, is_tls, least):
    with Rsyslogd(tmp_path, certificates if is_tls else None) as receiver:
        settings = config(tmp_path, receiver.port, more=tls(certificates) if is_tls else "")
        check_nothing_is_missing(settings, tmp_path / "journal", receiver, least, ALERTS)


@syslog_receivers.needed_syslog_ng
def test_no_alert_is_missing_when_syslog_ng_is_restarted_and_the_shipper_killed(tmp_path):
    class Restarted(SyslogNg):
        kill = SyslogNg.end

    with Restarted(tmp_path) as receiver:
        _, _ = ship_under_kills(config(tmp_path, receiver.port), tmp_path / "journal", receiver, 5, 2000)
        until(lambda: set(receiver.event_ids()) == set(alert_ids(tmp_path / "journal")), "all alerts")


class Socket:
    """Takes connections and leaves the rest to a test."""

    def __init__(self, kind=socket.SOCK_STREAM):
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


@contextlib.contextmanager
def shipped_by_hand(folder, journal):
    """The socket that listens, the first connection to it, and what ships there."""
    with Socket() as receiver:
        receiver.socket.listen()
        one = shipping.start_shipping(config(folder, receiver.port), journal, stderr=subprocess.PIPE, text=True)
        try:
            yield receiver.socket, receiver.socket.accept()[0], one
        finally:
            one.kill()
            one.communicate()


def read_all(link):
    got = b""
    while part := link.recv(65536):
        got += part
    return got


def check_is_told_and_not_delivered(one, journal, words):
    assert words in one.stderr.readline()
    assert shipping.delivered(journal, "siem") == 0


def test_a_message_is_octet_counted_and_has_no_line_end(tmp_path, journal):
    with shipped_by_hand(tmp_path, journal) as (_, link, _):
        link.settimeout(20)
        got = read_all(link)
        ids = []
        while got:
            count, rest = got.split(b" ", 1)
            message, got = rest[:int(count)], rest[int(count):]
            assert len(message) == int(count) and b"\n" not in message
            ids.append(re.search(rb'event_id="([^"]+)"', message)[1].decode())
        assert ids == alert_ids(journal)


def test_what_was_with_the_kernel_of_a_receiver_that_is_killed_unread_comes_again(tmp_path, journal):
    """It closes without having read: the connection is reset."""
    with shipped_by_hand(tmp_path, journal) as (_, link, one):
        time.sleep(2.5)  # longer than a session is kept open
        link.close()
        check_is_told_and_not_delivered(one, journal, "Connection reset")
    with Rsyslogd(tmp_path) as real:
        assert shipping.ship(config(tmp_path, real.port), journal, "--once").returncode == 0
        assert real.event_ids() == alert_ids(journal)


def test_a_receiver_that_is_killed_behind_its_last_read_is_not_believed(tmp_path, journal):
    """All was read, so that both connections end in order; but they end at once."""
    with shipped_by_hand(tmp_path, journal) as (listener, link, one):
        witness, _ = listener.accept()  # the session is over
        read_all(link)
        link.close()
        witness.close()
        check_is_told_and_not_delivered(one, journal, "the receiver ended the connection")


def test_a_receiver_that_reads_and_never_ends_its_side_is_told(tmp_path, journal):
    with shipped_by_hand(tmp_path, journal) as (_, link, one):
        read_all(link)
        check_is_told_and_not_delivered(one, journal, "what it has read is not known")


def first_line(settings, journal):
    """What it says first; whoever is refused gets nothing, which is seen a moment later."""
    one = shipping.start_shipping(settings, journal, stderr=subprocess.PIPE, text=True)
    try:
        return one.stderr.readline()
    finally:
        time.sleep(0.7)
        one.kill()
        one.communicate(timeout=10)


class TestTls:
    """The receiver's certificate is checked, and ours is shown."""

    @pytest.mark.parametrize("check", ["name", "fingerprint"])
    def test_the_right_certificate_is_accepted(self, tmp_path, certificates, journal, check):
        print_of = relp_receiver.fingerprint(certificates / f"{RECEIVER}.pem")
        more = tls(certificates) if check == "name" else tls(certificates, peers=print_of, more=", check: fingerprint")
        with Rsyslogd(tmp_path, certificates) as receiver:
            answer = shipping.ship(config(tmp_path, receiver.port, more=more), journal, "--once")
            assert answer.returncode == 0, answer.stderr
            assert receiver.event_ids() == alert_ids(journal)

    @pytest.mark.parametrize("words, reason", [
        ({"peers": "other.example.org"}, "certificate is refused: it has none of the names"),
        ({"peers": "127.0.0.1"}, "certificate is refused: it has none of the names"),
        ({"ca": "unknown-ca"}, "certificate is refused: unable to get local issuer certificate"),
        ({"peers": "SHA256:" + ":".join(["00"] * 32), "more": ", check: fingerprint"},
         "certificate is refused: its fingerprint is SHA256:"),
    ], ids=["name", "address", "authority", "fingerprint"])
    def test_a_wrong_certificate_is_refused_with_the_reason_and_gets_nothing(self, tmp_path, certificates, journal, words, reason):
        with Rsyslogd(tmp_path, certificates) as receiver:
            assert reason in first_line(config(tmp_path, receiver.port, more=tls(certificates, **words)), journal)
            assert not receiver.lines()

    def test_a_name_in_the_subject_counts_only_where_there_is_no_other(self, tmp_path, certificates, journal):
        settings = tls(certificates)
        with Rsyslogd(tmp_path, certificates, relp_receiver.TWO_NAMES) as receiver:
            assert "it has none of the names" in first_line(config(tmp_path, receiver.port, more=settings), journal)
            assert not receiver.lines()
        with Rsyslogd(tmp_path, certificates, relp_receiver.ONE_NAME) as receiver:
            assert shipping.ship(config(tmp_path, receiver.port, more=settings), journal, "--once").returncode == 0
            assert set(receiver.event_ids()) == set(alert_ids(journal))

    @pytest.mark.parametrize("own", [f", certificate: {{0}}/{STRANGER}.pem, key: {{0}}/{STRANGER}.key", ""], ids=["stranger", "none"])
    def test_a_sensor_that_the_receiver_does_not_know_delivers_nothing(self, tmp_path, certificates, journal, own):
        more = f", transport: tls, ca: {certificates}/{CA}.pem, peers: {RECEIVER}{own.format(certificates)}"
        with Rsyslogd(tmp_path, certificates) as receiver:
            assert "output down" in first_line(config(tmp_path, receiver.port, more=more), journal)
            assert not receiver.lines() and shipping.delivered(journal, "siem") == 0

    def test_a_receiver_without_tls_gets_nothing(self, tmp_path, certificates, journal):
        with Rsyslogd(tmp_path) as receiver:
            assert "output down" in first_line(config(tmp_path, receiver.port, more=tls(certificates)), journal)
            assert b"event_id" not in receiver.log.read_bytes()  # it wrote what it took for a message

    @pytest.mark.parametrize("version, is_taken", [("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)])
    def test_tls_is_of_1_2_at_least(self, tmp_path, certificates, journal, version, is_taken):
        port = relp_receiver.free_port()
        server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", version, "-cipher", "ALL:@SECLEVEL=0",
                                   "-cert", certificates / f"{RECEIVER}.pem", "-key", certificates / f"{RECEIVER}.key"],
                                  stdin=subprocess.PIPE, stdout=open(tmp_path / "got", "wb"), stderr=subprocess.DEVNULL)
        try:
            until(lambda: relp_receiver.listens(port), "s_server")
            line = ""
            one = shipping.start_shipping(config(tmp_path, port, more=tls(certificates)), journal, stderr=subprocess.PIPE, text=True)
            if is_taken:
                until(lambda: b"event_id" in (tmp_path / "got").read_bytes(), "the alerts")
            else:
                line = one.stderr.readline()
            one.kill()
            one.communicate()
            assert is_taken or ("TLS" in line and not (tmp_path / "got").read_bytes())
        finally:
            server.kill()
            server.communicate()

    @pytest.mark.parametrize("words, reason", [
        ({"ca": "nowhere"}, "ca: {0}/nowhere.pem: No such file or directory"),
        ({"own": "nowhere"}, "certificate: {0}/nowhere.pem: No such file or directory"),
    ])
    def test_a_file_that_is_not_there_is_told(self, tmp_path, certificates, journal, words, reason):
        answer = shipping.ship(config(tmp_path, 1, more=tls(certificates, **words)), journal, "--once")
        assert answer.returncode == 3 and reason.format(certificates) in answer.stderr, answer.stderr


class TestSeveralReceivers:
    """The first that takes records gets them."""

    def test_the_next_one_gets_the_rest_when_the_first_is_killed(self, tmp_path, journal):
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        with Rsyslogd(tmp_path / "a") as first, Rsyslogd(tmp_path / "b") as second:
            one = shipping.start_shipping(config(tmp_path, first.port, second.port), journal, stderr=subprocess.PIPE, text=True)
            until(lambda: first.event_ids() == alert_ids(journal), "the alerts at the first")
            before = len(alert_ids(journal))
            first.kill()
            shipping.replay_into(journal, files=shipping.captures()[:2])
            until(lambda: set(first.event_ids()) | set(second.event_ids()) == set(alert_ids(journal)), "the alerts at the second")
            assert set(alert_ids(journal)[before:]) <= set(second.event_ids())
            until(lambda: is_all_safe(journal), "the cursor")
            one.terminate()
            _, said = one.communicate(timeout=10)
            assert f"records go to 127.0.0.1 port {second.port}" in said

    def test_one_that_is_away_at_the_start_is_passed_over(self, tmp_path, journal):
        with Rsyslogd(tmp_path) as second:
            settings = config(tmp_path, relp_receiver.free_port(), second.port)
            answer = shipping.ship(settings, journal, "--once")
            assert answer.returncode == 0 and "output down" not in answer.stderr, answer.stderr
            assert second.event_ids() == alert_ids(journal)

    def test_one_that_reads_nothing_is_left_for_the_next(self, tmp_path, journal):
        with Socket() as first, Rsyslogd(tmp_path) as second:
            first.socket.listen()
            one = shipping.start_shipping(config(tmp_path, first.port, second.port), journal)
            until(lambda: second.event_ids() == alert_ids(journal), "the alerts at the second")
            one.kill()
            one.wait()


class TestUdp:
    """A datagram for each message; the kernel's word is all there is."""

    def test_every_message_is_a_datagram_without_a_count(self, tmp_path, journal):
        with Socket(socket.SOCK_DGRAM) as receiver:
            receiver.socket.settimeout(20)
            answer = shipping.ship(config(tmp_path, receiver.port, more=", transport: udp"), journal, "--once")
            assert answer.returncode == 0, answer.stderr
            got = [receiver.socket.recv(65536).decode() for _ in alert_ids(journal)]
            assert [re.match(r'<\d+>1 .*event_id="([^"]+)"', one)[1] for one in got] == alert_ids(journal)

    def test_a_closed_port_is_told(self, tmp_path, journal):
        settings = config(tmp_path, relp_receiver.free_port(), more=", transport: udp")
        assert "Connection refused" in first_line(settings, journal)


def test_a_receiver_that_goes_away_is_known_before_the_next_alert(tmp_path, journal):
    with Rsyslogd(tmp_path) as receiver:
        one = shipping.start_shipping(config(tmp_path, receiver.port), journal, stderr=subprocess.PIPE, text=True)
        until(lambda: is_all_safe(journal), "the cursor")
        receiver.end()
        assert "output down" in one.stderr.readline()
        receiver.start()
        assert "takes records again" in one.stderr.readline()
        one.kill()
        one.communicate()


def test_a_receiver_that_talks_without_an_end_is_told(tmp_path, journal):
    with shipped_by_hand(tmp_path, journal) as (_, link, one):
        with contextlib.suppress(ConnectionError):
            link.sendall(b"220 ready\r\n" * 100000)
            read_all(link)
        link.close()
        check_is_told_and_not_delivered(one, journal, "the receiver talks")


def test_a_receiver_that_says_a_line_is_not_listened_to(tmp_path, journal):
    with shipped_by_hand(tmp_path, journal) as (listener, link, _):
        link.sendall(b"220 ready\r\n")
        read_all(link)
        with listener.accept()[0]:
            link.close()
            until(lambda: is_all_safe(journal), "the cursor")
