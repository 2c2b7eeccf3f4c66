"""Random faults over a live sensor, one after the other: no alert is missing, and it is healthy again within seconds.

The suite does a few, each kind once; the long form by hand: FAULTS=150 SEED=7 pytest tests/live/run/test_faults.py
"""

import itertools
import json
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

import name_server
import redis_servers
import relp_receiver
import sensor
import ways_out
from apart import SERVERS, each_apart
from frames_made import dialogue
from sensor import FOUND, is_dead, until
from small_disk import fill

WHY_NOT = sensor.why_not_here()
pytestmark = [pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)), redis_servers.needed, relp_receiver.needed]
COUNT = int(os.environ.get("FAULTS", "22"))
SEED = int(os.environ.get("SEED", "1"))
HEALTHY_S = 6
HOSTS = [host for host in range(12, 255) if host not in SERVERS]  # one in and one behind each fault, as far as there are
OUTPUTS = ("siem", "remote", "counters")
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


def field_of(pid, name):
    """kB of a line of its status."""
    return next(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                if line.startswith(name + ":"))


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


def kill_whole(run):
    processes = (run.process.pid, *sensor.processes_of(run.process.pid))
    for pid in processes:
        tell(pid, signal.SIGKILL)
    run.process.wait(timeout=sensor.PATIENCE_S)
    until(lambda: all(map(is_dead, processes)), "the end of all")


def kill_all(run, chance):
    kill_whole(run)
    run.start()


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


def a_while(chance):
    time.sleep(chance.uniform(0.1, 2))  # any moment will do


def order(*words):
    subprocess.run([*map(str, words)], check=True, capture_output=True, timeout=30)


def disk_full(run, chance):
    ballast = fill(run.disk)
    if chance.random() < 0.5:
        kill_one(run, chance)
    run.send_next()
    a_while(chance)
    ballast.unlink()


def disk_read_only_at_a_start(run, chance):
    """Nobody may write there while it is made so."""
    kill_whole(run)
    order("mount", "-o", "remount,ro", run.disk)
    answer = subprocess.run(run.namespace.inside(*run.asking, *run.words()), cwd=run.folder, capture_output=True, text=True,
                            timeout=sensor.PATIENCE_S, check=False)
    assert answer.returncode == 3 and "Read-only file system" in answer.stderr, answer
    order("mount", "-o", "remount,rw", run.disk)
    run.start()


def journal_read_only(run, chance):
    """Who holds a file open for writing there goes first, and comes back while it is so."""
    journal = run.state / "journal"
    there = ["nsenter", f"--mount=/proc/{run.process.pid}/ns/mnt"]
    tell(run.process.pid, signal.SIGSTOP)
    for name, pid in parts(run).items():
        if not name.startswith("worker"):
            tell(pid, signal.SIGKILL)
            until(lambda: is_dead(pid), f"the end of {name}")
    order(*there, "mount", "--bind", journal, journal)
    order(*there, "mount", "-o", "remount,bind,ro", journal)
    tell(run.process.pid, signal.SIGCONT)
    run.send_next()
    a_while(chance)
    order(*there, "mount", "-o", "remount,bind,rw", journal)
    order(*there, "umount", "-l", journal)


def names(run, chance):
    """Whoever connects anew meanwhile has to ask."""
    run.answer_names(next(run.wrong_names))
    if chance.random() < 0.5:
        tell(parts(run)["remote"], signal.SIGKILL)
    else:
        run.receiver.kill()
        run.receiver.start()
    run.send_next()
    a_while(chance)
    run.answer_names("right")


def redis_away(run, chance):
    run.redis.kill()
    run.send_next()
    a_while(chance)
    run.redis.start()


def redis_anew(run, chance):
    run.redis.process.terminate()
    run.redis.process.wait(timeout=sensor.PATIENCE_S)
    run.redis.start()


def redis_hangs(run, chance):
    hang(run, chance, run.redis.process)


def redis_has_no_room(run, chance):
    client = run.redis.client()
    client("CONFIG", "SET", "maxmemory", "1")
    run.send_next()
    a_while(chance)
    client("CONFIG", "SET", "maxmemory", "0")
    client.close()


REFUSALS = (b"-LOADING Redis is loading the dataset in memory", b"-OOM command not allowed when used memory > 'maxmemory'.",
            b"-READONLY You can't write against a read only replica.", b"-MASTERDOWN Link with MASTER is down",
            b"-MISCONF Redis is configured to save RDB snapshots", b"-BUSY Redis is busy running a script", b"-NOAUTH Authentication required.",
            b"-WRONGPASS invalid username-password pair", b"-ERR max number of clients reached", b"+OK", b"$-1", b"\x00\xff garbage")


def redis_refuses(run, chance):
    run.redis.kill()
    peer = ways_out.Refusing(run.redis.socket, next(run.refusals) + b"\r\n")
    run.send_next()
    a_while(chance)
    peer.close()
    run.redis.start()


def relp_away(run, chance):
    if chance.random() < 0.5:
        run.receiver.kill()
    else:
        run.receiver.end()
    run.send_next()
    a_while(chance)
    run.receiver.start()


def relp_hangs(run, chance):
    hang(run, chance, run.receiver.process)


def hang(run, chance, process):
    process.send_signal(signal.SIGSTOP)
    run.send_next()
    a_while(chance)
    process.send_signal(signal.SIGCONT)


def prlimit(pid, *words):
    """As its own user, who needs no right for it; what it says."""
    uid, gid = (next(int(line.split()[1]) for line in open(f"/proc/{pid}/status", encoding="ascii") if line.startswith(name))
                for name in ("Uid:", "Gid:"))
    return subprocess.run(["prlimit", "--pid", str(pid), *words], user=uid, group=gid, extra_groups=[], check=True, timeout=30,
                          capture_output=True, text=True).stdout.strip()


def limits(run, chance):
    """No descriptor more, or no memory beyond what it has."""
    pid = chance.choice(list(parts(run).values()))
    kind, of_status = chance.choice([("nofile", None), ("as", "VmSize"), ("data", "VmData")])
    before = prlimit(pid, f"--{kind}", "--raw", "--noheadings", "-o", "SOFT")
    prlimit(pid, f"--{kind}={1024 * field_of(pid, of_status) if of_status else 3}:")
    run.send_next()
    a_while(chance)
    if not is_dead(pid):
        prlimit(pid, f"--{kind}={before}:")


FAULTS = [kill_one, kill_two, stop_one, kill_all, kill_supervisor, term, reload_well, reload_badly, interface, output_file,
          disk_full, disk_read_only_at_a_start, journal_read_only, names, redis_away, redis_anew, redis_hangs, redis_has_no_room,
          redis_refuses, relp_away, relp_hangs, limits]


def is_well(run):
    status = run.status()
    return status["healthy"] and all(part["state"] == "running" and not part.get("down")
                                     for part in (*status["processes"][1:], *status["outputs"]))


def figures(run):
    """Of each process, by name: open descriptors and memory of its own in kB."""
    return {name: (len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())), field_of(pid, "RssAnon"))
            for name, pid in {**parts(run), "supervisor": run.process.pid}.items()}


def alerts_of(paths):
    lines = [line for path in paths for line in path.read_text().splitlines()]
    return {record["event_id"] for record in map(json.loads, lines) if "alert" in record}


def missing(run):
    """By output, alerts of the journal that it does not have."""
    told = alerts_of((run.state / "journal").glob("*.eve.jsonl"))
    had = (alerts_of(run.out.glob("siem.json*")), set(run.receiver.event_ids()), set(run.in_redis()))
    return {name: told - ids for name, ids in zip(OUTPUTS, had) if told - ids}


def journaled(run):
    return [record for path in (run.state / "journal").glob("*.eve.jsonl") for record in map(json.loads, path.read_text().splitlines())]


def findings_of(record):
    told = record["alert"]["metadata"]
    return [each["finding"] for each in (told, *told.get("also", []))]


def is_told(run, host):
    return any("alert" in record and record.get("src_ip") == f"192.0.2.{host}" and FOUND in findings_of(record)
               for record in journaled(run))


@pytest.fixture(name="run")
def running(tmp_path):
    with ways_out.built(tmp_path, each_apart(sensor.MATRIX.read_text(), HOSTS), life=60 + 30 * COUNT) as one:
        hosts = iter(HOSTS)
        one.wrong_names, one.refusals = itertools.cycle([*name_server.WRONG, None]), itertools.cycle(REFUSALS)
        one.send_next = lambda: [(one.send(dialogue(host)), host)[1] for host in itertools.islice(hosts, 1)]
        yield one


def chosen(chance):
    """Every kind is as often as any other, in any order."""
    rounds = [chance.sample(FAULTS, len(FAULTS)) for _ in range(COUNT // len(FAULTS) + 1)]
    return list(itertools.chain.from_iterable(rounds))[:COUNT]


def test_random_faults_cost_no_alert_and_seconds_at_most(run):
    chance = random.Random(SEED)
    run.send_next()
    until(lambda: is_well(run) and not missing(run), "the start")
    before, slow = figures(run), []
    for number, fault in enumerate(chosen(chance)):
        print(f"fault {number}: {fault.__name__}")
        fault(run, chance)
        start = time.monotonic()
        time.sleep(0.2)  # the fault shows
        until(lambda: is_well(run) and not missing(run), f"health behind {fault.__name__}", 4 * HEALTHY_S)
        slow.append((time.monotonic() - start, f"{number} {fault.__name__}"))
        for host in run.send_next():
            until(lambda: is_told(run, host), f"the dialogue behind {fault.__name__}")
    slow.sort(reverse=True)
    print(f"slowest: {slow[:12]}")
    assert slow[0][0] <= HEALTHY_S, slow[:12]
    until(lambda: is_well(run) and not missing(run), "all alerts of the journal at each output")
    after = figures(run)
    assert after.keys() == before.keys()
    for name, (files, memory) in after.items():
        assert files <= before[name][0] + (name in OUTPUTS), (name, files, before[name])  # connected or not
        assert memory <= before[name][1] + GROWN_KB, (name, memory, before[name])
