"""Counters and a stream of alerts in real redis-servers: exactly what the journal says, whatever is killed meanwhile."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

import redis_servers
import shipping
from redis_servers import HOST, PASSWORD, SENSOR, Journal, Load, Redis, Refused, Sentinel, Shipper, applied, verify
from sensor import MAILWARDEN, ROOT, Namespace, Sensor, open_to_all, until, watches, why_not_here

WHY_NOT = why_not_here()
needs_namespace = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
pytestmark = redis_servers.needed

TOTAL = int(os.environ.get("MAILWARDEN_REDIS_RECORDS", "4000"))  # 420000: some 200,000 alerts, by hand
KILLS = 20


@pytest.fixture(name="closing")
def closing_fixture():
    """What a test starts ends with it, the last first."""
    with contextlib.ExitStack() as stack:
        yield lambda thing: (stack.callback(thing.close), thing)[1]


@pytest.fixture(name="network")
def network_fixture(closing):
    namespace = closing(Namespace(1200))
    namespace.run("ip", "address", "add", HOST + "/32", "dev", "lo")
    return namespace


def journal_of(tmp_path, closing, count):
    journal = closing(Journal(tmp_path / "journal"))
    journal.add(count)
    return journal


def settle(connect, journal, patience=60):
    until(applied(connect, journal), "all records in Redis", patience)


def load_goes_on(journal, count):
    """So many records more, while they come."""
    goal = journal.made + count
    until(lambda: journal.made >= goal, "more records")


def number_of(client, section, name):
    return int(re.search(rf"\b{name}:(\d+)", client("INFO", section).decode()).group(1))


def assert_not_doubled(client, journal):
    """Keys may be gone, and begun anew: no counter is above what the journal says."""
    wanted = redis_servers.expected(shipping.records(journal.folder))
    got = redis_servers.held(client, wanted)
    more = {(key, field): (count, wanted[key].get(field)) for key in got for field, count in got[key].items()
            if count > wanted[key].get(field, 0)}
    assert not more, more


def ship(tmp_path, journal, output, password=PASSWORD):
    settings = tmp_path / "once.yaml"
    sensor = "" if "sensor:" in output else "sensor: sensor.example.org, "
    settings.write_text(f"outputs:\n  - {{type: redis, name: counters, {sensor}{output}}}\n")
    return subprocess.run([MAILWARDEN, "ship", "-c", str(settings), "--journal", str(journal.folder), "--once"], capture_output=True,
                          text=True, timeout=60, check=False, env={**os.environ, "REDIS_PASSWORD": password})


USER = "user: mailwarden, password_env: REDIS_PASSWORD"


class TestAlone:
    """One server with a user of few rights, by its UNIX socket."""

    @pytest.fixture
    def redis(self, tmp_path, closing):
        return closing(Redis(tmp_path / "redis"))

    def test_counters_and_stream_are_what_the_journal_says(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 1000)
        for _ in range(2):  # the second time there is nothing to add
            answer = ship(tmp_path, journal, f"path: {redis.socket}, {USER}")
            assert answer.returncode == 0, answer.stderr
            verify(redis.client(), journal)

    def test_what_expires_and_what_is_bounded_says_so(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 1500)
        assert ship(tmp_path, journal, f"path: {redis.socket}, {USER}, hours: 2, server_days: 1, senders: 5, server_list: 3, "
                    "stream_length: 100, alive: 30").returncode == 0
        client = redis.client()
        hours, servers = client("KEYS", SENSOR + "hour:*"), client("KEYS", SENSOR + "server:*")
        assert hours and all(0 < client("TTL", key) <= 7200 for key in hours)
        assert servers and all(7200 < client("TTL", key) <= 86400 for key in servers)
        assert 0 < client("TTL", SENSOR + "alive") <= 30
        assert client("ZCARD", SENSOR + "senders:illegitimate") == 5 and client("ZCARD", SENSOR + "servers") == 3
        assert 100 <= client("XLEN", SENSOR + "alerts") < 400
        assert {key.split(b"}")[0] for key in client("KEYS", "*")} == {b"mailwarden:{sensor.example.org"}

    def test_another_journal_of_the_same_sensor_is_added(self, tmp_path, closing, redis):
        for _ in range(2):
            shipping.replay_into(tmp_path / "journal", files=shipping.captures()[::4])
            journal = type("journal", (), {"folder": tmp_path / "journal"})
            assert ship(tmp_path, journal, f"path: {redis.socket}, {USER}").returncode == 0
            (tmp_path / "journal").rename(tmp_path / f"journal{time.monotonic_ns()}")
        records = sum(len(shipping.records(folder)) for folder in tmp_path.glob("journal*"))
        assert int(redis.client()("HGET", SENSOR + "totals", "records")) == records

    def test_a_server_that_lost_its_last_writes_is_given_them_again(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 500)
        assert ship(tmp_path, journal, f"path: {redis.socket}, {USER}").returncode == 0
        redis.kill()
        shutil.copytree(redis.folder / "appendonlydir", tmp_path / "older")
        redis.start()
        journal.add(500)
        shipper = closing(Shipper(tmp_path, f"path: {redis.socket}", journal))
        settle(redis.client, journal)
        redis.kill()  # while the shipper runs: it knows what was acknowledged
        shutil.rmtree(redis.folder / "appendonlydir")
        (tmp_path / "older").rename(redis.folder / "appendonlydir")
        redis.start()
        settle(redis.client, journal)  # without any new record
        verify(redis.client(), journal)
        assert "on from where the receiver stands" in shipper.log()
        redis.client()("FLUSHALL")  # noticed by the script, without a new connection
        journal.add(10)
        settle(redis.client, journal)
        verify(redis.client(), journal)

    def test_a_transaction_that_a_kill_tore_apart_is_counted_once(self, tmp_path, closing, redis):
        """Redis 7.0 cuts its file of commands behind the last whole command, be it inside of MULTI, and applies that later."""
        journal = journal_of(tmp_path, closing, 250)
        assert ship(tmp_path, journal, f"path: {redis.socket}, {USER}").returncode == 0
        for part in (0.3, 0.6, 0.9):
            journal.add(250)
            assert ship(tmp_path, journal, f"path: {redis.socket}, {USER}").returncode == 0
            redis.kill()
            commands = max((redis.folder / "appendonlydir").glob("*.incr.aof"))
            data = commands.read_bytes()
            start = data.rindex(b"*1\r\n$5\r\nMULTI\r\n")
            commands.write_bytes(data[:start + int((len(data) - start) * part)])
            redis.start()
            assert ship(tmp_path, journal, f"path: {redis.socket}, {USER}").returncode == 0
            verify(redis.client(), journal)
            redis.kill()
            redis.start()  # now what was torn is applied
            verify(redis.client(), journal)

    def test_a_server_that_forgets_the_script_is_told_it_again(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 300)
        closing(Shipper(tmp_path, f"path: {redis.socket}", journal))
        settle(redis.client, journal)
        redis.client()("SCRIPT", "FLUSH")
        journal.add(300)
        settle(redis.client, journal)
        verify(redis.client(), journal)

    def test_two_shippers_of_one_journal_count_it_once(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 1000)
        for name in ("one", "two"):  # the cursor is of one name: as if a process thought dead came back
            settings = tmp_path / f"{name}.yaml"
            settings.write_text(f"outputs:\n  - {{type: redis, name: {name}, sensor: sensor.example.org, path: {redis.socket}, {USER}}}\n")
        both = [subprocess.Popen([MAILWARDEN, "ship", "-c", str(tmp_path / f"{name}.yaml"), "--journal", str(journal.folder), "--once"],
                                 env={**os.environ, "REDIS_PASSWORD": PASSWORD}) for name in ("one", "two")]
        assert [one.wait(timeout=60) for one in both] == [0, 0]
        verify(redis.client(), journal)

    @pytest.mark.parametrize("is_running", [True, False], ids=["beside a shipper", "before the next one"])
    def test_a_place_that_is_taken_away_doubles_nothing(self, tmp_path, closing, redis, is_running):
        journal = journal_of(tmp_path, closing, 1000)
        one = closing(Shipper(tmp_path, f"path: {redis.socket}", journal))
        settle(redis.client, journal)
        if not is_running:
            one.close()
        redis.client()("DEL", SENSOR + "place")
        journal.add(500)
        if not is_running:
            one.start()
        settle(redis.client, journal)
        verify(redis.client(), journal)
        assert "place\" was taken away; on from where its counters are" in one.log() or is_running

    @pytest.mark.parametrize("gone", [("totals",), ("place", "totals"), ("totals", "findings"), ("place", "matrix"), ("matrix", "findings")],
                             ids=" ".join)
    def test_counters_that_are_taken_away_are_short_of_that_and_never_doubled(self, tmp_path, closing, redis, gone):
        journal = journal_of(tmp_path, closing, 1000)
        one = closing(Shipper(tmp_path, f"path: {redis.socket}", journal))
        settle(redis.client, journal)
        redis.client()("DEL", *(SENSOR + key for key in gone))
        journal.add(500)
        settle(redis.client, journal)
        assert_not_doubled(redis.client(), journal)
        assert ("its counters were taken away (evicted or deleted)" in one.log()) == ("totals" in gone)

    def test_what_is_left_where_all_that_knows_its_place_is_gone_begins_anew(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 1000)
        one = closing(Shipper(tmp_path, f"path: {redis.socket}", journal))
        settle(redis.client, journal)
        client = redis.client()
        left = {(SENSOR + key).encode() for key in ("matrix", "findings", "occurrences", "senders:illegitimate", "alerts")}
        client("DEL", *(set(client("KEYS", "*")) - left))
        journal.add(500)
        settle(redis.client, journal)
        wanted = redis_servers.expected(shipping.records(journal.folder))
        assert redis_servers.held(client, wanted) == wanted
        assert "its counters were taken away" in one.log()

    def test_a_server_that_evicts_counts_nothing_twice_and_is_told(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 2000)
        client = redis.client()
        client("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        one = closing(Shipper(tmp_path, f"path: {redis.socket}", journal))
        settle(redis.client, journal)
        used = number_of(client, "memory", "used_memory")
        client("CONFIG", "SET", "maxmemory", used - 100_000)
        for _ in range(20):
            journal.add(200)  # where Redis says that it stands may be evicted, too, once that is written
            end = shipping.end(journal.folder)
            until(lambda end=end: shipping.delivered(journal.folder, "counters") == end, "all records to be acknowledged", 60)
        assert number_of(client, "stats", "evicted_keys") > 20
        assert_not_doubled(client, journal)
        assert "to be set right: its maxmemory-policy is allkeys-random, not noeviction" in one.log()

    def test_a_server_that_evicts_nothing_is_not_told_of(self, tmp_path, closing, redis):
        answer = ship(tmp_path, journal_of(tmp_path, closing, 10), f"path: {redis.socket}, {USER}")
        assert answer.returncode == 0 and "maxmemory" not in answer.stderr and "taken away" not in answer.stderr

    def test_users_of_the_stream_share_it_and_may_do_no_more(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 300)
        assert ship(tmp_path, journal, f"path: {redis.socket}, {USER}").returncode == 0
        readers = [redis.client() for _ in range(2)]
        for client in readers:
            client("AUTH", "mailwarden-siem", PASSWORD)
        stream, got = SENSOR + "alerts", []
        readers[0]("XGROUP", "CREATE", stream, "siem", "0")
        while part := readers[len(got) % 2]("XREADGROUP", "GROUP", "siem", f"reader{len(got) % 2}", "COUNT", 7, "STREAMS", stream, ">"):
            for name, fields in part[0][1]:
                got.append(json.loads(fields[1])["event_id"])
                assert readers[0]("XACK", stream, "siem", name) == 1
        assert got == [one["event_id"] for one in shipping.records(journal.folder) if one["event_type"] == "alert"]
        for words in (("HGETALL", SENSOR + "totals"), ("XADD", stream, "*", "eve", "{}"), ("DEL", stream), ("XTRIM", stream, "MAXLEN", 0),
                      ("XGROUP", "DESTROY", stream, "siem"), ("SCAN", 0), ("INFO",), ("XRANGE", "other", "-", "+")):
            with pytest.raises(Refused, match="NOPERM"):
                readers[0](*words)

    def test_the_dashboard_asks_for_the_senders_as_a_user_that_may_do_no_more(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 1500)
        assert ship(tmp_path, journal, f"path: {redis.socket}, {USER}").returncode == 0
        panels = json.loads((ROOT / "dashboards" / "grafana.json").read_text())["panels"]
        asked = [target for panel in panels for target in panel.get("targets", []) if "command" in target]
        assert [one["command"] for one in asked] == ["zrange"]
        client = redis.client()
        client("AUTH", "mailwarden-grafana", PASSWORD)
        assert client("PING") == b"PONG"
        key = asked[0]["keyName"].replace("${sensor}", "sensor.example.org")
        answer = client("ZRANGE", key, asked[0]["min"], asked[0]["max"], *asked[0]["zrangeQuery"].split(), "WITHSCORES")
        told = dict(zip((name.decode() for name in answer[::2]), map(float, answer[1::2])))
        wanted = redis_servers.expected(shipping.records(journal.folder))["senders:illegitimate"]
        assert len(wanted) > 10 and sorted(told.values()) == sorted(wanted.values())[-10:]
        assert all(wanted[name] == flows for name, flows in told.items())
        assert client("HGETALL", SENSOR + "totals")
        for words in (("XRANGE", SENSOR + "alerts", "-", "+"), ("ZADD", key, 1, "192.0.2.1"), ("HSET", SENSOR + "totals", "flows", 1),
                      ("SCAN", 0), ("KEYS", "*"), ("INFO",), ("HGETALL", "other")):
            with pytest.raises(Refused, match="NOPERM"):
                client(*words)

    @pytest.mark.parametrize("prepare, output, wanted", [
        ((), "user: mailwarden, password_env: WRONG", "to be set right: it refuses our user or password"),
        (("ACL", "SETUSER", "default", "off"), "", "to be set right: it wants a user and a password"),
        (("ACL", "SETUSER", "mailwarden", "-script|load"), USER, "to be set right: our user may not do that"),
        (("CONFIG", "SET", "maxmemory", "1"), USER, "its memory is full"),
        (("CONFIG", "SET", "min-replicas-to-write", "1"), USER, "too few replicas"),
        (("REPLICAOF", "127.0.0.1", "1"), USER, "it is a replica and takes no writes"),
        (("SET", SENSOR + "totals", "1"), USER, "to be set right: one of the keys holds something else"),
        ((), USER + ", replicas: 1", "only 0 of 1 replicas"),
    ])
    def test_a_refusal_is_told_in_words(self, tmp_path, closing, redis, prepare, output, wanted):
        journal = journal_of(tmp_path, closing, 10)
        if prepare:
            redis.client()(*prepare)
        settings = tmp_path / "once.yaml"
        settings.write_text(f"outputs:\n  - {{type: redis, sensor: sensor.example.org, path: {redis.socket}, {output}}}\n")
        log = tmp_path / "log"
        with open(log, "wb") as out:
            one = subprocess.Popen([MAILWARDEN, "ship", "-c", str(settings), "--journal", str(journal.folder)], stdout=out, stderr=out,
                                   env={**os.environ, "REDIS_PASSWORD": PASSWORD, "WRONG": "wrong"})
        try:
            until(lambda: "output down" in log.read_text(), "a warning")
        finally:
            one.kill()
            one.wait()
        assert wanted in log.read_text()
        assert PASSWORD not in log.read_text()

    @pytest.mark.parametrize("output, wanted, code", [
        ("servers: [a:b]", ':2:5: output counters: servers: "a:b" is no HOST:PORT', 2),
        ("user: somebody", "user needs password_file or password_env", 3),
        ("path: /x, sentinels: s.example", ":2:5: output counters: either path or sentinels", 2),
        ('prefix: "{x}"', "prefix takes letters", 3),
    ])
    def test_settings_that_cannot_work_are_refused_at_once(self, tmp_path, closing, output, wanted, code):
        answer = ship(tmp_path, journal_of(tmp_path, closing, 1), output)
        assert answer.returncode == code and wanted in answer.stderr

    def test_kills_of_server_and_shipper_lose_and_double_nothing(self, tmp_path, closing, redis):
        journal = journal_of(tmp_path, closing, 1)
        shipper = closing(Shipper(tmp_path, f"path: {redis.socket}", journal))
        load = Load(journal, TOTAL, seconds=max(6, TOTAL / 4000))
        chance = random.Random(11)
        kills = {"redis": 0, "shipper": 0}
        while min(kills.values()) < KILLS:
            # at any moment, not at one that a condition names
            time.sleep(chance.random() * 0.1 + (TOTAL / 200000 if TOTAL > 50000 else 0))
            who = min(kills, key=kills.get) if chance.random() < 0.2 else chance.choice(list(kills))
            kills[who] += 1
            (redis if who == "redis" else shipper).kill()
            (redis if who == "redis" else shipper).start()
        load.end()
        settle(redis.client, journal, 300)
        print(f"\nredis killed {kills['redis']} times, shipper {kills['shipper']} times")
        verify(redis.client(), journal)
        used, alerts = (number_of(redis.client(), "memory", "used_memory_dataset"), redis.client()("XLEN", SENSOR + "alerts"))
        print(f"{used / 1e6:.0f} MB of data with {alerts} alerts in the stream: {used / alerts / 10:.0f} MB for 100,000")


@needs_namespace
class TestRunning:
    """The output of a sensor that runs, in a server that may forget."""

    @pytest.fixture
    def redis(self, tmp_path, closing):
        return closing(Redis(tmp_path / "redis", more=["unixsocketperm 777"]))

    @pytest.fixture
    def run(self, tmp_path, closing, redis, policy):
        open_to_all(tmp_path, redis.folder)
        redis.client()("CONFIG", "SET", "maxmemory-policy", policy)
        secret = tmp_path / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        settings = tmp_path / "mailwarden.yaml"
        settings.write_text(f"outputs:\n  - {{type: redis, name: counters, path: {redis.socket}, user: mailwarden, password_file: {secret}}}\n")
        one = closing(Sensor("-c", settings))
        one.folder_of_journal = type("journal", (), {"folder": one.state / "journal"})
        return one

    def watch(self, run, *hosts):
        for host in hosts:
            watches(run, host)
        folder = run.folder_of_journal.folder
        until(lambda: shipping.delivered(folder, "counters") == shipping.end(folder), "all records in Redis")

    def told(self, run):
        return [one["sensor"]["process"] for one in run.alerts("sensor.output-forgets")]

    def doubt(self, run):
        return run.status()["outputs"][0].get("doubt") or ""

    @pytest.mark.parametrize("policy", ["noeviction"])
    def test_a_policy_that_is_changed_and_a_place_that_is_deleted_are_told_once_and_double_nothing(self, run, redis):
        client = redis.client()
        self.watch(run, 70)
        assert not self.told(run) and not self.doubt(run)
        client("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")  # while it is connected
        until(lambda: self.told(run), "the alert")
        assert "its maxmemory-policy is allkeys-lru, not noeviction" in self.doubt(run)
        client("DEL", SENSOR + "place")
        self.watch(run, 71, 72)
        os.kill(run.status()["outputs"][0]["pid"], signal.SIGKILL)  # the next one finds the same
        self.watch(run, 73, 74)
        verify(client, run.folder_of_journal)
        restarted = until(lambda: run.alerts("sensor.worker-restarted"), "its restart to be told")
        assert restarted[0]["alert"]["metadata"]["detail"].endswith("signal 9 (Killed); it is started again")
        assert self.told(run) == ["counters"] and run.log().count("drops counters\n") == 2  # a line of each process
        client("CONFIG", "SET", "maxmemory-policy", "noeviction")
        until(lambda: not self.doubt(run), "no doubt any more")
        verify(client, run.folder_of_journal)

    @pytest.mark.parametrize("policy", ["allkeys-lru"])
    def test_a_server_whose_memory_is_full_is_told_once_and_counts_nothing_twice(self, run, redis):
        client = redis.client()
        until(lambda: self.told(run), "the alert, from the first connection")
        self.watch(run, 70)
        client("CONFIG", "SET", "maxmemory", number_of(client, "memory", "used_memory") + 10_000)
        for host in range(71, 131):
            watches(run, host)
            if number_of(client, "stats", "evicted_keys") > 1:
                break
        else:
            pytest.fail("nothing was evicted")
        client("CONFIG", "SET", "maxmemory", 0)  # all of it comes again where the counters are gone
        self.watch(run, 131, 132, 133)
        assert_not_doubled(client, run.folder_of_journal)
        assert self.told(run) == ["counters"] and run.log().count("taken away (evicted") <= 1


def fleet(config, *words, inside=()):
    return subprocess.run([*inside, "env", f"REDIS_PASSWORD={PASSWORD}", MAILWARDEN, "fleet", "-c", str(config), *words], capture_output=True,
                          text=True, timeout=60, check=False)


def fleet_settings(tmp_path, output):
    path = tmp_path / "fleet.yaml"
    path.write_text(f"outputs:\n  - {{type: redis, name: fleet, user: mailwarden-fleet, password_env: REDIS_PASSWORD, {output}}}\n")
    return path


class TestFleet:
    """mailwarden fleet, as a user that may only read."""

    @pytest.fixture
    def redis(self, tmp_path, closing):
        redis = closing(Redis(tmp_path / "redis"))
        for host in ("north.example", "south.example"):
            shipping.replay_into(tmp_path / host, files=shipping.captures()[::4])
            journal = type("journal", (), {"folder": tmp_path / host})
            assert ship(tmp_path, journal, f"path: {redis.socket}, {USER}".replace("user:", f"sensor: {host}, user:")).returncode == 0
        return redis

    def test_sums_of_all_sensors_are_what_their_journals_say(self, tmp_path, redis):
        answer = fleet(fleet_settings(tmp_path, f"path: {redis.socket}"), "--json")
        assert answer.returncode == 0, answer.stderr
        told = json.loads(answer.stdout)
        assert [(one["sensor"], one["alive"]) for one in told["sensors"]] == [("north.example", True), ("south.example", True)]
        wanted = redis_servers.expected(shipping.records(tmp_path / "north.example"))
        for name, key in (("totals", "totals"), ("findings", "findings"), ("illegitimate_senders", "senders:illegitimate")):
            assert all(told["sensors"][0][name][field] == count for field, count in wanted[key].items() if field in told["sensors"][0][name])
            assert all(told[name][field] == 2 * told["sensors"][0][name][field] for field in told["sensors"][0][name])
        assert told["totals"]["records"] == 2 * wanted["totals"]["records"]

    def test_a_silent_sensor_is_told(self, tmp_path, redis):
        redis.client()("DEL", "mailwarden:{south.example}:alive")
        answer = fleet(fleet_settings(tmp_path, f"path: {redis.socket}"), "--top", "3")
        assert answer.returncode == 1
        assert re.search(r"^north\.example +alive ", answer.stdout, re.M) and re.search(r"^south\.example +SILENT ", answer.stdout, re.M)
        assert len(answer.stdout.split("illegitimate senders\n")[1].splitlines()) == 3

    def test_its_user_may_not_write_and_the_sensors_may_not_read_all(self, redis):
        client = redis.client()
        client("AUTH", "mailwarden-fleet", PASSWORD)
        with pytest.raises(Refused, match="NOPERM"):
            client("HSET", SENSOR + "totals", "records", 1)
        client("AUTH", "mailwarden", PASSWORD)
        for words in (("SCAN", 0), ("FLUSHALL",), ("XRANGE", SENSOR + "alerts", "-", "+"), ("HSET", "other", "a", 1), ("CONFIG", "GET", "*")):
            with pytest.raises(Refused, match="NOPERM"):
                client(*words)

    def test_redis_that_is_down_is_told(self, tmp_path):
        answer = fleet(fleet_settings(tmp_path, f"path: {tmp_path}/none"))
        assert answer.returncode == 3 and "No such file" in answer.stderr


@needs_namespace
class TestNetwork:
    """By TCP, in a network of the test's own."""

    def test_by_tcp_with_a_user(self, tmp_path, closing, network):
        redis = closing(Redis(tmp_path / "redis", 6379, network.inside()))
        journal = journal_of(tmp_path, closing, 500)
        closing(Shipper(tmp_path, f"servers: {HOST}", journal, network.inside()))
        settle(redis.client, journal)
        verify(redis.client(), journal)

    def test_a_failover_by_sentinels_under_load_leaves_counters_exact(self, tmp_path, closing, network):
        servers = [closing(Redis(tmp_path / f"redis{port}", port, network.inside(),
                                 more=[f"replicaof {HOST} 6401"] if port > 6401 else [])) for port in (6401, 6402, 6403)]
        until(lambda: b"connected_slaves:2" in servers[0].client()("INFO", "replication"), "two replicas")
        sentinels = [closing(Sentinel(tmp_path / f"sentinel{port}", port, network.inside(), 6401)) for port in (26401, 26402, 26403)]
        until(lambda: all(b"slaves=2,sentinels=3" in one.client()("INFO", "sentinel") for one in sentinels), "Sentinels to know each other")
        journal = journal_of(tmp_path, closing, 100)
        names = ", ".join(f'"{HOST}:{one.port}"' for one in sentinels)
        shipper = closing(Shipper(tmp_path, f"sentinels: [{names}], master: mail, sentinel_user: mailwarden-sentinel, "
                                  "sentinel_password_env: REDIS_PASSWORD", journal, network.inside()))
        load = Load(journal, 3000, seconds=6)
        load_goes_on(journal, 500)
        servers[0].kill()

        def master():
            port = int(sentinels[0].client()("SENTINEL", "get-master-addr-by-name", "mail")[1])
            return next(one for one in servers if one.port == port)
        until(lambda: master() is not servers[0], "a new master", 30)
        load.end()
        settle(lambda: master().client(), journal)
        assert "output takes records again" in shipper.log()
        verify(master().client(), journal)

    def test_a_cluster_whose_slot_moves_under_load_leaves_counters_exact(self, tmp_path, closing, network):
        nodes = [closing(Redis(tmp_path / f"node{port}", port, network.inside(), more=["cluster-enabled yes", "cluster-node-timeout 3000"]))
                 for port in range(7001, 7007)]
        made = subprocess.run(network.inside("redis-cli", "-h", HOST, "-p", 7001, "--cluster", "create", "--cluster-yes", "--cluster-replicas", 1,
                                             *(f"{HOST}:{one.port}" for one in nodes)), capture_output=True, text=True, timeout=60, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        until(lambda: all(b"cluster_state:ok" in one.client()("CLUSTER", "INFO") for one in nodes), "a cluster")
        slot = nodes[0].client()("CLUSTER", "KEYSLOT", SENSOR + "totals")

        def owner():
            for first, last, master, *_ in nodes[0].client()("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return next(one for one in nodes if one.port == master[1])
            raise AssertionError("a slot without a node")
        journal = journal_of(tmp_path, closing, 100)
        names = ", ".join(f'"{HOST}:{one.port}"' for one in nodes[:3])
        closing(Shipper(tmp_path, f"servers: [{names}], replicas: 1", journal, network.inside()))
        settle(lambda: owner().client(), journal)
        load = Load(journal, 3000, seconds=6)
        for _ in range(3):
            self.move(nodes, slot, owner, journal)
        load.end()
        settle(lambda: owner().client(), journal)
        verify(owner().client(), journal)
        told = fleet(fleet_settings(tmp_path, f"servers: [{names}]"), "--json", inside=network.inside())
        assert told.returncode == 0 and json.loads(told.stdout)["totals"]["records"] == journal.made, told.stderr
        assert json.loads(told.stdout)["sensors"][0]["slot"] == slot
        before = owner()  # and then the node itself is lost
        load = Load(journal, 1000, seconds=3)
        before.kill()
        until(lambda: owner_by_others(nodes, before, slot) not in (None, before.port), "a replica to take over", 30)
        before.start()  # and is the new master's replica, which "replicas: 1" waits for
        load.end()
        settle(lambda: next(one for one in nodes if one.port == owner_by_others(nodes, before, slot)).client(), journal)
        verify(next(one for one in nodes if one.port == owner_by_others(nodes, before, slot)).client(), journal)

    def move(self, nodes, slot, owner, journal):
        """One slot to another master, key by key, as redis-cli --cluster reshard does; records come meanwhile."""
        source = owner()
        masters = [one for one in nodes if one.client()("ROLE")[0] == b"master"]
        target = next(one for one in masters if one is not source)
        source_id, target_id = source.client()("CLUSTER", "MYID"), target.client()("CLUSTER", "MYID")
        target.client()("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source.client()("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        while True:
            keys = source.client()("CLUSTER", "GETKEYSINSLOT", slot, 3)
            if not keys:
                break
            source.client()("MIGRATE", HOST, target.port, "", 0, 5000, "KEYS", *keys)
            load_goes_on(journal, 25)
        load_goes_on(journal, 150)
        for one in (target, source, *masters):
            one.client()("CLUSTER", "SETSLOT", slot, "NODE", target_id)


def owner_by_others(nodes, lost, slot):
    """The port of the master that has the slot, as a node says that is still there."""
    for one in nodes:
        if one is lost:
            continue
        with contextlib.suppress(OSError, Refused):
            for first, last, master, *_ in one.client()("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return master[1]
    return None
