"""mailwarden diff as a person, a merge request and a program meet it. ACCEPT=1 writes what it says now as right."""

import glob
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
FOLDER = "tests/matrix/diff"
OLD, NEW = f"{FOLDER}/old.yaml", f"{FOLDER}/new.yaml"
KEYS = ("--old", f"{FOLDER}/old-keys.yaml", "--new", f"{FOLDER}/new-keys.yaml")
FORMS = {"expected.txt": [], "expected.md": ["--markdown"], "expected.json": ["--json"]}


def diff(*words, stdin=None):
    return subprocess.run([MAILWARDEN, "diff", *words], cwd=ROOT, text=True, input=stdin,
                          capture_output=True, timeout=30, check=False)


@pytest.mark.parametrize("name", FORMS)
def test_what_is_told_is_what_was_read_and_accepted(name):
    answer = diff(*FORMS[name], *KEYS, OLD, NEW)
    assert answer.returncode == 0 and not answer.stderr
    expected = ROOT / FOLDER / name
    if os.environ.get("ACCEPT"):
        expected.write_text(answer.stdout, encoding="utf-8")
    assert answer.stdout == expected.read_text(encoding="utf-8")


def test_text_fits_a_terminal_and_json_has_the_same_entries():
    lines = diff(*KEYS, OLD, NEW).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    document = json.loads(diff("--json", *KEYS, OLD, NEW).stdout)
    told = len(document["differences"]) + len(document["terms"])
    assert told == sum(line[:2] in ("+ ", "- ", "~ ") for line in lines) and document["terms"]
    assert len(document["differences"]) == document["gained"] + document["lost"] + document["changed"]


def test_the_exit_code_tells_more_from_less():
    assert diff("--exit-code", OLD, NEW).returncode == 1
    assert diff("--exit-code", OLD, OLD).returncode == 0
    text = (ROOT / OLD).read_text(encoding="utf-8")
    fewer = "".join(line for line in text.splitlines(True) if "M-11" not in line)
    less = diff("--exit-code", OLD, "-", stdin=fewer)
    assert less.returncode == 0 and less.stdout.startswith("Lost: 1\n- crm -> relay\n")
    more = diff("--exit-code", "-", OLD, stdin=fewer)
    assert more.returncode == 1 and more.stdout.startswith("Gained: 1\n+ crm -> relay\n")


def test_the_exit_code_knows_domains_expected_fields_and_lists(tmp_path):
    text, other = (ROOT / KEYS[1]).read_text(encoding="utf-8"), tmp_path / "other.yaml"
    with_keys = ("--old", KEYS[1], "--new", other)

    def compared(old, new, *options):
        other.write_text(text.replace(old, new), encoding="utf-8")
        assert (old == new) == (text == other.read_text(encoding="utf-8"))
        return diff("--exit-code", "--json", *(with_keys if not options else options), OLD, OLD)

    assert compared("late", "late").returncode == 0
    for old, new in (("203.0.113.80, ", ""), ("[X-Virus-Scanned, ", "[X-Virus-Scanned, X-Other, "),
                     ("late: {kind: temporary", "late: {kind: deny")):
        less, more = compared(old, new), compared(old, new, "--old", other, "--new", KEYS[1])
        assert (less.returncode, more.returncode) == (0, 1)
        term, = json.loads(more.stdout)["terms"]
        assert (term["wider"], term["narrower"]) == (True, False)
    unknown = compared("drop.txt", "other.txt")
    term, = json.loads(unknown.stdout)["terms"]
    assert unknown.returncode == 1 and (term["wider"], term["narrower"]) == (True, True)


def test_the_same_said_otherwise_is_no_difference():
    text = (ROOT / OLD).read_text(encoding="utf-8")
    head, rows = text.split("rows:\n")
    turned = head.replace("192.0.2.64/26", "192.0.2.64/27, 192.0.2.96-192.0.2.127") + "rows:\n"
    turned += "".join(reversed(rows.replace("id: M-", "id: X-").splitlines(True)))
    answer = diff("--exit-code", OLD, "-", stdin=turned)
    assert (answer.returncode, answer.stdout) == (0, "No difference: both allow the same.\n")
    assert diff("--markdown", OLD, "-", stdin=turned).stdout.endswith("Both matrices allow the same.\n")


def test_a_matrix_of_several_files_is_joined_before(tmp_path):
    head, rows = (ROOT / OLD).read_text(encoding="utf-8").split("rows:\n")
    rows = rows.splitlines(True)
    parts = [tmp_path / "first.yaml", tmp_path / "second.yaml"]
    parts[0].write_text(head + "rows:\n" + "".join(rows[:4]), encoding="utf-8")
    parts[1].write_text("schema: 1\nrows:\n" + "".join(rows[4:]), encoding="utf-8")
    first, second = map(str, parts)
    same = "No difference: both allow the same.\n"
    assert diff(OLD, first, "--new", second).stdout == same
    assert diff(first, OLD, "--old", second).stdout == same
    assert diff("--old", second, "--new", second, first, first).stdout == same
    brings = diff("--exit-code", first, first, "--new", second)
    assert brings.returncode == 1 and brings.stdout.startswith(f"Gained: {len(rows[4:])}\n")
    assert diff("-", OLD, "--new", "-", stdin="").returncode == 2
    many = diff(OLD, OLD, *["--new", "/nonexistent"] * 64)
    assert many.returncode == 2 and many.stderr.startswith("mailwarden diff: a matrix of at most 64 files")


def test_a_zone_is_named_where_all_of_it_is_meant_and_long_lists_are_cut(tmp_path):
    groups = "".join(f"  g{number}: {{role: client, addresses: [192.0.2.{number}]}}\n" for number in range(30))
    text = f"schema: 1\nzones: {{internal: [192.0.2.0/24]}}\ngroups:\n{groups}rows:\n - {{id: A, from: g1, to: g2, protocols: [lmtp]}}\n"

    old = tmp_path / "old.yaml"
    old.write_text(text, encoding="utf-8")
    whole = diff(str(old), "-", stdin=text + " - {id: Z, from: internal, to: internet, protocols: [smtp]}\n").stdout
    some = diff(str(old), "-", stdin=text + " - {id: Z, from: internal, to: g3, protocols: [smtp]}\n"
                                            " - {id: Y, from: g4, to: g3, protocols: [imap]}\n").stdout
    assert whole == "Gained: 1\n+ all of internal -> internet\n    + smtp on port 25, if the server offers TLS (the client may decline) (row Z)\n"
    assert " and 22 more -> g3\n" in some and "+ g4 -> g3\n" in some


def test_new_names_are_told_once_and_that_nothing_is_gained_or_lost(tmp_path):
    text = ("schema: 1\nzones: {internal: [192.0.2.0/24]}\ngroups:\n  relay: {role: relay, addresses: [192.0.2.25]}\n"
            "  crm: {role: application, addresses: [192.0.2.40]}\n  erp: {role: application, addresses: [192.0.2.50]}\nrows:\n"
            " - {id: A, from: crm, to: relay, protocols: [smtp], tls: starttls}\n"
            " - {id: B, from: erp, to: relay, protocols: [smtp], tls: starttls}\n")
    old = tmp_path / "old.yaml"
    old.write_text(text, encoding="utf-8")
    renamed = text.replace("relay:", "relays-1:").replace("to: relay", "to: relays-1").replace("starttls", "optional")
    told = diff(str(old), "-", stdin=renamed).stdout
    assert told.startswith("No connection is gained or lost.\n\nChanged: 2\n~ crm -> relays-1 (before relay): wider\n")
    assert told.endswith("\n\nOf another group now\n    192.0.2.25: relays-1, before relay\n") and told.count("192.0.2.25") == 1
    more = diff(str(old), "-", stdin=renamed + " - {id: C, from: erp, to: crm, protocols: [smtp]}\n").stdout
    assert more.startswith("Gained: 1\n") and "Changed: 2\n" in more


def test_names_make_no_markup():
    told = diff("--markdown", OLD, NEW).stdout
    assert r"\*.example.com" in told
    assert all(line.count("|") == 5 for line in told.splitlines() if line.startswith("| "))


def test_a_matrix_in_error_is_told_with_its_place():
    answer = diff(OLD, "tests/matrix/mistakes.yaml")
    assert answer.returncode == 2 and not answer.stdout
    assert "tests/matrix/mistakes.yaml:" in answer.stderr
    assert diff(OLD, "-", "--json", "--markdown", stdin="").returncode == 2
    assert diff("-", "-", stdin="").returncode == 2


SUBNET, LMTP = (f"pcaps/{case}/traffic.pcap" for case in ("a-subnet-that-sends", "lmtp-starttls-refused-anew"))


def test_recorded_flows_that_are_judged_otherwise_are_told_with_examples():
    told = diff(OLD, NEW, SUBNET, LMTP)
    assert told.returncode == 0 and not told.stderr
    lines = told.stdout.split("\nTraffic: ")[1].splitlines()
    assert lines[0] == "10 of 13 mail flows are judged otherwise."
    assert max(map(len, told.stdout.splitlines())) <= 80
    groups = [line for line in lines if line[:2] in ("+ ", "- ", "~ ")]
    # what is cut off comes first
    assert groups[0].startswith("- relay -> mailboxes: lmtp on port 24, now illegitimate, before legitimate (row")
    assert groups[1].startswith("+ scanners -> internet: smtp on port 25, now legitimate (row M-15), before")
    examples = [line for line in lines if line.startswith("    192.0.2.")]
    assert examples[0].startswith("    192.0.2.25 -> 192.0.2.10, 20") and len(examples) == 1 + 3
    markdown = diff("--markdown", OLD, NEW, SUBNET, LMTP).stdout.split("### Traffic: ")[1]
    assert markdown.splitlines()[4].startswith(r"| 1 | relay -\> mailboxes: lmtp on port 24, now illegitimate")
    assert diff(OLD, OLD, SUBNET, LMTP).stdout == ("No difference: both allow the same.\n\n"
                                                  "Traffic: 0 of 13 mail flows are judged otherwise.\n")


def test_the_flows_told_are_those_that_replay_judges_otherwise(tmp_path):
    captures = sorted(glob.glob("pcaps/*/traffic.pcap", root_dir=ROOT))
    verdicts = []
    for number, matrix in enumerate((OLD, NEW)):
        flows = tmp_path / f"{number}.json"
        subprocess.run([MAILWARDEN, "replay", *captures, "-m", matrix, "--summary", "--flows", str(flows)], cwd=ROOT,
                       capture_output=True, timeout=120, check=True)
        records = map(json.loads, flows.read_text(encoding="utf-8").splitlines())
        verdicts.append({(record["flow_id"], record["flow"]["start"]): record["mail"]["verdict"] for record in records})
    otherwise = [flow for flow in verdicts[0].keys() | verdicts[1].keys() if verdicts[0].get(flow) != verdicts[1].get(flow)]
    traffic = json.loads(diff("--json", OLD, NEW, *captures).stdout)["traffic"]
    assert len(captures) > 200 and len(otherwise) > 5
    assert traffic["flows"] == len(verdicts[0].keys() | verdicts[1].keys())
    assert traffic["changed"] == len(otherwise) == sum(group["flows"] for group in traffic["groups"])
    assert not traffic["partial"]


def test_records_and_what_was_added_up_of_them_say_the_same_as_their_captures(tmp_path):
    def told(*files):
        traffic = json.loads(diff("--json", OLD, NEW, *map(str, files)).stdout)["traffic"]
        return {(group["protocol"], group["port"], json.dumps(group["old"]), json.dumps(group["new"])): group["flows"]
                for group in traffic["groups"]}
    eve, observed = tmp_path / "eve.json", tmp_path / "observed"
    eve.write_bytes(subprocess.run([MAILWARDEN, "replay", SUBNET, LMTP, "-m", OLD, "--json"], cwd=ROOT, capture_output=True,
                                   timeout=60, check=True).stdout)
    subprocess.run([MAILWARDEN, "observed", str(eve), "--write", str(observed)], capture_output=True, timeout=60, check=True)
    assert sum(told(SUBNET, LMTP).values()) == 10
    assert told(eve) == told(observed) == told(SUBNET, LMTP)
    # a capture beside records of other flows: both count
    assert told(SUBNET, observed).keys() == told(SUBNET, LMTP).keys()
    assert not re.search(r", -?$", diff(OLD, NEW, str(eve)).stdout, re.M)  # there is no capture to name


def test_a_capture_that_is_cut_or_none_ends_with_3(tmp_path):
    cut = tmp_path / "cut.pcap"
    cut.write_bytes((ROOT / LMTP).read_bytes()[:-7])
    answer = diff("--exit-code", OLD, NEW, str(cut))
    assert answer.returncode == 3 and "what is missing is not compared" in answer.stderr
    assert "Traffic: " in answer.stdout
    assert diff(OLD, NEW, "/nonexistent.pcap").returncode == 3
