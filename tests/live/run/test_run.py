"""mailwarden run: whatever is killed, stopped, broken or full, mail is watched again within a second, and told of."""

import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

import captures
import sensor
from frames_made import dialogue, ending, exchange, pcap
from sensor import FOUND, MAILWARDEN, MATRIX, Sensor, is_found, replaced, until, watches

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
SOON_S = 1.0
HALF_BYTES = 512 << 20  # of the memory that matrices are in
IS_SANITIZED = b"__asan_init" in pathlib.Path(MAILWARDEN).read_bytes()


@pytest.fixture
def run():
    one = Sensor()
    yield one
    one.close()


def test_a_dialogue_is_judged_and_told_as_replay_does(run, tmp_path):
    watches(run, 70)
    alert = is_found(run, 70)[0]
    assert alert["in_iface"] == "tap0" and alert["host"] == "sensor.example.org"
    assert run.end() == 0
    kinds = [record["event_type"] for record in run.records()]
    assert kinds[0] == "matrix" and "mail" in kinds
    mail = next(record for record in run.records() if record["event_type"] == "mail")
    capture = tmp_path / "same.pcap"
    capture.write_bytes(pcap(dialogue(70)))
    answer = subprocess.run([MAILWARDEN, "replay", capture, "-m", MATRIX, "--json", "--table", "1024"],
                            capture_output=True, check=True)
    replayed = next(record for record in map(json.loads, answer.stdout.splitlines()) if record["event_type"] == "mail")
    assert mail["mail"] == replayed["mail"]
    assert mail["community_id"] == replayed["community_id"]


def test_event_ids_are_unique_over_all_processes_and_restarts(run):
    watches(run, 70)
    before = run.worker()["pid"]
    os.kill(before, signal.SIGKILL)
    replaced(run, "worker 0", before)
    watches(run, 71)
    run.end()
    ids = [record["event_id"] for record in run.records()]
    assert len(ids) == len(set(ids)) and len(ids) > 4


def test_event_ids_are_unique_over_starts_in_one_second(run):
    for _ in range(5):
        assert run.end() == 0
        run.start()
    assert run.end() == 0
    ids = [record["event_id"] for record in run.records()]
    assert len(ids) == len(set(ids)) and len({one.split("-")[-2] for one in ids}) == 6


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP], ids=["killed", "crashed", "stopped"])
def test_a_worker_that_dies_or_hangs_is_replaced_within_a_second_and_told(run, how):
    if how == signal.SIGSEGV and IS_SANITIZED:
        pytest.skip("the sanitizer takes SIGSEGV itself")
    watches(run, 70)
    before = run.worker()["pid"]
    start = time.monotonic()
    os.kill(before, how)
    replaced(run, "worker 0", before)
    took = time.monotonic() - start
    assert took < SOON_S * (4 if IS_SANITIZED else 1) or os.getloadavg()[0] > os.cpu_count(), took
    watches(run, 71)
    alert = until(lambda: run.alerts("sensor.worker-restarted"), "the alert")[0]
    assert alert["sensor"]["process"] == "worker 0"
    wanted = "did not answer" if how == signal.SIGSTOP else f"signal {int(how)}"
    assert wanted in alert["alert"]["metadata"]["detail"]
    assert run.worker()["restarts"] == 1


def test_a_worker_that_is_stopped_while_it_starts_is_replaced_within_a_second_and_told(run):
    watches(run, 70)
    for _ in range(50):  # it may be faster than this test
        hanging = sensor.stop_the_next_start(run.process.pid, run.worker()["pid"])
        if run.worker()["state"] == "starting":
            break
        replaced(run, "worker 0", hanging)
    else:
        raise AssertionError("it was always faster")
    took = replaced(run, "worker 0", hanging)
    assert 0.5 < took < (2 if os.getloadavg()[0] < os.cpu_count() else 15), took
    watches(run, 71)
    until(lambda: "hung while it started" in str(run.alerts("sensor.worker-restarted")), "the alert")


def test_a_killed_reporter_loses_no_record(run):
    watches(run, 70)
    before = run.part("reporter")["pid"]
    os.kill(before, signal.SIGSTOP)
    run.send(dialogue(71))
    os.kill(before, signal.SIGKILL)
    run.send(dialogue(72))
    replaced(run, "reporter", before)
    for host in (71, 72):
        until(lambda: is_found(run, host), f"host {host}")
    assert until(lambda: run.alerts("sensor.worker-restarted"), "the alert")[0]["sensor"]["process"] == "reporter"
    assert run.worker()["restarts"] == 0


def cut_off(run):
    return [alert["alert"]["metadata"]["detail"] for alert in run.alerts("sensor.cut-off")]


def test_all_processes_end_when_the_supervisor_is_killed_and_report_what_they_had(run):
    watches(run, 70)
    children = sensor.processes_of(run.process.pid)
    assert len(children) == 3
    run.process.kill()
    run.process.wait()
    until(lambda: not any(pathlib.Path(f"/proc/{child}").exists() for child in children), "the children to end")
    assert [record for record in run.records() if record["event_type"] == "mail"]
    assert len(cut_off(run)) == 1 and f"process {run.process.pid}" in cut_off(run)[0], "told before it ends"
    run.start()
    watches(run, 71)
    assert len(cut_off(run)) == 1, "told once"


def test_the_next_start_tells_of_a_sensor_that_was_killed_as_a_whole_once(run):
    watches(run, 70)
    for pid in (*sensor.processes_of(run.process.pid), run.process.pid):
        os.kill(pid, signal.SIGKILL)
    run.process.wait()
    killed = run.process.pid
    assert not cut_off(run)
    run.start()
    (detail,) = until(lambda: cut_off(run), "the alert")
    assert f"process {killed}" in detail and "last worked" in detail
    assert run.end() == 0
    run.start()
    watches(run, 71)
    assert len(cut_off(run)) == 1


def test_a_start_right_behind_a_killed_supervisor_waits_for_what_is_left_and_works(run):
    watches(run, 70)
    worker = run.worker()["pid"]
    os.kill(worker, signal.SIGSTOP)
    run.process.kill()
    run.process.wait()
    run.start()
    until(lambda: not pathlib.Path(f"/proc/{worker}").exists(), "the end of the worker before")
    watches(run, 71)
    assert len(cut_off(run)) == 1
    assert run.worker()["restarts"] == 0


def test_the_order_to_end_given_to_all_processes_at_once_loses_nothing(run):
    watches(run, 70)
    for pid in (*sensor.processes_of(run.process.pid), run.process.pid):  # as a service manager does
        os.kill(pid, signal.SIGTERM)
    assert run.process.wait(timeout=20) == 0
    assert [record for record in run.records() if record["event_type"] == "mail"]
    assert not cut_off(run) and not run.alerts("sensor.worker-restarted")


def test_term_reports_the_flows_that_are_open_and_ends_with_0(run):
    watches(run, 70)
    assert not [record for record in run.records() if record["event_type"] == "mail"]
    assert run.end() == 0
    assert "while the sensor ended" not in run.log()
    assert [record for record in run.records() if record["event_type"] == "mail"]
    status = run.status()
    assert not status["running"]
    assert {part["state"] for part in status["processes"][1:]} == {"ended"}


def test_an_order_to_end_that_comes_while_the_matrix_is_read_ends_the_start_with_0_and_is_no_cut_off(run):
    assert run.end() == 0
    right = run.matrix.read_bytes()
    run.matrix.unlink()
    os.mkfifo(run.matrix)  # nobody writes to it
    start = subprocess.Popen([MAILWARDEN, "run", "-m", run.matrix, "-i", "lo", "--state-dir", run.state],
                             stderr=subprocess.PIPE)
    until(lambda: sensor.processes_of(start.pid), "the loader")
    (loader,) = sensor.processes_of(start.pid)
    start.send_signal(signal.SIGTERM)
    assert b"matrix" not in start.communicate(timeout=5)[1] and start.returncode == 0
    assert not pathlib.Path(f"/proc/{loader}").exists()
    run.matrix.unlink()
    run.matrix.write_bytes(right)
    run.start()
    watches(run, 70)
    assert not cut_off(run)


def is_pending(pid, number):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split("ShdPnd:")[1].split()[0], 16) >> (number - 1) & 1


def test_a_second_interrupt_ends_at_once(run):
    worker = run.worker()["pid"]
    os.kill(worker, signal.SIGSTOP)
    run.signal(signal.SIGINT)
    until(lambda: is_pending(worker, signal.SIGTERM), "the worker to be told, which stands still")
    run.signal(signal.SIGINT)
    assert run.process.wait(timeout=5) == 3


def test_a_worker_that_dies_while_the_sensor_ends_is_told(run):
    worker = run.worker()["pid"]
    os.kill(worker, signal.SIGSTOP)
    run.signal(signal.SIGTERM)
    until(lambda: is_pending(worker, signal.SIGTERM), "the worker to be told, which stands still")
    os.kill(worker, signal.SIGKILL)
    run.process.wait(timeout=5)
    assert "worker 0: ended by signal 9 (Killed) while the sensor ended" in run.log()


def test_a_reload_changes_verdicts_between_two_packets_and_keeps_the_flows(run):
    run.send(dialogue(70)[:3])
    until(lambda: run.worker()["flows"] == 1, "the flow")
    text = run.matrix.read_text()
    run.matrix.write_text(text + "  - {id: T-99, from: workstations, to: internet, protocols: [smtp], tls: optional, ports: all}\n")
    worker = run.worker()["pid"]
    run.signal(signal.SIGHUP)
    until(lambda: run.worker()["matrix"] == 2, "the second matrix")
    run.send(dialogue(70)[3:] + ending(70))
    mail = until(lambda: [record for record in run.records() if record["event_type"] == "mail"], "the record")[0]
    assert mail["mail"]["row"] == "T-99" and mail["mail"]["verdict"] == "legitimate"
    assert not run.alerts(FOUND)
    assert run.worker()["pid"] == worker and run.worker()["restarts"] == 0


def test_a_bad_reload_changes_nothing_and_is_told_with_its_line(run):
    good = run.matrix.read_text()
    run.matrix.write_text(good.replace("from: workstations", "from: workstatoins", 1))
    run.signal(signal.SIGHUP)
    alert = until(lambda: run.alerts("sensor.reload-failed"), "the alert")[0]
    assert f"{run.matrix}:" in alert["alert"]["metadata"]["detail"]
    assert "workstatoins" in run.log() and f"{run.matrix}:" in run.log()
    assert run.status()["reloads_refused"] == 1 and run.status()["matrix"] == 1
    watches(run, 70)
    run.matrix.write_text(good)
    run.signal(signal.SIGHUP)
    until(lambda: run.worker()["matrix"] == 2, "the second matrix")
    watches(run, 71)


@pytest.mark.parametrize("content", ["", "\0" * 100, "schema: 1\n", None], ids=["empty", "zeros", "no rows", "missing"])
def test_no_file_can_break_a_running_sensor(run, content):
    if content is None:
        run.matrix.unlink()
    else:
        run.matrix.write_text(content)
    run.signal(signal.SIGHUP)
    until(lambda: run.status()["reloads_refused"] == 1, "the refusal")
    watches(run, 70)


def test_many_reloads_in_a_row_leave_no_memory_and_no_file_behind(run):
    watches(run, 70)
    pids = [run.process.pid, run.worker()["pid"], run.part("reporter")["pid"]]

    def files():
        return [len(os.listdir(f"/proc/{pid}/fd")) for pid in pids]

    def resident():
        text = pathlib.Path(f"/proc/{pids[1]}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0])

    def reload():
        before = run.status()["matrix"]
        run.signal(signal.SIGHUP)
        until(lambda: run.worker()["matrix"] == before + 1, "the next matrix")

    for _ in range(3):
        reload()
    files_before, resident_before = files(), resident()
    for _ in range(20):
        reload()
    assert files() == files_before
    if not sensor.SANITIZED:
        assert resident() - resident_before < 2048
    assert run.worker()["restarts"] == 0


def test_hup_opens_the_file_of_records_anew(run):
    watches(run, 70)
    (run.state / "eve.json").rename(run.state / "eve.json.1")
    run.signal(signal.SIGHUP)
    until(lambda: (run.state / "eve.json").exists(), "the new file")
    watches(run, 71)
    assert (run.state / "eve.json.1").read_text().endswith("\n")


LOGIN = [(False, b"* OK ready\r\n"), (True, b"1 LOGIN user made-up\r\n"), (False, b"1 OK in\r\n")]


def status_text(run):
    return subprocess.run([MAILWARDEN, "status", "--state-dir", run.state], capture_output=True, text=True, timeout=20,
                          check=False)


def test_status_has_every_finding_the_gravest_first_and_no_word_of_queues_without_one(run):
    frames = [frame for host in (70, 71, 72) for frame in dialogue(host)]
    run.send(frames + exchange(73, LOGIN, port=143))
    until(lambda: run.status()["findings"].get(FOUND) == 3 and run.alerts("tls.credentials-clear"), "the findings")
    lines = status_text(run).stdout.split("\nFindings\n")[1].split("\n\n")[0].splitlines()
    grades = ["critical", "high", "medium", "low"]
    told = [(grades.index(line.split()[1]), -int(line.split()[0])) for line in lines]
    assert told == sorted(told) and told[0][0] == 0
    assert {line.split()[2] for line in lines} == set(run.status()["findings"])
    assert "mode" not in run.status() and "mode " not in status_text(run).stdout
    most = run.status()["workers_memory_most"] >> 20
    assert 64 < most < 1024 and f"its workers take {most} MB at most" in " ".join(status_text(run).stdout.split())


def test_the_page_keeps_to_80_columns(run):
    watches(run, 70)
    assert not [line for line in status_text(run).stdout.splitlines() if len(line) > 80]


def test_the_page_of_a_sensor_that_ended_says_so_first(run):
    assert status_text(run).stdout.startswith("sensor.example.org: up ")
    assert run.end() == 0
    ended = status_text(run)
    assert ended.returncode == 3
    assert ended.stdout.startswith("NOT RUNNING  this is how the sensor was at its end, 20")


def test_usr1_tells_the_counters_in_the_log_and_as_an_event(run):
    watches(run, 70)
    until(lambda: run.worker()["packets"] >= 7, "packets")
    run.signal(signal.SIGUSR1)
    stats = until(lambda: [record for record in run.records() if record["event_type"] == "stats"], "the event")[0]
    assert stats["sensor"]["process"] == "worker 0" and stats["stats"]["frames"] >= 7 and stats["stats"]["capture"]["lost"] == 0
    assert "worker 0: packets" in run.log()


def test_two_sensors_never_share_a_state_directory(run):
    answer = subprocess.run([MAILWARDEN, "run", "-m", MATRIX, "-i", "lo", "--state-dir", run.state],
                            capture_output=True, timeout=20, check=False)
    assert answer.returncode == 3 and b"another sensor" in answer.stderr


def test_a_directory_of_somebody_else_is_refused(tmp_path):
    answer = subprocess.run([MAILWARDEN, "run", "-m", MATRIX, "-i", "lo", "--state-dir", tmp_path],
                            capture_output=True, timeout=20, check=False)
    assert answer.returncode == 3 and b"does not belong" in answer.stderr


def test_silence_is_told_once():
    one = Sensor("--silence", "1")
    try:
        until(lambda: one.alerts("sensor.queue-silent"), "the alert")
        time.sleep(2.5)  # longer than the silence that is told: no second alert comes
        assert len(one.alerts("sensor.queue-silent")) == 1
        assert "tap0" in one.alerts("sensor.queue-silent")[0]["alert"]["metadata"]["detail"]
    finally:
        one.close()


def test_what_cannot_be_looked_into_is_counted_and_shown(run):
    macsec = bytes.fromhex("02005e0053a102005e0053a288e52c00") + bytes(60)
    noise = bytes.fromhex("ffffffffffff02005e0053a10806") + bytes(46)  # ARP: the kernel's filter leaves it out
    run.send([macsec, noise] * 150)
    until(lambda: run.status()["blind"]["frames"] == 150, "the frames to be counted")
    assert run.status()["blind"]["kinds"] == {"macsec": {"frames": 150, "bytes": 150 * len(macsec)}}
    text = subprocess.run([MAILWARDEN, "status", "--state-dir", run.state], capture_output=True, timeout=20,
                          check=True).stdout
    assert b"blind       150 of " in text and b"macsec 150" in text


def test_frames_cut_by_a_mirror_are_a_warning_of_the_status_and_whole_ones_are_not(run):
    def status():
        return subprocess.run([MAILWARDEN, "status", "--state-dir", run.state], capture_output=True, timeout=20,
                              check=True).stdout
    whole = dialogue(71)
    run.send(whole)
    until(lambda: run.worker()["flows"] == 1, "the dialogue to be seen")
    assert b"cut short" not in status()
    run.send([frame[:60] for frame in dialogue(72)])
    until(lambda: "cut" in run.status()["blind"]["kinds"], "the cut frames to be counted")
    assert b"frames arrive cut short" in status()


def test_decoys_are_shown_by_the_status_and_their_absence_is_not(run):
    def status():
        return subprocess.run([MAILWARDEN, "status", "--state-dir", run.state], capture_output=True, timeout=20,
                              check=True).stdout
    watches(run, 71)
    assert b"decoys" not in status()
    run.send([frame for _, frame in captures.packets(captures.PCAPS / "decoy-few-hops")])
    until(lambda: b"\ndecoys      1 segments were set aside, 1 of them not taken; ambiguous: 1\n" in status(),
          "the decoy to be shown")


def test_records_wait_while_the_disk_is_full_and_are_all_there_behind(run):
    watches(run, 70)
    segment = sorted((run.state / "journal").glob("*.eve.jsonl"))[-1]
    end = int(segment.name.split(".")[0]) + segment.stat().st_size
    segment.rename(run.state / "moved")
    held = segment.with_name(f"{end:016}.eve.jsonl")
    held.mkdir()  # nothing can be opened for writing here
    run.signal(signal.SIGHUP)
    until(lambda: run.part("reporter")["faults"] > 0, "the fault")
    faults = run.part("reporter")["faults"]
    run.send(dialogue(71))
    until(lambda: run.worker()["flows"] == 2, "the dialogue to be seen")
    until(lambda: run.part("reporter")["faults"] > faults + 1, "the reporter to try again")
    held.rmdir()
    until(lambda: is_found(run, 71), "the record that waited")
    assert until(lambda: run.alerts("sensor.output-down"), "the alert")
    until(lambda: "records wait" in run.log() and "written again" in run.log(), "the log")


def test_several_workers_share_the_frames_of_an_interface():
    one = Sensor("--workers", "3")
    try:
        for host in range(70, 82):
            one.send(dialogue(host))
        until(lambda: sum(part["flows"] for part in one.status()["processes"]) == 12, "all flows")
        assert len([part for part in one.status()["processes"] if part["flows"] > 0]) > 1
        counts = [part["counters"].get("flow.midstream", 0) for part in one.status()["processes"]]
        assert sum(counts) == 0, "both ways of a flow reach the same worker"
        assert one.end() == 0
    finally:
        one.close()


def test_every_process_gives_up_what_it_does_not_need(run):
    worker, reporter = run.worker()["pid"], run.part("reporter")["pid"]
    for pid in (worker, reporter):
        fields = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                      if ":\t" in line)
        assert int(fields["CapEff"], 16) == 0 and int(fields["CapPrm"], 16) == 0 and int(fields["CapAmb"], 16) == 0
        assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"
        assert fields["Uid"].split()[0] != "0" and fields["Groups"].split() == []
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4:6] == ["0", "0"]
    fields = pathlib.Path(f"/proc/{run.process.pid}/status").read_text()
    assert "Uid:\t0" not in fields and "NoNewPrivs:\t1" in fields


def test_the_kernel_and_the_cage_agree_on_files_and_ports(run):
    version = ctypes.CDLL(None).syscall(444, None, 0, 1)  # landlock_create_ruleset(2), asked for its version
    assert run.status()["landlock"] == max(0, version)


def test_no_process_that_lives_in_a_cage_can_write_the_matrix(run):
    for part in run.status()["processes"][1:]:
        maps = pathlib.Path(f"/proc/{part['pid']}/maps").read_text().splitlines()
        rights = [line.split()[1] for line in maps if size_of(line) == HALF_BYTES]
        assert rights == (["r--s"] * 2 if part["name"].startswith("worker") else []), part["name"]


def size_of(line):
    first, end = (int(word, 16) for word in line.split()[0].split("-"))
    return end - first


def test_the_service_manager_is_told(tmp_path):
    tmp_path.chmod(0o755)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = tmp_path / "notify"
    listener.bind(str(path))
    path.chmod(0o777)
    listener.settimeout(20)
    os.environ["NOTIFY_SOCKET"] = str(path)
    try:
        one = Sensor()
    finally:
        del os.environ["NOTIFY_SOCKET"]

    def hears(wanted):
        while True:
            said = listener.recv(4096).decode().splitlines()
            if wanted in said:
                return said

    try:
        hears("READY=1")
        hears("WATCHDOG=1")
        one.signal(signal.SIGHUP)
        assert any(line.startswith("MONOTONIC_USEC=") for line in hears("RELOADING=1"))
        hears("READY=1")
        one.signal(signal.SIGTERM)
        hears("STOPPING=1")
        assert one.process.wait(timeout=20) == 0
    finally:
        one.close()
        listener.close()


def test_an_interface_that_goes_down_is_named_until_it_is_up_and_watched_again(run):
    watches(run, 70)
    run.namespace.run("ip", "link", "set", "tap0", "down")
    until(lambda: not run.status()["healthy"], "the sensor to be unhealthy")
    assert run.status()["unhealthy_because"] == "worker 0: interface tap0 is down"
    assert run.worker()["interfaces_down"] == 1 and run.worker()["interfaces_missing"] == 0
    text = subprocess.run([MAILWARDEN, "status", "--state-dir", run.state], capture_output=True, timeout=20, check=True).stdout
    assert b"NOT HEALTHY  worker 0: interface tap0 is down" in text
    until(lambda: "worker 0: interface tap0 is down" in run.log(), "the log line")
    run.namespace.run("ip", "link", "set", "tap0", "up")
    until(lambda: run.status()["healthy"], "the sensor to be healthy")
    until(lambda: "interface tap0 is watched again" in run.log(), "the log line")
    watches(run, 71)
    worker = run.worker()
    assert worker["restarts"] == 0 and worker["counters"]["capture.downs"] == 1


def test_an_interface_that_is_down_when_its_worker_starts_is_taken_when_it_is_up(run):
    worker = run.worker()["pid"]
    run.namespace.run("ip", "link", "set", "tap0", "down")
    until(lambda: run.worker()["interfaces_down"], "the interface to be down")
    os.kill(worker, signal.SIGKILL)
    replaced(run, "worker 0", worker)
    assert run.status()["unhealthy_because"] == "worker 0: interface tap0 is down"
    assert run.worker()["interfaces_missing"] == 1
    second = run.worker()["pid"]
    run.namespace.run("ip", "link", "set", "tap0", "up")
    replaced(run, "worker 0", second)
    until(lambda: run.status()["healthy"], "the sensor to be healthy")
    assert "tap0 is back" in run.log()
    watches(run, 71)
    assert len(run.alerts("sensor.worker-restarted")) == 1, "one died; the other was told to end"


def test_an_interface_that_is_made_anew_is_taken(run):
    first = run.worker()["pid"]
    run.namespace.run("ip", "link", "delete", "tap0")
    until(lambda: run.worker()["interfaces_missing"], "the interface to be missing")
    assert run.status()["unhealthy_because"] == "worker 0: interface tap0 is not watched"
    run.namespace.run("ip", "link", "add", "out0", "type", "veth", "peer", "name", "tap0")
    for name in ("out0", "tap0"):
        run.namespace.run("ip", "link", "set", name, "up")
    replaced(run, "worker 0", first)
    until(lambda: run.status()["healthy"], "the sensor to be healthy")
    watches(run, 72)


def second_link(run):
    run.namespace.run("ip", "link", "add", "out1", "type", "veth", "peer", "name", "tap1")
    for name in ("out1", "tap1"):
        run.namespace.run("ip", "link", "set", name, "up")


NO_MEMORY = """
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	struct sockaddr_ll address;
	socklen_t size = sizeof(address);
	char name[IF_NAMESIZE] = "";
	if (level == SOL_PACKET && option == PACKET_RX_RING && access(FLAG, F_OK) == 0 &&
		getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
		if_indextoname(address.sll_ifindex, name) && strcmp(name, "tap1") == 0) {
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_setsockopt, fd, level, option, value, len);
}
"""


@pytest.mark.skipif(IS_SANITIZED, reason="the sanitizer's library wants to be loaded first")
def test_an_interface_that_cannot_be_opened_does_not_keep_the_other_from_being_watched(run):
    flag, library = run.folder / "no-memory", run.folder / "no-memory.so"
    subprocess.run(["cc", "-shared", "-fPIC", f'-DFLAG="{flag}"', "-o", library, "-x", "c", "-"], input=NO_MEMORY.encode(),
                   check=True, timeout=60)
    assert run.end() == 0
    second_link(run)
    run.options = ("-i", "tap1")
    run.start("env", f"LD_PRELOAD={library}")
    first = run.worker()["pid"]
    flag.touch()
    os.kill(first, signal.SIGKILL)
    replaced(run, "worker 0", first)
    second = run.worker()["pid"]
    assert run.status()["unhealthy_because"] == "worker 0: interface tap1 is not watched"
    for host in range(70, 75):
        watches(run, host)
    time.sleep(3)  # several looks at the links: none takes the worker from the other one
    assert run.worker()["pid"] == second and run.worker()["restarts"] == 1
    watches(run, 75)
    flag.unlink()
    run.namespace.run("ip", "link", "delete", "tap1")
    second_link(run)
    replaced(run, "worker 0", second)
    until(lambda: run.status()["healthy"], "both to be watched")
    run.namespace.send(dialogue(90), "out1")
    until(lambda: is_found(run, 90), "what comes in on the other")
    watches(run, 91)
