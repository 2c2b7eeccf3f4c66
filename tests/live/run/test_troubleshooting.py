"""docs/troubleshooting.md: each mistake of its table of starts is made, and the sensor says what the table says."""

import re
import subprocess

import pytest

import shipping
from sensor import MATRIX, MAILWARDEN, PATIENCE_S, ROOT, open_to_all, why_not_here

pytestmark = pytest.mark.skipif(why_not_here() is not None, reason=str(why_not_here()))
PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
NO_ROWS = "rows: [\n"


def rows(head):
    """Of the table that begins so: its cells."""
    table = PAGE.split(f"| {head} |")[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]


STARTS = {said.strip("`"): int(code) for said, code, _ in rows("what it prints | code | do")}


def settings(folder, text):
    (folder / "settings.yaml").write_text(text)
    return ["-c", folder / "settings.yaml"]


def matrix(folder, text=None, mode=0o644):
    path = folder / "matrix.yaml"
    path.write_text(text or MATRIX.read_text())
    path.chmod(mode)
    return ["-m", path]


def nobody(words):
    return ["setpriv", "--reuid", "nobody", "--clear-groups", *words]


def others(folder):
    (folder / "state").mkdir()
    return []


# how each mistake of the table is made: the words behind `run` in a folder, where they are not -m matrix.yaml -i lo
MADE = {
    "no matrix given": lambda folder: ["-i", "lo"],
    "nothing to watch": matrix,
    "either interfaces or queues": lambda folder: [*matrix(folder), "-i", "lo", "-q", "0"],
    "unknown setting": lambda folder: settings(folder, "interfac: lo\n"),
    "output syslog": lambda folder: [*settings(folder, "outputs: [{type: syslog, form: rfc5424}]\n"), *matrix(folder), "-i", "lo"],
    "matrix.yaml: cannot open: No": lambda folder: ["-m", folder / "matrix.yaml", "-i", "lo"],
    "matrix.yaml: cannot open: Perm": lambda folder: [*matrix(folder, mode=0o600), "-i", "lo"],
    "not YAML": lambda folder: [*matrix(folder, NO_ROWS), "-i", "lo"],
    "no user": lambda folder: [*matrix(folder), "-i", "lo", "--user", "nosuchuser"],
    "nosuch: No such device": lambda folder: [*matrix(folder), "-i", "lo,nosuch"],
    "That device is not up": lambda folder: [*matrix(folder), "-i", "lo"],
    "You don't have permission": lambda folder: [*matrix(folder), "-i", "lo"],
    "another sensor": lambda folder: [*matrix(folder), "-i", "lo"],
    "/nosuch/": lambda folder: [*settings(folder, "outputs: [{type: file, path: /nosuch/eve.json}]\n"), *matrix(folder), "-i", "lo"],
    "state does not belong": lambda folder: [*matrix(folder), "-i", "lo", *others(folder)],
}
AS_NOBODY = {"matrix.yaml: cannot open: Perm", "You don't have permission"}


def words_of(key, folder):
    words = [MAILWARDEN, "run", *map(str, MADE[key](folder)), "--state-dir", str(folder / "state")]
    link = "down" if key.startswith("That device") else "up"
    apart = ["unshare", "-n", "sh", "-c", f'ip link set lo {link}; exec "$@"', "sh"]
    return [*apart, *(nobody(words) if key in AS_NOBODY else words)]


def start(words):
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


@pytest.fixture(name="folder")
def folder_of_all(tmp_path):
    open_to_all(tmp_path)
    return tmp_path


def test_every_mistake_of_the_table_is_made():
    made = {said: [key for key in MADE if said.startswith(key)] for said in STARTS}
    assert all(len(keys) == 1 for keys in made.values()) and sorted(key for keys in made.values() for key in keys) == sorted(MADE), made


@pytest.mark.parametrize("said", STARTS)
def test_a_start_that_fails_says_what_the_table_says(said, folder):
    words = words_of(next(key for key in MADE if said.startswith(key)), folder)
    if said.startswith("another sensor"):
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as first:
            assert any("watching lo" in line for line in first.stderr)
            answer = start(words)
            first.terminate()
    else:
        answer = start(words)
    assert said in answer.stderr and answer.returncode == STARTS[said], answer


# of a reason of the table: an output that is down for it
DOWN = {"Connection refused": '{type: syslog-net, receivers: "127.0.0.1:4"}',
        "error opening connection to remote peer": "{type: relp, host: 127.0.0.1, port: 4}",
        "Temporary failure in name resolution": "{type: redis, servers: nosuch.invalid}",
        "nobody reads there": "{type: unix, path: /nosuch/socket}",
        "no broker is there": '{type: kafka, brokers: "127.0.0.1:4", topic: mail}',
        "/dev/log: No such file or directory": "{type: syslog}"}
BY_OTHERS = {"what it has read is not known", "certificate", "WRONGPASS", "Permission denied"}  # tests/live/outputs


@pytest.mark.parametrize("reason", DOWN)
def test_an_output_that_is_down_says_what_the_table_says(reason, tmp_path):
    settings(tmp_path, f"outputs: [{DOWN[reason]}]\n")
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:1])
    words = ["unshare", "-n", "-m", "sh", "-c", 'ip link set lo up; mount -t tmpfs none /dev; exec "$@"', "sh"]
    with shipping.start_shipping(tmp_path / "settings.yaml", tmp_path / "journal", "--once", prefix=words, stderr=subprocess.PIPE, text=True) as one:
        said = one.stderr.readline()
        one.kill()
    assert "output down, records wait in the journal: " in said and reason in said


def test_every_reason_of_the_table_is_tried_here_or_with_a_receiver():
    listed = {re.match(r"`([^`]+)`", said)[1] for said, *_ in rows("the reason says | output | do")}
    assert listed == {*DOWN, *BY_OTHERS}
    others = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/live/outputs").glob("*.py"))
    assert [reason for reason in BY_OTHERS if reason not in others] == []


def test_exit_codes_are_those_of_the_table(tmp_path):
    codes = {int(code): text for code, text in rows("code | means")}
    assert start([MAILWARDEN, "check", "--quiet", str(MATRIX)]).returncode == 0 and sorted(codes) == [0, 1, 2, 3]
    assert start([MAILWARDEN, "explain", "--exit-code", "-m", str(MATRIX), "192.0.2.70", "internet", "smtp"]).returncode == 1
    assert start([MAILWARDEN, "explain", "-m", str(MATRIX), "192.0.2.70", "internet", "smtp"]).returncode == 0
    assert start([MAILWARDEN, "check", str(tmp_path / "missing")]).returncode == 2
    for command in (["status"], ["unban", "192.0.2.1"]):
        assert start([MAILWARDEN, *command, "--state-dir", str(tmp_path)]).returncode == 3
    assert "`unban`" in codes[1] and "`fleet`" in codes[1] and "`status` and `unban`" in codes[3]


def test_the_lines_of_an_unhealthy_sensor_are_those_of_the_code():
    source = (ROOT / "sensor/status/status.c").read_text(encoding="utf-8")
    said = [line for line, *_ in rows("line | means | do")]
    whole = re.search(r"^bool status_is_healthy\(.*?^\}", source, re.MULTILINE | re.DOTALL)[0]
    formats = re.findall(r'reason_set\(\s*why, "([^"]+)"', whole)
    assert len(formats) == len(said) == 4
    for one, line in zip(formats, said):
        words = [word for word in re.split(r"%s|PRIu64|%", one) if len(word) > 3]
        assert all(word.strip() in line for word in words), (one, line)
