"""Passwords of captures, made, bundled and others': in no output, journal, log, Redis, rsyslog or core."""

import base64
import binascii
import csv
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess

import pytest

import cases
import redis_servers
import rsyslog
import secrets_made
import sensor
import shipping
import test_syslog
from frames_made import pcap
from sensor import MAILWARDEN, MATRIX, ROOT, until, with_ways_out

FORMS = ("eve", "kv", "cee", "cef", "ecs", "rfc5424")
CORPUS = ROOT.parent / "shared" / "corpus" / "dev"
SHORT = 5  # shorter ones are in any text
ORDINARY = {"password", "secret"}  # what some take for a password, and every text on passwords says
NAMES = ("sni", "cert_subject_cn", "helo", "mail_from_domains")  # columns of the corpus' truth
CORE_PATTERN = pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="ascii").strip()
WHY_NOT = sensor.why_not_here()
CLEAR = b"tls.credentials-clear"


def looked_for(secrets):
    """Each as it is, as JSON escapes it, in base64 wherever it stands there, and in hexadecimal."""
    wanted = set()
    for secret in secrets:
        wanted |= cases.forms(secret) | {json.dumps(secret)[1:-1].encode(), secret.encode().hex().encode()}
    return {form for form in wanted if len(form) >= SHORT}


def found(wanted, *places):
    """(file, form) of each that is in a file below these places."""
    files = [path for place in places for path in pathlib.Path(place).rglob("*") if path.is_file()]
    contents = [(path, path.read_bytes()) for path in files]
    return [(path.name, form) for path, content in contents for form in wanted if form in content]


def run(folder, name, *words):
    """Its standard output and errors as files of the folder."""
    with open(folder / f"{name}.out", "wb") as out, open(folder / f"{name}.err", "wb") as errors:
        subprocess.run([MAILWARDEN, *map(str, words)], stdout=out, stderr=errors, timeout=60, check=True, cwd=folder,
                       env={**os.environ, "REDIS_PASSWORD": redis_servers.PASSWORD})


def replay_in_every_way(folder, files):
    run(folder, "human", "replay", *files, "-m", MATRIX)
    run(folder, "summary", "replay", *files, "-m", MATRIX, "--summary")
    run(folder, "json", "replay", *files, "-m", MATRIX, "--json", "--flows", folder / "flows", "--state", folder / "servers.state",
        "--journal", folder / "journal")
    run(folder, "servers", "servers", folder / "servers.state")
    run(folder, "servers-json", "servers", folder / "servers.state", "--json")


def ship_in_every_form(folder):
    config = folder / "files.yaml"
    config.write_text("outputs:\n" + "".join(
        f"  - {{type: file, name: {form}, form: {form}, path: {folder}/shipped.{form}}}\n" for form in FORMS))
    run(folder, "ship", "ship", "-c", config, "--journal", folder / "journal", "--once")


def ship_to_redis(folder):
    """Its append-only file has every command it ever took, so every key and the stream."""
    server = redis_servers.Redis(folder / "redis")
    try:
        config = folder / "redis.yaml"
        config.write_text("outputs:\n  - {type: redis, name: counters, sensor: sensor.example.org, user: mailwarden, "
                          f"password_env: REDIS_PASSWORD, path: {server.socket}}}\n")
        run(folder, "ship-redis", "ship", "-c", config, "--journal", folder / "journal", "--once")
        assert redis_servers.stream_ids(server.client())
    finally:
        server.close()


def ship_to_rsyslog(folder):
    place = rsyslog.Place(folder)
    try:
        with rsyslog.Server(folder, place) as server:
            one = test_syslog.start(place, test_syslog.settings_of(folder), folder / "journal", "--once")
            errors = one.communicate(timeout=20)[1]
            assert one.returncode == 0, errors
            (folder / "ship-rsyslog.err").write_text(errors)
            until(lambda: len(test_syslog.told(server)) == len(test_syslog.alerts(folder / "journal")), "all alerts")
    finally:
        place.close()


def tell_all(folder, files):
    """Everything the sensor can say of these captures, in files below the folder."""
    replay_in_every_way(folder, files)
    ship_in_every_form(folder)
    told = [folder / name for name in ("human.out", "json.out", *(f"shipped.{form}" for form in FORMS))]
    if shutil.which("redis-server"):
        ship_to_redis(folder)
        told += (folder / "redis" / "appendonlydir").glob("*.incr.aof")
    else:
        print("not looked at: Redis, for want of redis-server")
    if shutil.which("rsyslogd") and os.geteuid() == 0:
        ship_to_rsyslog(folder)
        told.append(folder / "rsyslog" / "read.jsonl")
    else:
        print("not looked at: rsyslog, for want of rsyslogd or of root")
    for path in told:
        assert CLEAR in path.read_bytes(), f"{path}: the search looks where findings are"


@pytest.fixture(name="made")
def made_fixture(tmp_path):
    """The made capture, and what must not leave it."""
    capture = tmp_path / "made.pcap"
    capture.write_bytes(pcap(secrets_made.frames()))
    return capture, looked_for([*secrets_made.PASSWORDS, secrets_made.USER, secrets_made.SUBJECT, secrets_made.BODY])


def test_the_search_finds_what_is_there(made, tmp_path):
    _, wanted = made
    hits = {form for _, form in found(wanted, tmp_path)}
    in_clear = {secret for secret in secrets_made.PASSWORDS if secret.encode() in hits}
    in_base64 = {secret for secret in secrets_made.PASSWORDS if cases.forms(secret) & hits}
    assert in_clear and in_base64 - in_clear
    assert len(in_base64) == len(secrets_made.PASSWORDS) - 2, "all but the two whose digests crossed instead"
    for form in wanted:
        (tmp_path / "planted").write_bytes(b"x" + form + b"y")
        assert ("planted", form) in found(wanted, tmp_path)


def test_no_password_name_or_word_of_mail_leaves_a_made_capture(made, tmp_path):
    capture, wanted = made
    folder = tmp_path / "told"
    folder.mkdir()
    tell_all(folder, [capture])
    flows = [json.loads(line) for line in (folder / "flows").read_text().splitlines()]
    assert sum(CLEAR.decode() in str(alert) for alert in shipping.records(folder / "journal")) >= len(secrets_made.HANDED_OVER)
    assert len(flows) >= len(secrets_made.HANDED_OVER)
    assert not found(wanted, folder)


def test_no_password_leaves_the_bundled_captures(tmp_path):
    wanted = cases.secrets()
    assert {form for _, form in found(wanted, *(path.parent for path in shipping.captures()))}, "they have them"
    tell_all(tmp_path, shipping.captures())
    assert not found(wanted, tmp_path)


LINES = {  # a password in clear as it is in the bytes of a capture; within a packet all of a line stands together
    "USER/PASS": rb"PASS ([^\r\n]{1,64})\r\n",
    "PLAIN": rb"(?i)AUTH(?:ENTICATE)? \"?PLAIN\"? (?:\{\d+\+?\}\r\n|\")?([A-Za-z0-9+/]{6,}={0,2})\"?\r\n",
    "PLAIN, asked for": rb"(?:334|\+) ?\r\n.{16,150}?([A-Za-z0-9+/]{8,80}={0,2})\r\n",
    "LOGIN": rb"334 UGFzc3dvcmQ6\r\n.{16,150}?([A-Za-z0-9+/]{4,80}={0,2})\r\n",
    "IMAP LOGIN": rb"(?i)(?<![\w =-])\w+ LOGIN (?:\"[^\"\r\n]*\"|[^\s\"{]+) (\"[^\"\r\n]*\"|[^\s\"{]+)\r\n",
}


def password_of(mechanism, word):
    """The password of such a line, or None where it only looked like one."""
    try:
        if mechanism in ("USER/PASS", "IMAP LOGIN"):
            return word.strip(b'"').decode()
        decoded = base64.b64decode(word, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    if mechanism == "LOGIN":
        return decoded
    return decoded.split("\0")[2] if decoded.count("\0") == 2 else None


def corpus():
    """Captures in which somebody logs in, the passwords of each mechanism, and what names the sensor may tell."""
    with open(CORPUS / "TRUTH.tsv", encoding="utf-8") as truth:
        rows = list(csv.DictReader(truth, delimiter="\t", quoting=csv.QUOTE_NONE))
    files = sorted({CORPUS / row["file"] for row in rows if row["cleartext_auth"] != "no"})
    passwords = {mechanism: {password_of(mechanism, word) for file in files for word in re.findall(line, file.read_bytes(), re.DOTALL)} - {None, ""}
                 for mechanism, line in LINES.items()}
    return files, passwords, " ".join(row[name] for row in rows for name in NAMES)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus ../shared/corpus is not here")
def test_no_password_leaves_the_captures_of_others(tmp_path):
    files, passwords, names = corpus()
    every = {password for some in passwords.values() for password in some}
    passed_over = {one for one in every if len(one) < SHORT or one in ORDINARY or one in names}
    print(f"{len(files)} captures, passwords: { {mechanism: len(some) for mechanism, some in passwords.items()} }; "
          f"not looked for, since short, ordinary or a name: {sorted(passed_over)}")
    assert all(passwords.values()) and len(every - passed_over) >= 10, "they are found in the captures"
    wanted = looked_for(every - passed_over)
    tell_all(tmp_path, files)
    assert not found(wanted, tmp_path)


def limits_of(pid):
    """Largest core a process may leave: soft, hard."""
    text = pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
    return re.search(r"Max core file size +(\S+) +(\S+)", text).groups()


def cores(folder):
    """Whatever they are called: nothing else here is an ELF file."""
    return [path for path in folder.rglob("*") if path.is_file() and path.read_bytes().startswith(b"\x7fELF")]


def crash(running, number):
    """The worker ends by this signal, and another takes its place."""
    before = running.worker()["pid"]
    os.kill(before, number)
    sensor.replaced(running, "worker 0", before)


@pytest.fixture(name="cores_allowed")
def cores_allowed_fixture():
    """Whoever starts the sensor would let it leave cores."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    if before[1] == 0:
        pytest.skip("no process may leave a core here")
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.fixture(name="running")
def running_fixture(tmp_path):
    """A sensor with outputs and metrics, all it writes below its own folder."""
    with with_ways_out(tmp_path, form="form: kv, ") as one:
        one.folder.chmod(0o777)  # a core has room where the sensor was started
        yield one


@pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
@pytest.mark.skipif(sensor.SANITIZED, reason="the sanitizer takes such signals itself")
@pytest.mark.usefixtures("cores_allowed")  # before the sensor starts
def test_no_password_is_in_what_a_running_sensor_writes_even_when_it_crashes(running, made):
    _, wanted = made
    needed = len(secrets_made.HANDED_OVER)
    running.send(secrets_made.frames())
    until(lambda: len(running.alerts(CLEAR.decode())) >= needed, "log-ins in clear")
    children = sensor.processes_of(running.process.pid)
    assert len(children) == 5, "worker, reporter, shipper, metrics, page"
    for pid in (running.process.pid, *children):
        assert limits_of(pid) == ("0", "0"), f"process {pid} may leave no core"
    for number in (signal.SIGBUS, signal.SIGSEGV):
        crash(running, number)
        running.send(secrets_made.frames())
    until(lambda: len(running.alerts("sensor.worker-restarted")) >= 2, "both crashes told")
    (running.folder / "status").write_text(json.dumps(running.status()))
    until(lambda: CLEAR in (running.out / "siem.json").read_bytes(), "the output")
    until((running.out / "mailwarden.prom").exists, "metrics")
    children = sensor.processes_of(running.process.pid)
    running.signal(signal.SIGABRT)  # as a watchdog ends the supervisor
    assert running.process.wait(timeout=sensor.PATIENCE_S) == -signal.SIGABRT
    until(lambda: not any(pathlib.Path(f"/proc/{child}").exists() for child in children), "the children to end")
    run(running.folder, "servers", "servers", running.state / "servers.state")
    assert not found(wanted, running.folder, running.out)
    assert not cores(running.folder)


@pytest.mark.usefixtures("cores_allowed")
def test_replay_leaves_no_core():
    with subprocess.Popen([MAILWARDEN, "replay", "-", "-m", MATRIX], cwd=ROOT, stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL) as process:
        limits = pathlib.Path(f"/proc/{process.pid}/limits")
        until(lambda: re.search(r"Max core file size +0 +0 ", limits.read_text(encoding="ascii")), "its limits")
        process.stdin.write(pcap([]))


@pytest.mark.skipif("/" in CORE_PATTERN or "|" in CORE_PATTERN, reason=f"cores go elsewhere here: {CORE_PATTERN}")
@pytest.mark.usefixtures("cores_allowed")
def test_a_core_of_a_process_that_may_leave_one_is_found_with_its_secret(tmp_path):
    script = "import os; kept = ''.join(['in-', 'memory-', 'only']); os.abort()"
    assert subprocess.run(["/usr/bin/python3", "-c", script], cwd=tmp_path, timeout=20, check=False).returncode == -signal.SIGABRT
    assert cores(tmp_path)
    assert found(looked_for(["in-memory-only"]), tmp_path)
