"""The report of `replay` for a person: verdicts first, findings by severity with where they were, counters on demand."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
CASES = ("smtp-illegitimate-workstation", "imap-login-clear", "sender-fans-out")
ENTRY = re.compile(r"    (\S+) -> (\S+), (\S+), (\d+) flows?\b")


def replay(*words):
    captures = [f"pcaps/{case}/traffic.pcap" for case in CASES]
    done = subprocess.run([MAILWARDEN, "replay", *captures, "-m", "rules/anssi-reference.yaml", *words],
                          cwd=ROOT, capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


def sections(text):
    """By the first word of each."""
    return {section.split()[0]: section for section in text.split("\n\n")}


def test_verdicts_come_first_then_findings_then_flows():
    assert list(sections(replay())) == ["Recommendations", "Severity", "Mail"]
    assert replay().startswith("Recommendations ")


def test_counters_and_checksums_are_for_the_verbose():
    told = sections(replay("--verbose"))
    assert list(told) == ["Recommendations", "Severity", "Mail", "Counters", "Checksums:"]
    assert re.search(r"^  frames +\d+$", told["Counters"], re.MULTILINE)
    assert replay("-v").startswith(replay().rstrip("\n"))
    assert replay("--json", "--verbose") == replay("--json")


def test_findings_come_by_severity_each_with_the_first_and_the_last():
    found = sections(replay())["Severity"]
    names = re.findall(r"^  (CRITICAL|HIGH|MEDIUM|LOW) +([\w.-]+)", found, re.MULTILINE)
    assert [severity for severity, _ in names] == sorted((severity for severity, _ in names),
                                                         key=["CRITICAL", "HIGH", "MEDIUM", "LOW"].index)
    assert names[0] == ("CRITICAL", "sender.illegitimate")
    of_senders = " ".join(found[:found.index("tls.credentials-clear")].split())
    assert "first 192.0.2.70 -> 203.0.113.25:25 at 2026-11-24 06:41:51 UTC in pcaps/smtp-illegitimate-workstation/traffic.pcap" in of_senders
    assert "last 192.0.2.70 -> 203.0.113.35:25 at 2026-11-24 09:11:55 UTC in pcaps/sender-fans-out/traffic.pcap" in of_senders
    assert ENTRY.search(found).groups() == ("workstations", "internet", "smtp", "6")


def test_what_was_seen_once_has_no_first_and_no_last():
    found = sections(replay())["Severity"]
    of_logins = found[found.index("tls.credentials-clear"):found.index("flow.illegitimate")]
    assert "at 2026-11-24 06:51:30 UTC in pcaps/imap-login-clear/traffic.pcap" in " ".join(of_logins.split())
    assert "first " not in of_logins and "last " not in of_logins


def test_the_summary_has_the_same_lines_without_where_they_were():
    lines = replay().splitlines()
    short = replay("--summary").splitlines()
    assert set(short) < set(lines) and any("sender.illegitimate" in line for line in short)
    assert not any(ENTRY.match(line) for line in short)
    assert [line for line in lines if ENTRY.match(line)]


def test_what_qualifies_all_of_it_stands_in_front():
    done = subprocess.run([MAILWARDEN, "replay", "traffic.pcap", "-m", "matrix.yaml"], cwd=ROOT / "pcaps/tunnel-not-declared",
                          capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.startswith("All is inside a tunnel")
    assert list(sections(done.stdout))[1] == "Recommendations"
