"""A disk that is full, a small real one: told at once to the outputs that still work, nothing torn, all made up for."""

import contextlib
import json
import pathlib
import subprocess

import pytest

import redis_servers
import sensor
from frames_made import dialogue
from redis_servers import PASSWORD, SENSOR
from sensor import FOUND, Sensor, json_lines, open_to_all, until
from small_disk import fill, small_disk

WHY_NOT = sensor.why_not_here()
pytestmark = [pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)), redis_servers.needed]
DOWN = "sensor.output-down"


class Watched(Sensor):
    """With a Redis and a file as outputs; the state directory may be on a disk of its own."""

    def __init__(self, folder, redis, path, state=None):
        open_to_all(folder, path.parent)
        self.redis = redis
        self.out = path
        self.elsewhere = state
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        settings = folder / "mailwarden.yaml"
        settings.write_text(f"outputs:\n  - {{type: file, name: siem, path: {path}}}\n"
                            f"  - {{type: redis, name: counters, sensor: sensor.example.org, path: {redis.socket}, user: mailwarden, "
                            f"password_file: {secret}}}\n")
        super().__init__("-c", settings)

    def start(self, *words):
        self.state = self.elsewhere or self.state
        super().start(*words)

    def in_file(self):
        """Records of the output; every line of it is one, but for one that is being written."""
        return json_lines(self.out.read_text()) if self.out.exists() else []

    def in_redis(self):
        client = self.redis.client()
        try:
            return [json.loads(fields[1]) for _, fields in client("XRANGE", SENSOR + "alerts", "-", "+")]
        finally:
            client.close()

    def told(self):
        """What a person sees."""
        return subprocess.run([sensor.MAILWARDEN, "status", "--state-dir", self.state], capture_output=True, text=True, timeout=10,
                              check=True).stdout

    def children(self):
        return sorted(sensor.processes_of(self.process.pid))


def of_kind(records, finding):
    return [record for record in records if "alert" in record and record["alert"]["metadata"]["finding"] == finding]


def hosts(records):
    return {int(record["src_ip"].split(".")[3]) for record in of_kind(records, FOUND)}


def in_both(run, what, condition):
    until(lambda: condition(run.in_file()), what + ", in the file")
    until(lambda: condition(run.in_redis()), what + ", in Redis")


def each_once(records):
    ids = [record["event_id"] for record in records]
    return len(ids) == len(set(ids))


@pytest.fixture(name="redis")
def redis_fixture(tmp_path):
    server = redis_servers.Redis(tmp_path / "redis")
    server.socket.chmod(0o777)
    yield server
    server.close()


@pytest.fixture(name="disk")
def disk_fixture(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture(name="out")
def out_fixture(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "siem.json"


@contextlib.contextmanager
def watching(folder, redis, path, state=None):
    one = Watched(folder, redis, path, state)
    try:
        yield one
    finally:
        one.close()


def send(run, wanted):
    run.send([frame for host in wanted for frame in dialogue(host)])


def test_a_full_disk_under_the_journal_is_told_while_it_is_full_and_made_up_for(tmp_path, redis, disk, out):
    with watching(tmp_path, redis, out, state=disk / "state") as run:
        send(run, [10])
        in_both(run, "the first dialogue", lambda records: hosts(records) == {10})
        before = run.children()
        assert len(before) == 5, "worker, reporter, two shippers, the page"
        ballast = fill(disk)
        for host in range(11, 71):  # what is left of the journal's last block takes some
            send(run, [host])
            if run.part("reporter")["faults"] > 0:
                break
        in_both(run, "the alert", lambda records: of_kind(records, DOWN))
        assert ballast.exists() and of_kind(run.in_file(), DOWN)[0]["sensor"]["process"] == "reporter"
        assert "journal takes no records" in of_kind(run.in_redis(), DOWN)[0]["alert"]["metadata"]["detail"]
        assert run.status()["sensor_alerts"] == 1 and "records are written again" not in run.log()
        fill(disk)  # what the alert left of the room kept for it
        send(run, range(71, 131))
        until(lambda: run.worker()["flows"] == host - 10 + 1 + 60, "all dialogues to be watched")
        status = run.status()
        assert status["running"] and run.children() == before
        assert not status["healthy"] and status["unhealthy_because"] == "reporter: the journal takes no records"
        assert run.part("reporter")["down"] and not run.worker()["down"]
        assert "NOT HEALTHY  reporter: the journal takes no records" in run.told()
        assert {part["restarts"] for part in (*status["processes"], *status["outputs"])} == {0}
        wanted = {*range(10, host + 1), *range(71, 131)}
        assert hosts(run.in_file()) < wanted, "the disk is full"
        ballast.unlink()
        in_both(run, "all dialogues", lambda records: hosts(records) == wanted)
        until(lambda: "records are written again" in run.log(), "the log")
        assert run.children() == before
        until(lambda: run.status()["healthy"], "the status to tell")
        assert "NOT HEALTHY" not in run.told()
        until(lambda: (run.state / "journal" / "reserve").stat().st_blocks * 512 >= 131072, "the room kept for the next time")
        assert run.end() == 0
        assert len(of_kind(run.records(), DOWN)) == run.log().count("records are written again") == 1
        assert run.in_file() == run.records() and each_once(run.in_file()) and each_once(run.in_redis())
        print(f"{len(run.in_file())} records, {len(run.in_redis())} alerts in Redis, all once")


def test_a_sensor_starts_on_a_disk_that_is_full_and_makes_up_for_it(tmp_path, redis, disk, out):
    with watching(tmp_path, redis, out, state=disk / "state") as run:
        send(run, [10])
        in_both(run, "the first dialogue", lambda records: hosts(records) == {10})
        assert run.end() == 0
        ballast = fill(disk)
        run.start()
        send(run, range(11, 71))
        in_both(run, "the alert", lambda records: of_kind(records, DOWN))
        assert {part["restarts"] for part in run.status()["processes"]} == {0}
        ballast.unlink()
        in_both(run, "all dialogues", lambda records: hosts(records) == set(range(10, 71)))
        assert run.end() == 0
        assert each_once(run.in_file()) and each_once(run.in_redis())


def test_a_first_start_on_a_disk_that_is_full_is_refused_and_leaves_nothing_in_the_way(disk):
    namespace = sensor.Namespace()
    ballast = fill(disk)
    words = namespace.inside(sensor.MAILWARDEN, "run", "-i", "tap0", "-m", sensor.MATRIX, "--state-dir", disk / "state")
    asking = [sensor.MAILWARDEN, "status", "--json", "--state-dir", disk / "state"]
    process = None
    try:
        answer = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
        assert answer.returncode == 3 and f"{disk}/state: no room for the status page: No space left" in answer.stderr, answer.stderr
        ballast.unlink()
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        until(lambda: (told := subprocess.run(asking, capture_output=True, timeout=10, check=False)).returncode == 0
              and {part["state"] for part in json.loads(told.stdout)["processes"][1:]} == {"running"}, "the sensor to run")
        process.terminate()  # not while it starts: there is nothing to end in order then
        assert "No space left" not in process.communicate(timeout=20)[1] and process.returncode == 0
    finally:
        if process:
            process.kill()
        namespace.close()


def test_a_full_disk_under_one_output_holds_up_no_other(tmp_path, redis, disk):
    with watching(tmp_path, redis, disk / "siem.json") as run:
        send(run, [10])
        in_both(run, "the first dialogue", lambda records: hosts(records) == {10})
        ballast = fill(disk)
        send(run, range(11, 41))
        until(lambda: hosts(run.in_redis()) == set(range(10, 41)), "the other output")
        until(lambda: run.status()["outputs"][0]["down"], "the status to tell")
        assert not run.status()["outputs"][1]["down"] and "No space left" in run.log()
        assert pathlib.Path(f"/proc/{run.status()['outputs'][0]['pid']}").exists()
        ballast.unlink()
        in_both(run, "all dialogues", lambda records: hosts(records) == set(range(10, 41)))
        until(lambda: "output takes records again" in run.log(), "the log")
        assert run.end() == 0
        assert run.in_file() == run.records() and each_once(run.in_file())
