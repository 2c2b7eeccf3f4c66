"""Output kafka, with librdkafka's own cluster: what counts as delivered is in the topic, whoever is lost.

By hand: ALERTS=100000 KILLS=20 pytest tests/live/outputs/test_kafka.py -k killed
"""
import json
import os
import random
import select
import shutil
import subprocess
import threading
import time

import pytest

import kafka_cluster
import relp_receiver
import sensor
import shipping
from frames_made import dialogue
from kafka_cluster import TOPIC, Cluster
from kafka_front import Front
from kills import Journal
from relp_receiver import CA, LOCAL, RECEIVER, SENSOR
from sensor import until

pytestmark = kafka_cluster.needed
ALERTS = int(os.environ.get("ALERTS", "2000"))
KILLS = int(os.environ.get("KILLS", "4"))
UNREAD = 300  # the cluster's log holds 5 MB, and what comes again is in it twice
TOO_LARGE, NOT_LEADER, NOT_ALLOWED, OUT_OF_ORDER = 10, 6, 29, 45  # errors of the protocol


@pytest.fixture(name="program", scope="module")
def built_program(tmp_path_factory):
    return kafka_cluster.build(tmp_path_factory.mktemp("kafka"))


@pytest.fixture(name="cluster")
def running_cluster(tmp_path, program):
    with Cluster(tmp_path, program) as one:
        yield one


@pytest.fixture(name="journal")
def small_journal(tmp_path):
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:6])
    return tmp_path / "journal"


def config(folder, brokers, more=""):
    path = folder / "mailwarden.yaml"
    listed = ", ".join(f'"{one}"' for one in brokers)
    path.write_text(f"outputs:\n  - {{type: kafka, name: bus, brokers: [{listed}], topic: {TOPIC}{more}}}\n")
    return path


def ids(journal):
    return [one["event_id"] for one in shipping.records(journal)]


def is_all_safe(journal):
    """The cursor, which is there once the shipper has begun, stands at the end."""
    return (journal / "output-bus.cursor").exists() and shipping.delivered(journal, "bus") == shipping.end(journal)


def start(settings, journal):
    return shipping.start_shipping(settings, journal, stderr=subprocess.PIPE, text=True)


def end(one):
    one.terminate()
    _, said = one.communicate(timeout=20)
    assert one.returncode == 0, (one.returncode, said)
    return said


def test_each_record_arrives_once_in_order_and_as_it_is_in_the_journal(tmp_path, cluster):
    shipping.replay_into(tmp_path / "journal")
    for _ in range(2):  # the second time there is nothing left to send
        answer = shipping.ship(config(tmp_path, cluster.brokers), tmp_path / "journal", "--once")
        assert answer.returncode == 0, answer.stderr
    wanted = shipping.records(tmp_path / "journal")
    until(lambda: len(cluster.records()) >= len(wanted), "the records")
    got = cluster.records()
    assert [json.loads(one[3]) for one in got] == wanted
    assert [one[2] for one in got] == [one["event_id"] for one in wanted], "the header"
    assert len({one[0] for one in got}) == 1 and len({one[1] for one in got}) == 1, "one key, and so one partition"


def test_another_form_and_some_kinds_alone_are_sent(tmp_path, cluster, journal):
    settings = config(tmp_path, cluster.brokers, ", form: ecs, events: alert")
    assert shipping.ship(settings, journal, "--once").returncode == 0
    wanted = shipping.alert_ids(journal)
    until(lambda: len(cluster.records()) >= len(wanted), "the alerts")
    assert [json.loads(one[3])["event"]["id"] for one in cluster.records()] == wanted == cluster.event_ids()


def test_a_cluster_that_is_not_there_is_told_and_waited_for(tmp_path, cluster, journal):
    for broker in (1, 2, 3):
        cluster.tell("down", broker)
    one = start(config(tmp_path, cluster.brokers), journal)
    said = one.stderr.readline()
    assert "records wait in the journal: no broker is there: " in said and "127.0.0.1:" in said, said
    assert shipping.delivered(journal, "bus") == 0
    for broker in (1, 2, 3):
        cluster.tell("up", broker)
    until(lambda: is_all_safe(journal), "all to be delivered")
    assert "takes records again" in end(one)
    until(lambda: set(cluster.event_ids()) == set(ids(journal)), "the records")


def test_what_the_cluster_has_not_confirmed_is_not_delivered(tmp_path, cluster, journal):
    cluster.tell("rtt", 3000)
    one = start(config(tmp_path, cluster.brokers), journal)
    time.sleep(2)
    assert shipping.delivered(journal, "bus") == 0
    cluster.tell("rtt", 0)
    until(lambda: is_all_safe(journal), "all to be delivered", 60)
    assert end(one) == "", "it was slow, and is not told as down"
    until(lambda: cluster.event_ids() == ids(journal), "the records, once and in order")


def test_what_a_broker_refuses_for_now_is_there_once_and_in_order(tmp_path, cluster):
    shipping.replay_into(tmp_path / "journal")
    cluster.tell("errors", NOT_LEADER, 3)
    answer = shipping.ship(config(tmp_path, cluster.brokers), tmp_path / "journal", "--once")
    assert answer.returncode == 0 and answer.stderr == ""
    until(lambda: cluster.event_ids() == ids(tmp_path / "journal"), "the records, once and in order")


def test_what_the_cluster_refuses_for_good_waits_and_is_told(tmp_path, cluster, journal):
    cluster.tell("errors", NOT_ALLOWED, 3)
    one = start(config(tmp_path, cluster.brokers), journal)
    assert "Topic authorization failed" in one.stderr.readline()
    until(lambda: is_all_safe(journal), "all to be delivered", 30)
    end(one)
    until(lambda: set(cluster.event_ids()) == set(ids(journal)), "the records")


def test_a_producer_that_the_library_gives_up_is_made_anew_and_told_once(tmp_path, cluster, journal):
    cluster.tell("errors", OUT_OF_ORDER, 3)
    one = start(config(tmp_path, cluster.brokers), journal)
    until(lambda: is_all_safe(journal), "all to be delivered", 30)
    said = end(one)
    assert said.count("the library gave up, a new producer is made: ") == 1, said
    until(lambda: set(cluster.event_ids()) == set(ids(journal)), "the records")


def test_more_than_the_library_has_room_for_waits(tmp_path, cluster, journal):
    segment = max(journal.glob("*.eve.jsonl"))
    first = shipping.records(journal)[0]
    with open(segment, "a", encoding="utf-8") as file:
        for number in range(700):  # 21 MB, of which it holds 16
            file.write(json.dumps(dict(first, event_id=f"long-1-{number}", padding="x" * 30000), separators=(",", ":")) + "\n")
    cluster.tell("rtt", 100)
    one = start(config(tmp_path, cluster.brokers), journal)
    until(lambda: is_all_safe(journal), "all to be delivered", 60)
    assert end(one) == ""
    until(lambda: cluster.event_ids() == ids(journal), "the records, once and in order")


def test_batches_that_are_too_long_for_the_topic_become_smaller(tmp_path, cluster, journal):
    cluster.tell("errors", TOO_LARGE, 2)
    one = start(config(tmp_path, cluster.brokers), journal)
    said = one.stderr.readline()
    assert "longer than the topic takes" in said and "Message size too large" in said, said
    until(lambda: is_all_safe(journal), "all to be delivered", 30)
    end(one)
    until(lambda: set(cluster.event_ids()) == set(ids(journal)), "the records")


def test_a_record_that_is_too_long_for_the_topic_waits(tmp_path, cluster, journal):
    cluster.tell("errors", TOO_LARGE, 1000)
    one = start(config(tmp_path, cluster.brokers), journal)
    assert "limit is to be set" in one.stderr.readline()
    time.sleep(3)  # two more, with pauses between
    assert shipping.delivered(journal, "bus") == 0 and not cluster.records()
    one.kill()
    one.communicate()


def test_a_broker_by_its_name_is_found_in_the_cage(tmp_path, cluster, journal):
    """Where there is no resolver: its address is known from before."""
    named = [one.replace("127.0.0.1", "localhost") for one in cluster.brokers]
    answer = shipping.ship(config(tmp_path, named), journal, "--once")
    assert answer.returncode == 0, answer.stderr
    until(lambda: cluster.event_ids() == ids(journal), "the records")


@pytest.mark.skipif("ALERTS" not in os.environ, reason="of the long form, ALERTS=100000: the library takes half a minute")
def test_a_port_or_a_name_that_the_cluster_has_and_the_settings_have_not_is_told(tmp_path, cluster, journal):
    """The cage has the ports of the settings alone, where the kernel bars others (Landlock from Linux 6.7 on)."""
    cluster.tell("leader", 2)
    shutil.copytree(journal, tmp_path / "other")
    with Front(cluster.brokers, name="elsewhere") as front:
        (tmp_path / "named").mkdir()
        other = start(config(tmp_path / "named", front.brokers), tmp_path / "other")
        one = start(config(tmp_path, cluster.brokers[:1]), journal)
        until(lambda: is_all_safe(journal) or select.select([one.stderr], [], [], 0)[0], "delivered or told", 60)
        assert is_all_safe(journal) or "Permission denied" in one.stderr.readline()
        said = other.stderr.readline()
        assert "Failed to resolve 'elsewhere:" in said and "are all names of the cluster in brokers?" in said, said
        for run in (one, other):
            run.kill()
            run.communicate()


class Trouble(threading.Thread):
    """Loses the leader's broker and has another one lead, at random; now and then the whole cluster."""

    def __init__(self, cluster, chance):
        super().__init__()
        self.cluster, self.chance, self.losses, self.is_over = cluster, chance, 0, False

    def lose(self, leader):
        time.sleep(0.1 + self.chance.random() * 0.2)
        lost = (1, 2, 3) if self.chance.random() < 0.2 else (leader,)
        for broker in lost:
            self.cluster.tell("down", broker)
        time.sleep(self.chance.random() * 0.3)
        self.cluster.tell("leader", leader % 3 + 1)
        time.sleep(self.chance.random() * 0.3)
        for broker in lost:
            self.cluster.tell("up", broker)
        self.losses += 1

    def run(self):
        self.cluster.tell("leader", 1)
        while not self.is_over:
            self.lose(self.losses % 3 + 1)


def ship_under_losses(settings, folder, cluster):
    """While the journal grows brokers are lost and the shipper is killed that often, and then all is delivered."""
    chance, journal = random.Random(7), Journal(folder)
    trouble, kills = Trouble(cluster, chance), 0
    trouble.start()
    try:
        while trouble.is_alive() and (kills < KILLS or trouble.losses < KILLS or journal.count < ALERTS):
            if journal.count - len(set(cluster.event_ids())) < UNREAD:
                journal.grow(min(max(ALERTS - journal.count, 1), ALERTS // KILLS, UNREAD))
            one = shipping.start_shipping(settings, folder, stderr=subprocess.DEVNULL)
            time.sleep(chance.random() * 0.8)  # any moment: before it is connected, and in the midst of it
            one.kill()
            one.wait()
            kills += 1
    finally:
        trouble.is_over = True
        trouble.join()
    answer = shipping.ship(settings, folder, "--once", patience=600)
    assert answer.returncode == 0, answer.stderr
    return trouble.losses, kills


def test_nothing_is_missing_when_brokers_are_lost_and_the_shipper_is_killed(tmp_path, cluster):
    begun = time.monotonic()
    cluster.tell("rtt", 20)  # so that much is under way
    losses, kills = ship_under_losses(config(tmp_path, cluster.brokers), tmp_path / "journal", cluster)
    wanted = set(ids(tmp_path / "journal"))
    until(lambda: set(cluster.event_ids()) >= wanted, "all records")
    got = cluster.event_ids()
    print(f"{len(wanted)} records in {time.monotonic() - begun:.1f} s, brokers lost {losses} times, shipper killed {kills}"
          f" times: {len(wanted - set(got))} missing, {len(got) - len(set(got))} twice")
    assert set(got) == wanted and min(losses, kills) >= KILLS


def test_a_broker_lost_under_load_is_no_outage(tmp_path, cluster):
    """The library finds the new leader by itself."""
    journal = Journal(tmp_path / "journal")
    cluster.tell("leader", 1)
    one = start(config(tmp_path, cluster.brokers), tmp_path / "journal")
    for _ in range(10):
        journal.grow(100)
        time.sleep(0.02)
    cluster.tell("down", 1)
    cluster.tell("leader", 2)
    for _ in range(10):
        journal.grow(100)
        time.sleep(0.02)
    until(lambda: is_all_safe(tmp_path / "journal"), "all to be delivered", 60)
    assert end(one) == ""
    until(lambda: set(cluster.event_ids()) == set(ids(tmp_path / "journal")), "the records")
    cluster.tell("up", 1)


@pytest.fixture(name="certificates", scope="module")
def made_certificates(tmp_path_factory):
    return relp_receiver.certificates(tmp_path_factory.mktemp("kafka-tls") / "certificates")


def tls(certificates, ca=CA, own=SENSOR):
    mine = f", certificate: {certificates}/{own}.pem, key: {certificates}/{own}.key" if own else ""
    return f", tls: yes, ca: {certificates}/{ca}.pem{mine}"


def first_line(settings, journal):
    """What it says first; whoever is refused gets nothing, which is seen a moment later."""
    one = start(settings, journal)
    try:
        return one.stderr.readline()
    finally:
        time.sleep(0.5)
        one.kill()
        one.communicate(timeout=10)


class TestTls:
    """The brokers' certificates are checked, and ours is shown."""

    def test_records_arrive_at_brokers_whose_certificates_are_right(self, tmp_path, cluster, certificates, journal):
        with Front(cluster.brokers, certificates, is_asked=True) as front:
            answer = shipping.ship(config(tmp_path, front.brokers, tls(certificates)), journal, "--once")
            assert answer.returncode == 0, answer.stderr
        until(lambda: cluster.event_ids() == ids(journal), "the records")

    @pytest.mark.parametrize("own, ca, reason", [
        (RECEIVER, CA, "certificate verify failed"), (LOCAL, "unknown-ca", "certificate verify failed"),
    ], ids=["name", "authority"])
    def test_a_wrong_certificate_is_refused_with_the_reason_and_gets_nothing(self, tmp_path, cluster, certificates, journal, own, ca, reason):
        with Front(cluster.brokers, certificates, own) as front:
            assert reason in first_line(config(tmp_path, front.brokers, tls(certificates, ca)), journal)
        assert not cluster.records()

    def test_a_cluster_that_asks_for_a_certificate_gets_nothing_from_a_sensor_without_one(self, tmp_path, cluster, certificates, journal):
        with Front(cluster.brokers, certificates, is_asked=True) as front:
            assert "no broker is there" in first_line(config(tmp_path, front.brokers, tls(certificates, own=None)), journal)
        assert not cluster.records()

    @pytest.mark.parametrize("words, reason", [
        ({"ca": "nowhere"}, "ca: {0}/nowhere.pem: No such file or directory"),
        ({"own": "nowhere"}, "certificate: {0}/nowhere.pem: No such file or directory"),
        ({"ca": "empty"}, "from ssl.ca.pem: not in PEM format"),
    ])
    def test_a_file_that_is_not_there_or_no_certificate_is_told(self, tmp_path, certificates, journal, words, reason):
        (certificates / "empty.pem").write_text("none\n")
        answer = shipping.ship(config(tmp_path, ["localhost:1"], tls(certificates, **words)), journal, "--once")
        assert answer.returncode == 3 and reason.format(certificates) in answer.stderr, answer.stderr


class TestLogin:
    """By SASL; the password is in a file, and nowhere else."""

    PASSWORD = "correct horse"

    def settings(self, tmp_path, front, mechanism, password, more=""):
        (tmp_path / "password").write_text(password + "\n")
        (tmp_path / "password").chmod(0o600)
        return config(tmp_path, front.brokers,
                      f", user: sensor, password_file: {tmp_path}/password, mechanism: {mechanism}{more}")

    @pytest.mark.parametrize("mechanism, is_tls", [("plain", True), ("scram-sha-256", False), ("scram-sha-512", True)])
    def test_who_knows_the_password_is_let_in(self, tmp_path, cluster, certificates, journal, mechanism, is_tls):
        with Front(cluster.brokers, certificates if is_tls else None, login=(mechanism, "sensor", self.PASSWORD)) as front:
            settings = self.settings(tmp_path, front, mechanism, self.PASSWORD, tls(certificates) if is_tls else "")
            answer = shipping.ship(settings, journal, "--once")
            assert answer.returncode == 0 and front.logged_in > 0, answer.stderr
        until(lambda: cluster.event_ids() == ids(journal), "the records")

    @pytest.mark.parametrize("mechanism", ["plain", "scram-sha-512"])
    def test_who_does_not_is_not_and_the_password_is_not_told(self, tmp_path, cluster, certificates, journal, mechanism):
        with Front(cluster.brokers, certificates, login=(mechanism, "sensor", self.PASSWORD)) as front:
            said = first_line(self.settings(tmp_path, front, mechanism, "wrong battery", tls(certificates)), journal)
            assert "wrong" in said and "battery" not in said, said
            assert not cluster.records() and front.logged_in == 0


@pytest.mark.parametrize("text, wanted", [
    ("topic: mail", 'lacks'),
    ("brokers: a", 'lacks'),
    ("brokers: 'a:b', topic: mail", 'output bus: brokers: "a:b" is no HOST:PORT'),
    ("brokers: a, topic: 'ma il'", 'topic takes 1 to 249 letters'),
    (f"brokers: a, topic: {'x' * 250}", 'topic takes 1 to 249 letters'),
    ("brokers: a, topic: mail, ca: /x", 'ca needs tls: yes'),
    ("brokers: a, topic: mail, tls: yes", 'tls needs ca'),
    ("brokers: a, topic: mail, tls: yes, ca: /x, key: /y", 'certificate and key belong together'),
    ("brokers: a, topic: mail, user: u", 'user and password belong together'),
    ("brokers: a, topic: mail, password_file: /x", 'user and password belong together'),
    ("brokers: a, topic: mail, user: u, password: x", 'password'),
    ("brokers: a, topic: mail, user: u, password_file: /x, mechanism: plain", 'mechanism: plain needs tls'),
    ("brokers: a, topic: mail, mechanism: gssapi", 'unknown mechanism "gssapi"'),
    (f"brokers: [{', '.join(33 * 'a')}], topic: mail", 'brokers takes 1 to 32'),
])
def test_what_a_human_must_change_is_told(tmp_path, text, wanted):
    path = tmp_path / "mailwarden.yaml"
    path.write_text(f"outputs:\n  - {{type: kafka, name: bus, {text}}}\n")
    answer = subprocess.run([sensor.MAILWARDEN, "check", "--config", str(path)], capture_output=True, text=True, timeout=10,
                            check=False)
    assert answer.returncode == 2 and f"{path}:2:" in answer.stderr and wanted in answer.stderr, answer.stderr


@pytest.mark.skipif(sensor.why_not_here() is not None, reason=str(sensor.why_not_here()))
def test_in_the_cage_of_a_running_sensor(tmp_path, program):
    sensor.open_to_all(tmp_path)
    one = sensor.Sensor()
    try:
        with Cluster(tmp_path, program, inside=one.namespace.inside()) as cluster:
            one.end()
            one.options = ("-c", config(tmp_path, cluster.brokers))
            one.start()
            one.send(dialogue(71))
            until(lambda: [r for r in cluster.records() if json.loads(r[3])["event_type"] == "alert"], "an alert")
            assert json.loads(cluster.records()[0][3]) == one.records()[0]
            assert cluster.records()[0][1] == "sensor.example.org"
            output = one.status()["outputs"][0]
            assert (output["type"], output["down"], output["restarts"]) == ("kafka", False, 0)
            assert one.end() == 0
            got = [each[3] for each in cluster.records()]
        assert json.loads(got[-1]) == one.records()[-1], "what is told at the end is there, too"
    finally:
        one.close()
