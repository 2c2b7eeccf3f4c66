"""mailwarden ship, and the outputs of a running sensor: what is in the journal gets there, whoever is killed."""

import json
import os
import pathlib
import random
import re
import select
import signal
import subprocess
import time

import pytest

import sensor
import shipping
from frames_made import dialogue
from sensor import MAILWARDEN, MATRIX, Sensor, is_found, json_lines, open_to_all, until, watches

WHY_NOT = sensor.why_not_here()
needs_namespace = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


def config(folder, *outputs, more=""):
    path = folder / "mailwarden.yaml"
    path.write_text(more + "outputs:\n" + "".join(f"  - {output}\n" for output in outputs))
    return path


def lines(path):
    return json_lines(path.read_text()) if path.exists() else []


def test_a_journal_of_a_replay_is_delivered_whole_and_once(tmp_path):
    shipping.replay_into(tmp_path / "journal")
    settings = config(tmp_path, f"{{type: file, name: all, path: {tmp_path}/all.json}}",
                      f"{{type: file, name: few, path: {tmp_path}/few.json, events: alert, severity: high}}")
    for _ in range(2):  # the second time there is nothing left to send
        answer = shipping.ship(settings, tmp_path / "journal", "--once")
        assert answer.returncode == 0, answer.stderr
    everything = shipping.records(tmp_path / "journal")
    assert lines(tmp_path / "all.json") == everything
    assert lines(tmp_path / "few.json") == [one for one in everything
                                            if "alert" in one and one["alert"]["severity"] <= 2]


def test_event_ids_are_of_one_replay_alone_in_a_journal_and_the_same_without(tmp_path):
    one = shipping.captures()[:3]
    for _ in range(2):
        shipping.replay_into(tmp_path / "journal", files=one)
    ids = [record["event_id"] for record in shipping.records(tmp_path / "journal")]
    assert len(ids) == len(set(ids)) and len(ids) > 4
    outputs = {subprocess.run([MAILWARDEN, "replay", *map(str, one), "-m", str(MATRIX), "--json"], check=True,
                              capture_output=True, timeout=60).stdout for _ in range(2)}
    assert len(outputs) == 1


def test_standard_output_is_an_output_too(tmp_path):
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:5])
    settings = config(tmp_path, '{type: file, name: pipe, path: "-"}')
    answer = shipping.ship(settings, tmp_path / "journal", "--once")
    assert answer.returncode == 0
    assert [json.loads(line) for line in answer.stdout.splitlines()] == shipping.records(tmp_path / "journal")


def test_a_shipper_killed_at_any_moment_loses_nothing_and_tears_no_line(tmp_path):
    shipping.replay_into(tmp_path / "journal")
    settings = config(tmp_path, f"{{type: file, path: {tmp_path}/all.json, sync: no}}")
    chance = random.Random(5)
    for _ in range(20):
        one = shipping.start_shipping(settings, tmp_path / "journal")
        time.sleep(chance.random() * 0.02)  # any moment of its life
        one.kill()
        one.wait()
        shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:8])
    assert shipping.ship(settings, tmp_path / "journal", "--once").returncode == 0
    wanted = {record["event_id"] for record in shipping.records(tmp_path / "journal")}
    got = [record["event_id"] for record in lines(tmp_path / "all.json")]
    assert set(got) == wanted
    print(f"{len(wanted)} records, {len(got) - len(wanted)} of them twice")


def test_a_file_that_was_rotated_is_opened_anew_on_hup(tmp_path):
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:3])
    settings = config(tmp_path, f"{{type: file, path: {tmp_path}/all.json}}")
    one = shipping.start_shipping(settings, tmp_path / "journal")
    before = len(shipping.records(tmp_path / "journal"))
    until(lambda: len(lines(tmp_path / "all.json")) == before, "the first records")
    (tmp_path / "all.json").rename(tmp_path / "all.json.1")
    one.send_signal(signal.SIGHUP)
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:3])
    until(lambda: len(lines(tmp_path / "all.json")) == before, "records in the new file")
    assert len(lines(tmp_path / "all.json.1")) == before
    one.terminate()
    assert one.wait(timeout=10) == 0


def test_a_full_disk_tears_no_line_and_is_made_up_for(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True)
    try:
        shipping.replay_into(tmp_path / "journal")
        settings = config(tmp_path, f"{{type: file, path: {disk}/all.json}}")
        one = shipping.start_shipping(settings, tmp_path / "journal", stderr=subprocess.PIPE, text=True)
        until(lambda: (disk / "all.json").exists() and (disk / "all.json").stat().st_size > 40000, "a disk that is full")
        assert "No space left" in one.stderr.readline()
        assert (disk / "all.json").read_text().endswith("}\n")
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        wanted = shipping.records(tmp_path / "journal")
        until(lambda: len(lines(disk / "all.json")) >= len(wanted), "the rest, when there is room")
        one.terminate()
        one.communicate(timeout=10)
        assert {record["event_id"] for record in lines(disk / "all.json")} == {record["event_id"] for record in wanted}
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("count", [1, 2])
def test_a_folder_without_a_journal_is_refused_and_left_as_it_was(tmp_path, count):
    settings = config(tmp_path, *(f"{{type: file, name: out{number}, path: {tmp_path}/out{number}.json}}" for number in range(count)))
    state, empty = tmp_path / "state", tmp_path / "empty"
    empty.mkdir()
    state.mkdir()
    shipping.replay_into(state / "journal", files=shipping.captures()[:3])
    for folder, hint in ((state, f"; is {state}/journal meant?"), (empty, "")):
        before = sorted(folder.rglob("*"))
        for words in (["--once"], []):
            answer = shipping.ship(settings, folder, *words)
            assert (answer.returncode, answer.stdout) == (3, "")
            assert answer.stderr == f"mailwarden ship: {folder} holds no journal{hint}\n"
        assert sorted(folder.rglob("*")) == before
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("text, wanted", [
    ("outputs:\n  - {type: file, pth: /x}\n", ':2:18: unknown key of output file "pth"; did you mean "path"?'),
    ("outputs:\n  - {type: file, path: /x, sevrity: low}\n", "did you mean"),
    ("outputs:\n  - {type: file, path: /x, limit: 479}\n", ':2:35: limit takes 0, or 480 to 65536, not "479"'),
    ("journal: {size: 0}\n", ":1:17: size takes 1 to"),
    ("journal: {sync: never}\n", ':1:17: unknown sync "never"'),
    ("journal: {size: 8, segment: 9}\n", "a segment is larger than all of it"),
    ("outputs:\n  - {type: relp, host: a, tls: yes}\n", ":2:5: output relp: tls needs ca, certificate and key"),
    ("outputs:\n  - {type: syslog-nt, receivers: a}\n", ':2:12: unknown type of output "syslog-nt"; did you mean "syslog-net"?'),
    ("outputs:\n  - {type: syslog-net, recievers: a}\n", ':2:24: unknown key of output syslog-net "recievers"; did you mean "receivers"?'),
    ("outputs:\n  - {type: syslog-net, receivers: 'a:b'}\n", ':2:5: output syslog-net: receivers: "a:b" is no HOST:PORT'),
    ("outputs:\n  - {type: syslog-net, receivers: a, transport: tlss}\n", ':2:49: unknown transport "tlss"; did you mean "tls"?'),
    ("outputs:\n  - {type: syslog-net, receivers: a, transport: tls}\n", ":2:5: output syslog-net: transport: tls needs ca"),
    ("outputs:\n  - {type: syslog-net, receivers: a, transport: tls, ca: /x, key: /y}\n", "certificate and key belong together"),
    ("outputs:\n  - {type: syslog-net, receivers: a, ca: /x}\n", "output syslog-net: ca needs transport: tls"),
    ("outputs:\n  - {type: syslog-net, receivers: a, transport: udp, limit: 65001}\n", "limit: by UDP 65000 at most"),
    ("outputs:\n  - {type: redis, path: /x, sentinels: [a]}\n", ":2:5: output redis: either path or sentinels"),
    ("outputs:\n  - {type: redis, servers: ['a:b']}\n", 'output redis: servers: "a:b" is no HOST:PORT'),
    ("outputs:\n  - {type: syslog, form: rfc5424}\n", ":2:5: output syslog: form rfc5424 is not for /dev/log"),
    ("jurnal: {}\n", ':1:1: unknown setting "jurnal"; did you mean "journal"?'),
])
def test_a_mistake_in_the_settings_is_told_with_its_place(tmp_path, text, wanted):
    path = tmp_path / "mailwarden.yaml"
    path.write_text(text)
    for words in (["check", "--config", path], ["ship", "-c", path], ["run", "-c", path]):
        answer = subprocess.run([MAILWARDEN, *map(str, words)], capture_output=True, text=True, timeout=10, check=False)
        assert answer.returncode == 2 and f"{path}" in answer.stderr and wanted in answer.stderr, answer.stderr


@pytest.mark.parametrize("text, wanted", [
    ("interface: lo\nqueue: 0\n", "either interfaces or queues, not both"),
    ("queue: 0:99\n", "more than 64 queues"),
    ("user: nosuchuser\n", 'user: no user "nosuchuser"'),
])
def test_settings_that_contradict_are_told_before_the_start(tmp_path, text, wanted):
    path = tmp_path / "mailwarden.yaml"
    path.write_text(text)
    answer = subprocess.run([MAILWARDEN, "check", "--config", str(path)], capture_output=True, text=True, timeout=10, check=False)
    assert answer.returncode == 2 and answer.stderr.startswith(f"{path}: ") and wanted in answer.stderr, answer.stderr


@needs_namespace
@pytest.mark.parametrize("text, wanted", [
    ("interface: nosuch0\n", "nosuch0: No such device"),
    ("interface: lo\nuser: nosuchuser\n", 'no user "nosuchuser"'),
    ("interface: lo\noutputs:\n  - {type: file, path: /nosuch/x}\n", "/nosuch/: No such file or directory"),
    ("interface: lo\noutputs:\n  - {type: relp, host: '::1', tls: yes, ca: /nosuch, certificate: /nosuch, key: /nosuch}\n",
     "/nosuch: No such file or directory"),
    ("interface: lo\noutputs:\n  - {type: syslog-net, receivers: '[::1]:6514', transport: tls, ca: /nosuch}\n", "/nosuch: "),
    ("interface: lo\noutputs:\n  - {type: redis, path: /x, user: a, password_file: /nosuch}\n", "/nosuch: No such file or directory"),
])
def test_what_a_start_finds_missing_a_check_finds_missing(tmp_path, text, wanted):
    path = tmp_path / "mailwarden.yaml"
    path.write_text(f"matrix: {sensor.ROOT}/rules/anssi-reference.yaml\nstate-dir: {tmp_path}/state\n{text}")
    for words in (["check", "--config"], ["run", "-c"]):
        answer = subprocess.run(["unshare", "-n", MAILWARDEN, *words, str(path)], capture_output=True, text=True, timeout=20, check=False)
        assert answer.returncode in (2, 3) and wanted in answer.stderr, answer.stderr
        assert answer.stderr.count(wanted) == 1 or words[0] == "run"


def test_a_check_leaves_no_file_behind(tmp_path):
    path = config(tmp_path, f"{{type: file, path: {tmp_path}/siem.json}}", "{type: unix, path: /run/nobody.sock}",
                  "{type: relp, host: '::1', port: 1}", "{type: redis, path: /run/nobody.sock}")
    before = sorted(tmp_path.rglob("*"))
    answer = subprocess.run([MAILWARDEN, "check", "--config", str(path)], capture_output=True, text=True, timeout=10, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("text, wanted", [
    (None, "No such file"), ("schema: 1\nrows: {}\n", "matrix.yaml:2:7: \"rows\" must be a list"),
])
def test_a_matrix_that_the_settings_name_and_no_sensor_could_read_is_told(tmp_path, text, wanted):
    matrix = tmp_path / "matrix.yaml"
    if text:
        matrix.write_text(text)
    path = tmp_path / "mailwarden.yaml"
    path.write_text(f"matrix: {matrix}\ninterface: lo\n")
    answer = subprocess.run([MAILWARDEN, "check", "--config", str(path)], capture_output=True, text=True, timeout=10, check=False)
    assert answer.returncode == 2 and "matrix: " in answer.stderr and wanted in answer.stderr, answer.stderr


def test_settings_that_are_right_are_told_to_be(tmp_path):
    path = config(tmp_path, "{type: file, path: /x, severity: high, events: alert}", more="journal: {size: 8, segment: 2}\n")
    answer = subprocess.run([MAILWARDEN, "check", "--config", str(path)], capture_output=True, text=True, timeout=10, check=False)
    assert answer.returncode == 0 and "output file:" in answer.stdout and "alerts from high up" in answer.stdout


@pytest.mark.parametrize("text, workers, flows, rings", [
    ("interface: lo\n", 1, 262144, 64),
    ("interface: lo\ntable: 1024\nshunt: no\n", 1, 1024, 64),
    ("interface: lo\ntable: 1024\nshunt: yes\n", 1, 1024, 64 + 12.75),
    ("interface: lo\nworkers: 2\ntable: 1048576\nring: 32\n", 2, 1048576, 32),
    ("queue: 0:3\ntable: 1024\n", 4, 1024, 0),
])
def test_right_settings_say_what_memory_they_will_take(tmp_path, text, workers, flows, rings):
    path = tmp_path / "mailwarden.yaml"
    path.write_text(text)
    answer = subprocess.run([MAILWARDEN, "check", "--config", str(path)], capture_output=True, text=True, timeout=10, check=False)
    words = " ".join(answer.stdout.split())
    told = re.search(r"memory: its workers \((\d+)\) take (\d+) MB at most; each has room for (\d+) flows and looks into (\d+) at once", words)
    assert told and [int(told[1]), int(told[3]), int(told[4])] == [workers, flows, flows // 4], answer.stdout
    least = workers * (64 + (flows * 132 + flows // 4 * 3800) / 2**20) + rings
    assert least <= int(told[2]) + 1 <= least * 1.15, answer.stdout


@needs_namespace
class TestRunning:
    """Outputs of a running sensor."""

    @pytest.fixture
    def run(self, tmp_path):
        out = tmp_path / "out"
        out.mkdir()
        open_to_all(tmp_path, out)
        settings = config(tmp_path, f"{{type: file, name: siem, path: {out}/siem.json}}",
                          more="journal: {size: 8, segment: 1, sync: interval}\n")
        one = Sensor("-c", settings)
        one.out = out / "siem.json"
        yield one
        one.close()

    def output(self, run):
        return run.status()["outputs"][0]

    def test_every_record_reaches_the_output_and_status_tells_of_it(self, run):
        watches(run, 70)
        until(lambda: len(lines(run.out)) == len(run.records()), "all records in the output")
        until(lambda: self.output(run)["delivered"] == len(run.records()), "the status to tell")
        output = self.output(run)
        assert (output["name"], output["type"], output["down"]) == ("siem", "file", False)
        assert run.end() == 0
        assert lines(run.out) == run.records()  # what came last while it ended, too

    def test_a_shipper_that_is_killed_is_started_again_and_loses_nothing(self, run):
        for host in (70, 71, 72):
            before = self.output(run)["pid"]
            os.kill(before, signal.SIGKILL)
            watches(run, host)
            until(lambda: self.output(run)["pid"] not in (0, before), "another shipper")
        assert run.alerts("sensor.worker-restarted")
        assert run.end() == 0
        assert {one["event_id"] for one in lines(run.out)} == {one["event_id"] for one in run.records()}

    def test_a_shipper_has_no_rights_left(self, run):
        text = open(f"/proc/{self.output(run)['pid']}/status", encoding="ascii").read()
        fields = dict(line.split(":\t", 1) for line in text.splitlines())
        assert fields["Seccomp"].startswith("2") and int(fields["CapEff"], 16) == 0 and fields["NoNewPrivs"] == "1"

    def test_a_shipper_is_woken_by_what_is_written_to_the_journal(self, run):
        folder = f"ino:{(run.state / 'journal').stat().st_ino:x} "
        pid = self.output(run)["pid"]
        of_files = [file.read_text() for file in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir()]
        assert sum("inotify wd:" in text and folder in text for text in of_files) == 1


@needs_namespace
def test_a_named_pipe_without_a_reader_is_an_output_that_is_down_and_nothing_hangs(tmp_path):
    open_to_all(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o666)
    one = Sensor("-c", config(tmp_path, f"{{type: file, name: siem, path: {pipe}, events: alert}}"))
    try:
        assert "output is not ready yet" not in one.log()
        watches(one, 70)
        output = until(lambda: next((part for part in one.status()["outputs"] if part["down"]), None), "the output to be down")
        assert (output["state"], output["delivered"], output["restarts"]) == ("running", 0, 0)
        until(lambda: "pipe: nobody reads from it" in one.log(), "the reason")
        with open(pipe, encoding="utf-8") as reader:
            alert = json.loads(reader.readline())
            assert "alert" in alert
            until(lambda: not one.status()["outputs"][0]["down"], "the output to take records")
        assert one.end() == 0
    finally:
        one.close()


def test_a_line_is_not_torn_by_a_reader_that_is_slow(tmp_path):
    shipping.replay_into(tmp_path / "journal")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    settings = config(tmp_path, f"{{type: file, path: {pipe}}}")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    one = shipping.start_shipping(settings, tmp_path / "journal", "--once")
    with open(reader, encoding="utf-8") as got:
        wanted = shipping.records(tmp_path / "journal")
        assert sum(map(len, map(json.dumps, wanted))) > 1 << 16, "more than a pipe holds"
        beside = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        until(lambda: not select.select([], [beside], [], 0)[1], "a pipe that is full")
        os.close(beside)
        os.set_blocking(reader, True)
        assert [json.loads(line) for line in got] == wanted
    assert one.wait(timeout=10) == 0


def test_lines_that_are_no_records_are_told_and_hold_up_no_other(tmp_path):
    shipping.replay_into(tmp_path / "journal", files=shipping.captures()[:2])
    wanted = shipping.records(tmp_path / "journal")
    segment = max((tmp_path / "journal").glob("*.eve.jsonl"))
    with open(segment, "a", encoding="utf-8") as file:
        file.write(json.dumps({**wanted[0], "host": "\0"}) + "\n" + json.dumps(wanted[0]) + "\n")
    said = shipping.ship(config(tmp_path, f"{{type: file, name: siem, path: {tmp_path}/siem.json}}"), tmp_path / "journal", "--once").stderr
    assert said.count("lines of the journal that are no records of ours were not sent: 1, the last before byte") == 1
    assert lines(tmp_path / "siem.json") == [*wanted, wanted[0]]


@needs_namespace
def test_alerts_above_the_ceiling_are_held_back_and_counted(tmp_path):
    one = Sensor("--alert-rate", "sender.illegitimate=2", matrix=MATRIX.read_text())
    try:
        for host in range(71, 87):
            one.send(dialogue(host))
        until(lambda: one.worker()["flows"] == 16, "the dialogues")
        assert one.end() == 0
        assert sum(len(is_found(one, host)) for host in range(71, 87)) == 2
        held = one.alerts("sensor.alerts-held")  # of five: the first, and each doubling of the hosts
        assert [alert["alert"]["metadata"]["count"] for alert in held] == [3]
        assert "3 alerts of sender.illegitimate were held back" in held[0]["alert"]["metadata"]["detail"]
        assert len([record for record in one.records() if record["event_type"] == "mail"]) == 16  # no flow is hidden
    finally:
        one.close()


@pytest.fixture(name="deaf")
def sensor_whose_output_is_down(tmp_path):
    if os.path.exists("/dev/log"):
        pytest.skip("a log daemon runs here; the test needs an output that is down")
    open_to_all(tmp_path)
    one = Sensor("-c", config(tmp_path, "{type: syslog, severity: high}"))
    yield one
    one.close()


def output_of(one, what, is_wanted, patience=sensor.PATIENCE_S):
    """The one output that it has, once it is as wanted."""
    return until(lambda: next(filter(is_wanted, one.status()["outputs"]), None), what, patience=patience)


@needs_namespace
def test_what_is_told_of_an_output_outlives_its_process(deaf):
    watches(deaf, 70)
    output_of(deaf, "the age of what waits", lambda part: part["lag_us"] > 0)
    segment = sorted((deaf.state / "journal").glob("*.eve.jsonl"))[-1]
    segment.unlink()
    deaf.send(dialogue(71))
    before = output_of(deaf, "the loss to be told, with the next try", lambda part: part["lost_bytes"] > 0, patience=40)
    lost = before["lost_bytes"]
    os.kill(before["pid"], signal.SIGKILL)
    after = output_of(deaf, "another process", lambda part: part["pid"] not in (0, before["pid"]) and part["state"] == "running")
    for _ in range(20):
        assert after["down"] and after["lost_bytes"] == lost
        assert after["lag_us"] > before["lag_us"] and after["down_us"] > before["down_us"]
        after = deaf.status()["outputs"][0]
        time.sleep(0.1)
    told = subprocess.run([MAILWARDEN, "status", "--state-dir", str(deaf.state)], capture_output=True, text=True, timeout=10,
                          check=False).stdout
    assert f"{lost} bytes of records were lost" in told and "down for " in told


@needs_namespace
def test_an_output_that_stays_down_is_told_once_and_its_process_renewed(deaf):
    watches(deaf, 70)
    first = output_of(deaf, "the output to be down, and what waits for it to be told",
                      lambda part: part["down"] and part["backlog_bytes"] > 0)
    assert first["delivered"] == 0
    alert = until(lambda: deaf.alerts("sensor.output-down"), "an alert", patience=80)[0]
    assert alert["sensor"]["process"] == "syslog"
    output = output_of(deaf, "another process that resolves names again", lambda part: part["pid"] not in (0, first["pid"]), patience=20)
    assert output["down"] and output["down_us"] > 50_000_000 and output["lag_us"] > 50_000_000
    assert len(deaf.alerts("sensor.output-down")) == 1 and not deaf.alerts("sensor.worker-restarted")
    assert deaf.log().count("output down, records wait in the journal") <= 3  # one a minute
    assert deaf.end() == 0
