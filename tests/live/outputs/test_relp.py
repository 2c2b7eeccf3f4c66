"""The relp output with a real rsyslogd, in clear and over TLS: what is acknowledged is written, whoever is killed."""

import json
import os
import re
import subprocess
import time

import pytest

import relp_receiver
import shipping
from kills import check_nothing_is_missing
from relp_receiver import RECEIVER, STRANGER, Receiver
from sensor import until
from shipping import alert_ids

pytestmark = relp_receiver.needed
ALERTS = int(os.environ.get("MAILWARDEN_RELP_ALERTS", "4000"))


@pytest.fixture(name="certificates", scope="module")
def made_certificates(tmp_path_factory):
    return relp_receiver.certificates(tmp_path_factory.mktemp("relp") / "certificates")


def config(folder, receiver, more=""):
    path = folder / "mailwarden.yaml"
    path.write_text(f"outputs:\n  - {{type: relp, name: siem, host: 127.0.0.1, port: {receiver.port}{more}}}\n")
    return path


def tls(certificates, **words):
    return ", tls: yes" + relp_receiver.tls_words(certificates, **words)


def test_every_alert_is_written_once_when_nothing_fails(tmp_path):
    shipping.replay_into(tmp_path / "journal")
    with Receiver(tmp_path) as receiver:
        settings = config(tmp_path, receiver)
        for _ in range(2):  # the second time there is nothing left to send
            answer = shipping.ship(settings, tmp_path / "journal", "--once")
            assert answer.returncode == 0, answer.stderr
        assert receiver.event_ids() == alert_ids(tmp_path / "journal")


def test_other_forms_have_the_header_of_rfc_5424_and_cef_its_own(tmp_path):
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:4])
    alerts = [one for one in shipping.records(tmp_path / "journal") if "alert" in one]
    seen = 0
    with Receiver(tmp_path) as receiver:
        for form in ("eve", "kv", "cee", "cef", "ecs"):
            settings = config(tmp_path, receiver, f", form: {form}")
            (tmp_path / "journal/output-siem.cursor").unlink(missing_ok=True)
            assert shipping.ship(settings, tmp_path / "journal", "--once").returncode == 0
            lines, seen = receiver.lines()[seen:], len(receiver.lines())
            assert len(lines) == len(alerts) > 0
            for line, alert in zip(lines, alerts):
                if form == "cef":  # its guide's: time and host, then CEF:0 and nothing between
                    assert re.match(rf"<\d+>[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d {re.escape(alert['host'])} CEF:0\|mailwarden\|", line)
                    assert f"mailwardenEventId={alert['event_id']} " in line + " "
                    continue
                _, _, host, app, _, message_id, data, body = line.split(" ", 7)
                assert (host, app, message_id, data) == (alert["host"], "mailwarden", alert["alert"]["metadata"]["finding"], "-")
                assert form != "eve" or json.loads(body) == alert


def test_a_receiver_that_comes_late_gets_all(tmp_path):
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:6])
    with Receiver(tmp_path) as receiver:
        receiver.end()
        one = shipping.start_shipping(config(tmp_path, receiver), tmp_path / "journal", stderr=subprocess.PIPE, text=True)
        assert "records wait in the journal" in one.stderr.readline()
        receiver.start()
        wanted = alert_ids(tmp_path / "journal")
        until(lambda: receiver.event_ids() == wanted, "the alerts")
        one.terminate()
        assert one.wait(timeout=10) == 0


def test_alerts_that_trickle_are_written_at_once_and_acknowledged_soon(tmp_path):
    files = shipping.captures()[:2]
    (tmp_path / "journal").mkdir()
    shipping.replay_into(tmp_path / "journal", files=files)
    with Receiver(tmp_path) as receiver:
        one = shipping.start_shipping(config(tmp_path, receiver), tmp_path / "journal")
        for _ in range(4):
            shipping.replay_into(tmp_path / "journal", files=files)
            wanted = alert_ids(tmp_path / "journal")
            until(lambda: receiver.event_ids() == wanted, "the alerts")
        # all is acknowledged: nothing comes twice, even when killed
        until(lambda: shipping.delivered(tmp_path / "journal", "siem") == shipping.end(tmp_path / "journal"), "the cursor")
        one.kill()
        one.wait()
        assert shipping.ship(config(tmp_path, receiver), tmp_path / "journal", "--once").returncode == 0
        assert receiver.event_ids() == wanted


@pytest.mark.parametrize("is_tls, least", [(False, 20), (True, 20 if "MAILWARDEN_RELP_ALERTS" in os.environ else 5)],
                         ids=["clear", "tls"])
def test_no_alert_is_missing_when_rsyslogd_and_the_shipper_are_killed(tmp_path, certificates, is_tls, least):
    with Receiver(tmp_path, "relp-tls.conf" if is_tls else "relp.conf", certificates) as receiver:
        settings = config(tmp_path, receiver, tls(certificates) if is_tls else "")
        check_nothing_is_missing(settings, tmp_path / "journal", receiver, least, ALERTS)


class TestTls:
    """The receiver's certificate is checked, and ours is shown."""

    @pytest.fixture(autouse=True)
    def journal(self, tmp_path):
        shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:4])

    def ship(self, folder, receiver, more):
        return shipping.ship(config(folder, receiver, more), folder / "journal", "--once")

    def refusal(self, folder, receiver, more):
        """The first thing that it says; whether it sends something is seen a moment later."""
        one = shipping.start_shipping(config(folder, receiver, more), folder / "journal", stderr=subprocess.PIPE, text=True)
        try:
            return one.stderr.readline()
        finally:
            time.sleep(0.7)  # no line comes behind it
            one.kill()
            one.communicate(timeout=10)
            assert not receiver.lines()

    @pytest.mark.parametrize("check", ["name", "fingerprint"])
    def test_the_right_certificate_is_accepted(self, tmp_path, certificates, check):
        print_of = relp_receiver.fingerprint(certificates / f"{RECEIVER}.pem")
        more = tls(certificates) if check == "name" else tls(certificates, peers=print_of, more=", check: fingerprint")
        with Receiver(tmp_path, "relp-tls.conf", certificates) as receiver:
            answer = self.ship(tmp_path, receiver, more)
            assert answer.returncode == 0, answer.stderr
            assert receiver.event_ids() == alert_ids(tmp_path / "journal")

    @pytest.mark.parametrize("words, reason", [
        ({"peers": "other.example.org"}, f"certificate is refused: no permited name found (DNSname: {RECEIVER}"),
        ({"ca": "unknown-ca"}, "certificate is refused: certificate validation failed"),
        ({"peers": "SHA256:" + ":".join(["00"] * 32), "more": ", check: fingerprint"},
         "certificate is refused: non-permited fingerprint"),
    ], ids=["name", "authority", "fingerprint"])
    def test_a_wrong_certificate_is_refused_with_the_reason_and_gets_nothing(self, tmp_path, certificates, words, reason):
        with Receiver(tmp_path, "relp-tls.conf", certificates) as receiver:
            assert reason in self.refusal(tmp_path, receiver, tls(certificates, **words))

    def test_a_name_in_the_subject_counts_only_where_there_is_no_other(self, tmp_path, certificates):
        with Receiver(tmp_path, "relp-tls.conf", certificates, relp_receiver.TWO_NAMES) as receiver:
            assert "certificate is refused: its subjectAltName has other names" in self.refusal(tmp_path, receiver, tls(certificates))
        with Receiver(tmp_path, "relp-tls.conf", certificates, relp_receiver.ONE_NAME) as receiver:
            answer = self.ship(tmp_path, receiver, tls(certificates))
            assert answer.returncode == 0 and receiver.event_ids(), answer.stderr

    def test_a_sensor_that_the_receiver_does_not_know_delivers_nothing(self, tmp_path, certificates):
        with Receiver(tmp_path, "relp-tls.conf", certificates) as receiver:
            assert "output down" in self.refusal(tmp_path, receiver, tls(certificates, own=STRANGER))

    def test_a_receiver_without_tls_gets_nothing(self, tmp_path, certificates):
        with Receiver(tmp_path) as receiver:
            assert "TLS handshake failed" in self.refusal(tmp_path, receiver, tls(certificates))

    @pytest.mark.parametrize("more, reason, code", [
        (", tls: yes", ":2:5: output relp: tls needs ca, certificate and key", 2),
        (", tls: yes, ca: /nowhere/ca.pem, certificate: /x, key: /y", "ca: /nowhere/ca.pem: No such file", 3),
    ])
    def test_what_a_human_must_change_is_told(self, tmp_path, more, reason, code):
        path = tmp_path / "mailwarden.yaml"
        path.write_text(f"outputs:\n  - {{type: relp, host: 127.0.0.1{more}}}\n")
        answer = shipping.ship(path, tmp_path / "journal", "--once")
        assert answer.returncode == code and reason in answer.stderr, answer.stderr
