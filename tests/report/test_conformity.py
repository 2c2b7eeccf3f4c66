"""replay --summary on the golden cases: one line per recommendation, and only what was seen."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
NAMES = ["R34", "R35", "R36", "R37", "R41", "R42", "R42+", "exposure"]


def replay(case, *options):
    done = subprocess.run([MAILWARDEN, "replay", "traffic.pcap", "-m", "matrix.yaml", *options],
                          cwd=ROOT / "pcaps" / case, capture_output=True, text=True, timeout=30,
                          check=True)
    return done.stdout


def lines_of(case):
    *before, last = map(json.loads, replay(case, "--summary", "--json").splitlines())
    assert [record["event_type"] for record in before] == ["stats"]
    assert last["event_type"] == "conformity"
    assert [line["recommendation"] for line in last["conformity"]] == NAMES
    return {line["recommendation"]: line for line in last["conformity"]}


def verdicts(case):
    return {name: line["verdict"] for name, line in lines_of(case).items()}


def test_a_misplaced_mailbox_server_breaches_r34_and_it_says_who_whom_and_when():
    line = lines_of("mailbox-misplaced")["R34"]
    assert line["verdict"] == "breached"
    assert (line["worst_row"], line["worst_row_breaches"]) == ("M-02", 1)
    example = line["example"]
    assert example["finding"] == "zone.mailbox-misplaced"
    assert (example["src_ip"], example["from_group"]) == ("198.51.100.9", "outer-mailboxes")
    assert (example["dest_ip"], example["dest_port"]) == ("192.0.2.25", 25)
    assert example["timestamp"].startswith("20")


def test_what_tls_hides_is_not_observable():
    found = verdicts("smtp-starttls-tls13")
    assert found["R42+"] == "not_observable"
    assert found["R42"] == "conform"
    assert found["R41"] == "not_observable"
    assert found["exposure"] == "not_observable"


def test_requiretls_in_clear_breaches_r42_plus():
    assert verdicts("smtp-requiretls-clear")["R42+"] == "breached"


def test_a_capture_that_sees_one_way_of_the_gateway_says_nothing_of_r36():
    found = lines_of("gateway-to-internet-starttls")["R36"]
    assert found["verdict"] == "not_observable"
    assert found["flows"] > 0
    assert "not both seen" in found["reason"]


def test_the_vpn_case_conforms_and_the_exposed_case_does_not():
    assert verdicts("user-access-from-internet")["exposure"] == "breached"
    assert verdicts("user-access-through-vpn")["R41"] == "conform"


def test_the_text_ends_with_the_same_verdicts_without_single_findings():
    text = replay("mailbox-misplaced", "--summary")
    assert "no row lets" not in text
    ends = text[text.index("\nRecommendations "):]
    for name, line in lines_of("mailbox-misplaced").items():
        found = [row for row in ends.splitlines() if row.startswith(f"  {name} ")]
        assert len(found) == 1
        assert f" {line['verdict'].replace('_', ' ')} " in found[0]
    assert max(map(len, text.splitlines())) <= 100


def test_two_runs_give_the_same_bytes():
    for options in (("--summary",), ("--summary", "--json")):
        assert replay("mailbox-misplaced", *options) == replay("mailbox-misplaced", *options)


def test_json_without_summary_keeps_to_alert_mail_and_stats():
    kinds = {json.loads(line)["event_type"] for line in replay("mailbox-misplaced", "--json").splitlines()}
    assert kinds == {"alert", "mail", "stats"}
