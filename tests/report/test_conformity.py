"""replay --summary on the golden cases: one line per recommendation, and only what was seen."""

import json
import os
import pathlib
import subprocess

import pytest

from frames_made import pcap, tcp

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


def test_what_the_inbound_server_refuses_is_evidence_and_so_is_that_it_never_does():
    """Refusals for good and for now are a policy's; mistakes in commands are not."""
    for case, counts in (("mail-refused-and-deferred", (1, 3, 1)), ("mail-refused-by-no-policy", (1, 0, 0))):
        line = lines_of(case)["R36"]
        assert tuple(line["from_internet"].values()) == counts
        text = replay(case, "--summary")
        assert ("refusals 3, deferrals 1" in text) == (counts[1] == 3)
        assert ("the sensor saw no refusal" in " ".join(text.split())) == (counts[1] == 0)
    assert "from_internet" not in lines_of("mail-refused-by-no-policy")["R35"]


def test_what_the_matrix_accepts_is_neither_conform_nor_breached():
    line = lines_of("accepted-by-row")["R42"]
    assert (line["verdict"], line["breaches"], line["accepted"]) == ("accepted", 0, 2)
    assert line["accepted_by"] == "row M-02"
    replay("accepted-by-row", "--exit-code")  # no violation
    line = lines_of("accepted-until-last-month")["R42"]
    assert (line["verdict"], line["breaches"], line["accepted"]) == ("breached", 2, 0)


def test_a_capture_that_sees_one_way_of_the_gateway_says_nothing_of_r36():
    found = lines_of("gateway-to-internet-starttls")["R36"]
    assert found["verdict"] == "not_observable"
    assert found["flows"] > 0
    assert "not both seen" in found["reason"]


def test_the_vpn_case_conforms_and_the_exposed_case_does_not():
    assert verdicts("user-access-from-internet")["exposure"] == "breached"
    assert verdicts("user-access-through-vpn")["R41"] == "conform"


# a case of a capture that holds too little, what must not be conform by it, the same traffic whole
UNSEEN = [("unseen-cut-at-96", "R41", "user-access-through-vpn"),
          ("unseen-one-way", "R41", "user-access-through-vpn"),
          ("unseen-one-way", "R34", "user-access-through-vpn"),
          ("unseen-one-way", "R37", "user-access-through-vpn"),
          ("unseen-gap-in-clear", "R42", "gateway-to-internet-starttls"),
          ("unseen-beside-esp", "R37", "unseen-little-esp"),
          ("unseen-beside-esp", "R41", "unseen-little-esp")]


@pytest.mark.parametrize("case, name, whole", UNSEEN)
def test_what_was_not_seen_is_not_conform_and_the_whole_capture_is(case, name, whole):
    assert verdicts(case)[name] == "not_observable"
    assert verdicts(whole)[name] == "conform"


def half_said(count):
    """Connections, all at once, in each of which an end said a word and no more: they may yet be anything."""
    frames = []
    for port in range(10000, 10000 + count):
        for to_server, sequence, acknowledged, flags, said in ((True, 1000, 0, 2, b""), (False, 5000, 1001, 0x12, b""),
                                                               (True, 1001, 5001, 0x18, b"E")):
            frame = bytearray(tcp(to_server, sequence, acknowledged, flags, said, 2525))
            at = 34 if to_server else 36  # behind Ethernet and IPv4: the client's port
            frame[at:at + 2] = port.to_bytes(2, "big")
            frames.append(bytes(frame))
    return pcap(frames)


@pytest.mark.parametrize("count, verdict", [(1000, "conform"), (1200, "not_observable")])
def test_flows_given_up_for_want_of_room_are_not_seen(tmp_path, count, verdict):
    capture = tmp_path / "many.pcap"
    capture.write_bytes(half_said(count))
    words = (str(capture), "--table", "1024", "--summary")
    *_, last = map(json.loads, replay("gateway-to-internet-starttls", *words, "--json").splitlines())
    line = next(line for line in last["conformity"] if line["recommendation"] == "R42")
    text = replay("gateway-to-internet-starttls", *words)
    assert line["verdict"] == verdict
    assert (last["seen"]["given_up"] > 0) == ("for want of room" in text) == (verdict == "not_observable")


def test_it_says_what_its_flows_lack():
    line = lines_of("unseen-one-way")["R41"]
    assert (line["flows"], line["unseen"]["flows"], line["unseen"]["one_direction"]) == (0, 1, 1)
    text = replay("unseen-one-way", "--summary")
    assert "1 of 1 flows were not seen far enough: 1 in one direction only" in text
    assert "seen      1 mail flow in 0 s, 0 of them in both directions, from " in text
    line = lines_of("unseen-gap-in-clear")["R42"]
    assert (line["flows"], line["unseen"]["flows"]) == (0, 1)
    assert lines_of("unseen-cut-at-96")["R41"]["unseen"]["no_hello"] == 1


def test_how_many_certificates_were_seen_is_told():
    hidden = lines_of("imaps-tls13")["R41"]
    assert (hidden["tls_flows"], hidden["certificates"]) == (1, 0)
    assert "of 1 flows in TLS 0 showed a certificate" in replay("imaps-tls13", "--summary")
    shown = lines_of("imaps-tls12")["R41"]
    assert (shown["tls_flows"], shown["certificates"]) == (1, 1)
    assert "showed a certificate" not in replay("imaps-tls12", "--summary")


def test_the_text_begins_with_the_same_verdicts_and_is_without_single_findings():
    text = replay("mailbox-misplaced", "--summary")
    assert "no row lets" not in text
    begins = text[:text.index("\n\n")]
    assert begins.startswith("Recommendations ")
    for name, line in lines_of("mailbox-misplaced").items():
        found = [row for row in begins.splitlines() if row.startswith(f"  {name} ")]
        assert len(found) == 1
        assert f" {line['verdict'].replace('_', ' ')} " in found[0]
    assert max(map(len, text.splitlines())) <= 80


def test_two_runs_give_the_same_bytes():
    for options in (("--summary",), ("--summary", "--json")):
        assert replay("mailbox-misplaced", *options) == replay("mailbox-misplaced", *options)


def test_json_without_summary_keeps_to_alert_mail_and_stats():
    kinds = {json.loads(line)["event_type"] for line in replay("mailbox-misplaced", "--json").splitlines()}
    assert kinds == {"alert", "mail", "stats"}


def from_port(capture, port):
    """The frames (Ethernet, IPv4 without options) of one side alone."""
    at, kept = 24, [capture[:24]]
    while at < len(capture):
        end = at + 16 + int.from_bytes(capture[at + 8:at + 12], "little")
        if int.from_bytes(capture[at + 50:at + 52], "big") == port:
            kept.append(capture[at:end])
        at = end
    return b"".join(kept)


def test_what_servers_refuse_is_counted_where_both_sides_were_heard(tmp_path):
    case, half = "mail-refused-and-deferred", tmp_path / "half.pcap"
    half.write_bytes(from_port((ROOT / "pcaps" / case / "traffic.pcap").read_bytes(), 25))
    assert "in clear: 1, refusals 3, deferrals 1\n" in replay(case, "--summary")
    done = subprocess.run([MAILWARDEN, "replay", half, "-m", "matrix.yaml", "--summary"], cwd=ROOT / "pcaps" / case,
                          capture_output=True, text=True, timeout=30, check=True)
    assert "in one direction only" in done.stdout and "from the Internet in clear" not in done.stdout
