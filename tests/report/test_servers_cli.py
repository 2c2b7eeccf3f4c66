"""replay --state and servers as a person meets them: memory from capture to capture."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
VANISHED = ROOT / "pcaps/smtp-starttls-offer-vanished"
OFFERED = ROOT / "pcaps/smtp-starttls-tls12"
NEVER = ROOT / "pcaps/smtp-starttls-never-offered"


def run(*words):
    return subprocess.run([MAILWARDEN, *map(str, words)], text=True, capture_output=True,
                          timeout=30, check=False)


def replay(state, folder):
    answer = run("replay", folder / "traffic.pcap", "-m", VANISHED / "matrix.yaml", "--json",
                 "--state", state)
    assert answer.returncode == 0, answer.stderr
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    return {finding for record in found if "alert" in record for finding in
            [record["alert"]["metadata"]["finding"], *(other["finding"] for other in record["alert"]["metadata"].get("also", []))]}


def test_an_offer_in_one_capture_makes_its_absence_in_the_next_one_tell(tmp_path):
    state = tmp_path / "servers.state"
    assert "tls.starttls-stripped" not in replay(tmp_path / "other.state", NEVER)
    assert "tls.starttls-stripped" not in replay(state, OFFERED)
    assert "tls.starttls-stripped" in replay(state, NEVER)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.state", "servers.state"]


def test_two_runs_from_the_same_state_write_the_same_state(tmp_path):
    states = [tmp_path / "one.state", tmp_path / "two.state"]
    for state in states:
        replay(state, OFFERED)
        replay(state, VANISHED)
    assert states[0].read_bytes() == states[1].read_bytes()


def test_servers_shows_what_replay_saved(tmp_path):
    state = tmp_path / "servers.state"
    replay(state, VANISHED)
    table = run("servers", state)
    assert table.returncode == 0
    assert "192.0.2.25:25" in table.stdout
    assert "1 of 2" in table.stdout
    server, = [json.loads(line) for line in run("servers", "--json", state).stdout.splitlines()]
    assert (server["address"], server["port"], server["flows"]) == ("192.0.2.25", 25, 2)
    starttls = server["starttls"]
    assert (starttls["offered"], starttls["not_offered"], starttls["stripped"]) == (1, 1, 1)


def test_a_broken_state_is_told_with_its_line_and_left_alone(tmp_path):
    state = tmp_path / "servers.state"
    broken = "mailwarden-servers 1\nserver address=nobody\nend 1\n"
    state.write_text(broken)
    answer = run("replay", OFFERED / "traffic.pcap", "-m", VANISHED / "matrix.yaml", "--state",
                 state)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr == f'{state}:2: address wants an IP address, not "nobody"\n'
    assert state.read_text() == broken
    assert run("servers", state).returncode == 2


def test_a_capture_that_cannot_be_read_changes_no_state(tmp_path):
    state = tmp_path / "servers.state"
    replay(state, OFFERED)
    before = state.read_bytes()
    answer = run("replay", OFFERED / "traffic.pcap", tmp_path / "missing.pcap", "-m",
                 VANISHED / "matrix.yaml", "--state", state)
    assert answer.returncode == 3
    assert state.read_bytes() == before


def test_a_missing_file_is_told():
    answer = run("servers", "/nowhere/servers.state")
    assert answer.returncode == 3
    assert answer.stderr == "mailwarden servers: /nowhere/servers.state: No such file or directory\n"


def test_what_a_server_refused_and_deferred_is_told_and_that_it_never_did(tmp_path):
    shown = []
    for case in ("mail-refused-and-deferred", "mail-refused-by-no-policy"):
        state = tmp_path / case
        replay(state, ROOT / "pcaps" / case)
        server, = [json.loads(line) for line in run("servers", "--json", state).stdout.splitlines()]
        shown.append([server["messages"], server["refusals"], server["deferrals"], run("servers", state).stdout])
    assert shown[0][:3] == [1, 3, 1] and "mail in clear 1, refused 3, deferred 1\n" in shown[0][3]
    assert shown[1][:3] == [1, 0, 0] and "mail in clear 1, never refused and never deferred\n" in shown[1][3]
