"""Real redis-servers of a test's own: alone, behind Sentinels, six of a cluster; and what a journal says they must hold."""

import collections
import functools
import hashlib
import json
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import pytest

import shipping
from sensor import ROOT, until

needed = pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server (packages redis-server, redis-sentinel)")

HOST = "192.0.2.50"
PASSWORD = "correct horse battery"
SENSOR = "mailwarden:{sensor.example.org}:"
ACL = {"redis-server": "users.acl", "redis-sentinel": "sentinel.acl"}  # as documented


class Refused(Exception):
    pass


class Client:
    """Redis protocol over a UNIX socket: client("HGETALL", key)."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")

    def __call__(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        answer = self._read()
        if isinstance(answer, Refused):
            raise answer
        return answer

    def _read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("cut short")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            return Refused(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        return None if rest == b"-1" else [self._read() for _ in range(int(rest))]

    def mapping(self, *words):
        flat = self(*words)
        return {key.decode(): float(value) if b"." in value else int(value) for key, value in zip(flat[::2], flat[1::2])}

    def close(self):
        self.file.close()
        self.socket.close()


class Redis:
    """One server; inside: words that put it into a namespace."""

    def __init__(self, folder, port=0, inside=(), more=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = self.folder / "redis.sock"
        self.port = port
        self.inside = list(inside)
        self.config = self.folder / "redis.conf"
        lines = [f"port {port}", f"unixsocket {self.socket}", f"dir {self.folder}", "appendonly yes", "appendfsync always", 'save ""',
                 "protected-mode no", *([f"bind {HOST}"] if port else []), *more]
        self.configure(lines)
        self.process = None
        self.start()

    program = "redis-server"

    def configure(self, lines):
        """With the documented users, their password put in, and one for the test itself."""
        users = []
        for line in (ROOT / "docs" / "redis" / ACL[self.program]).read_text().splitlines():
            name, user, is_on, _, rest = line.split(" ", 4)
            users.append(" ".join((name, user, is_on, "#" + hashlib.sha256(PASSWORD.encode()).hexdigest(), rest)))
        (self.folder / "users.acl").write_text("\n".join([*users, "user default on nopass ~* &* +@all"]) + "\n")
        self.config.write_text("\n".join([*lines, f"aclfile {self.folder}/users.acl"]) + "\n")

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([*self.inside, self.program, str(self.config)], stdout=log, stderr=log)
        until(self.is_up, f"{self.folder.name} to answer")

    def is_up(self):
        try:
            client = self.client()
            try:
                return client("PING") == b"PONG"
            finally:
                client.close()
        except (OSError, Refused):
            return False

    def client(self):
        return Client(self.socket)

    def kill(self):
        self.process.kill()
        self.process.wait()

    close = kill


class Sentinel(Redis):
    program = "redis-sentinel"

    def __init__(self, folder, port, inside, master):
        self.master = master
        super().__init__(folder, port, inside)

    def configure(self, lines):
        super().configure([line for line in lines if not line.startswith(("append", "save"))] + [
            f"sentinel monitor mail {HOST} {self.master} 2", "sentinel down-after-milliseconds mail 500",
            "sentinel failover-timeout mail 3000"])


@functools.cache
def templates():
    """Real records to make many of: those of the bundled captures."""
    with tempfile.TemporaryDirectory() as folder:
        shipping.replay_into(pathlib.Path(folder) / "journal")
        return shipping.records(pathlib.Path(folder) / "journal")


class Journal:
    """Many records, made of real ones: each with an id of its own, among a bounded number of senders."""

    def __init__(self, folder, seed=7):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        (self.folder / "id").write_text("%016x" % random.Random(str(folder)).getrandbits(64))
        self.file = open(self.folder / ("%016d.eve.jsonl" % 0), "ab")
        self.chance = random.Random(seed)
        self.made = 0
        self.templates = templates()

    def add(self, count):
        lines = []
        for _ in range(count):
            record = dict(self.chance.choice(self.templates))
            self.made += 1
            record["event_id"] = f"made-1-{self.made}"
            record["src_ip"] = f"192.0.2.{self.chance.randrange(1, 255)}"
            record["timestamp"] = f"2026-11-24T{self.made // 500 % 24:02d}:00:00.000001+0000"
            lines.append(json.dumps(record, separators=(",", ":")) + "\n")
        self.file.write("".join(lines).encode())
        self.file.flush()

    def close(self):
        self.file.close()


def expected(records):
    """Independently of the shipper: every counter that these records add up to."""
    counters = collections.defaultdict(collections.Counter)
    for record in records:
        kind = "alert" if "alert" in record else record["event_type"]
        totals = counters["totals"]
        totals["records"] += 1
        if kind not in ("alert", "mail"):
            continue
        hour = counters["hour:" + record["timestamp"][:13].replace("-", "").replace("T", "")]
        if kind == "alert":
            alert = record["alert"]
            finding = alert["metadata"]["finding"]
            totals["alerts"] += 1
            totals["alerts:" + ["none", "critical", "high", "medium", "low"][alert["severity"]]] += 1
            totals["blocked"] += alert["action"] == "blocked"
            counters["findings"][finding] += 1
            counters["occurrences"][finding] += alert["metadata"]["count"]
            for other in alert["metadata"].get("also", []):
                counters["occurrences"][other["finding"]] += other["count"]
            hour["alerts"] += 1
            hour["finding:" + finding] += 1
            continue
        mail = record["mail"]
        verdict = mail["verdict"]
        totals["flows"] += 1
        totals[verdict] += 1
        totals["messages"] += mail["messages"]
        totals["bytes"] += record["flow"]["bytes_toserver"] + record["flow"]["bytes_toclient"]
        hour["flows"] += 1
        hour[verdict] += 1
        counters["matrix"]["|".join((mail["from_group"] or "-", mail["to_group"] or "-", mail["protocol"], verdict))] += 1
        if verdict == "illegitimate":
            counters["senders:illegitimate"][record["src_ip"]] += 1
        if mail["protocol"] != "attempt":
            server = counters[f"server:{record['dest_ip']}|{record['dest_port']}"]
            for field in ("flows", verdict, "offered:" + mail["starttls_offered"], "starttls:" + mail["starttls"], "tls:" + mail["tls"]):
                server[field] += 1
    return {key: {field: count for field, count in fields.items() if count} for key, fields in counters.items()}


def held(client, keys):
    """The same keys as Redis has them."""
    counters = {}
    for key in keys:
        words = ("ZREVRANGE", SENSOR + key, 0, -1, "WITHSCORES") if key.startswith("senders:") else ("HGETALL", SENSOR + key)
        counters[key] = {field: count for field, count in client.mapping(*words).items() if count and field != "last"
                         and not field.startswith("place:")}
    return counters


def stream_ids(client):
    """event_id of every alert of the stream, in order."""
    ids, last = [], "-"
    while True:
        part = client("XRANGE", SENSOR + "alerts", last, "+", "COUNT", 2000)
        if not part:
            return ids
        ids += [json.loads(fields[1])["event_id"] for _, fields in part]
        last = "(" + part[-1][0].decode()


def read(folder):
    """The records of a journal one by one: there may be very many."""
    for segment in sorted(pathlib.Path(folder).glob("*.eve.jsonl")):
        with open(segment, "rb") as lines:
            for line in lines:
                yield json.loads(line)


def verify(client, journal):
    """Every counter, and the stream, are exactly what the journal says."""
    alerts, sources, count = [], set(), 0

    def noted():
        nonlocal count
        for record in read(journal.folder):
            count += 1
            if "alert" in record:
                alerts.append(record["event_id"])
            elif record["event_type"] == "mail":
                sources.add(record["src_ip"])
            yield record
    wanted = expected(noted())
    got = held(client, wanted)
    wrong = {key: (wanted[key], got[key]) for key in wanted if wanted[key] != got[key]}
    assert not wrong, wrong
    ids = stream_ids(client)
    assert ids == alerts, f"{len(set(alerts) - set(ids))} missing, {len(ids) - len(set(ids))} doubled"
    senders = client("PFCOUNT", SENSOR + "senders")
    assert abs(senders - len(sources)) <= max(3, len(sources) * 0.05)
    fields = sum(len(fields) for fields in wanted.values())
    print(f"{count} records, {len(alerts)} alerts in the stream, 0 missing, 0 doubled; {len(wanted)} keys with {fields} counters: all exact")


class Shipper:
    """mailwarden ship, killed and started again."""

    def __init__(self, folder, output, journal, inside=()):
        self.folder = pathlib.Path(folder)
        self.config = self.folder / "mailwarden.yaml"
        self.config.write_text("outputs:\n  - {type: redis, name: counters, sensor: sensor.example.org, user: mailwarden, "
                               f"password_env: REDIS_PASSWORD, stream_length: 1000000, {output}}}\n")
        self.journal = journal
        self.inside = list(inside)
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / "ship.log", "ab") as log:
            self.process = shipping.start_shipping(self.config, self.journal.folder, prefix=[*self.inside, "env", f"REDIS_PASSWORD={PASSWORD}"],
                                                   stdout=log, stderr=log)

    def log(self):
        return (self.folder / "ship.log").read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)


class Load:
    """Records that keep coming, from a thread of its own."""

    def __init__(self, journal, total, seconds):
        self.journal, self.total, self.seconds = journal, total, seconds
        self.is_ending = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        steps = max(1, int(self.seconds / 0.02))
        for step in range(steps):
            self.journal.add(self.total * (step + 1) // steps - self.total * step // steps)
            if not self.is_ending:
                time.sleep(0.02)

    def end(self):
        """The rest at once."""
        self.is_ending = True
        self.thread.join()


def applied(connect, journal):
    """Whether Redis stands at the end of the journal's last record that it is sent."""
    end = shipping.end(journal.folder)  # the last one made is one that is sent
    name = (journal.folder / "id").read_text()

    def there():
        try:
            client = connect()
            try:
                return int(client("HGET", SENSOR + "place", name) or 0) == end
            finally:
                client.close()
        except (OSError, Refused):
            return False
    return there
