"""Random faults over a live sensor, one after the other: no alert is missing, and it is healthy again within seconds.

The suite does a few; the long form by hand: FAULTS=150 SEED=7 pytest tests/live/run/test_faults.py
"""

import json
import os
import pathlib
import random
import resource
import signal
import time

import pytest

import sensor
from frames_made import dialogue
from sensor import FOUND, until, with_ways_out

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
COUNT = int(os.environ.get("FAULTS", "14"))
SEED = int(os.environ.get("SEED", "1"))
HEALTHY_S = 6
HOSTS = [*range(10, 70), *range(71, 140)]  # one behind each fault, as far as there are
GROWN_KB = 8192  # what memory may differ by: pages touched late


def parts(run):
    """Every process but the supervisor: name and id, of those that are there."""
    status = run.status()
    return {part["name"]: part["pid"] for part in (*status["processes"][1:], *status["outputs"]) if part["pid"]}


def tell(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it went with the fault before


def kill_one(run, chance):
    tell(chance.choice(list(parts(run).values())), signal.SIGKILL)


def kill_two(run, chance):
    for pid in chance.sample(list(parts(run).values()), 2):
        tell(pid, signal.SIGKILL)


def stop_one(run, chance):
    pid = chance.choice(list(parts(run).values()))
    tell(pid, signal.SIGSTOP)
    time.sleep(chance.uniform(0.1, 2))  # any moment will do
    tell(pid, signal.SIGCONT)


def kill_all(run, chance):
    for pid in (run.process.pid, *sensor.processes_of(run.process.pid)):
        tell(pid, signal.SIGKILL)
    start_anew(run, chance)


def kill_supervisor(run, chance):
    run.process.kill()
    start_anew(run, chance)


def term(run, chance):
    run.process.terminate()
    start_anew(run, chance)


def start_anew(run, _):
    run.process.wait(timeout=sensor.PATIENCE_S)
    run.start()


def reload_well(run, chance):
    for _ in range(chance.randint(1, 20)):
        run.signal(signal.SIGHUP)


def reload_badly(run, chance):
    before = run.matrix.read_bytes()
    run.matrix.write_bytes(chance.choice([b"", b"schema: 1\nrows: [\n", before[:200], b"\xff" * 64]))
    failures = run.status()["reloads_refused"]
    run.signal(signal.SIGHUP)
    until(lambda: run.status()["reloads_refused"] > failures, "the reload to be refused")
    run.matrix.write_bytes(before)


def interface(run, chance):
    run.namespace.run("ip", "link", "set", "tap0", "down")
    time.sleep(chance.uniform(0, 1))
    run.namespace.run("ip", "link", "set", "tap0", "up")


def output_file(run, _):
    run.out.chmod(0o500)
    (run.out / "siem.json").rename(run.out / f"siem.json.{time.monotonic_ns()}")
    run.signal(signal.SIGHUP)
    time.sleep(0.5)  # it finds no room meanwhile
    run.out.chmod(0o777)
    run.signal(signal.SIGHUP)


def limits(run, chance):
    pid = chance.choice(list(parts(run).values()))
    try:
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
        time.sleep(0.5)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    except ProcessLookupError:
        pass


FAULTS = [kill_one, kill_one, kill_two, stop_one, stop_one, kill_all, kill_supervisor, term, reload_well, reload_badly, interface,
          output_file]
CAPABILITIES = int(next(line.split()[1] for line in open("/proc/self/status", encoding="ascii") if line.startswith("CapEff")), 16)
if CAPABILITIES >> 24 & 1:
    FAULTS.append(limits)
else:
    print("no fault by limits: needs CAP_SYS_RESOURCE")


def is_well(run):
    status = run.status()
    return status["healthy"] and all(part["state"] == "running" and not part.get("down")
                                     for part in (*status["processes"][1:], *status["outputs"]))


def figures(run):
    """Of each process, by name: open descriptors and memory of its own in kB."""
    found = {}
    for name, pid in {**parts(run), "supervisor": run.process.pid}.items():
        fields = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        found[name] = (len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())),
                       next(int(line.split()[1]) for line in fields if line.startswith("RssAnon")))
    return found


def ids_in(paths):
    lines = [line for path in paths for line in path.read_text().splitlines()]
    return {record["event_id"] for record in map(json.loads, lines) if record["event_type"] == "alert"}


def missing(run):
    return ids_in((run.state / "journal").glob("*.eve.jsonl")) - ids_in(run.out.glob("siem.json*"))


def journaled(run):
    return [record for path in (run.state / "journal").glob("*.eve.jsonl") for record in map(json.loads, path.read_text().splitlines())]


def findings_of(record):
    told = record["alert"]["metadata"]
    return [each["finding"] for each in (told, *told.get("also", []))]


def is_told(run, host):
    return any(record["event_type"] == "alert" and record.get("src_ip") == f"192.0.2.{host}" and FOUND in findings_of(record)
               for record in journaled(run))


@pytest.fixture(name="run")
def running(tmp_path):
    with with_ways_out(tmp_path, life=60 + 30 * COUNT) as one:
        yield one


def test_random_faults_cost_no_alert_and_seconds_at_most(run):
    chance = random.Random(SEED)
    until(lambda: is_well(run), "the start")
    before, slowest = figures(run), (0.0, "")
    for number in range(COUNT):
        fault = chance.choice(FAULTS)
        print(f"fault {number}: {fault.__name__}")
        fault(run, chance)
        start = time.monotonic()
        time.sleep(0.2)  # the fault shows
        until(lambda: is_well(run), f"health behind {fault.__name__}", 4 * HEALTHY_S)
        slowest = max(slowest, (time.monotonic() - start, fault.__name__))
        for host in HOSTS[number:number + 1]:
            run.send(dialogue(host))
            until(lambda: is_told(run, host), f"the dialogue behind {fault.__name__}")
    print(f"slowest: {slowest}")
    assert slowest[0] <= HEALTHY_S, slowest
    until(lambda: not missing(run), "all alerts of the journal at the output")
    after = figures(run)
    assert after.keys() == before.keys()
    for name, (files, memory) in after.items():
        assert files == before[name][0], (name, files, before[name])
        assert memory <= before[name][1] + GROWN_KB, (name, memory, before[name])
