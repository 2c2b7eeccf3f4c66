"""check and explain as a person at a terminal meets them."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
REFERENCE = "rules/anssi-reference.yaml"
HYBRID = "rules/hybrid-reference.yaml"
BROKEN = "rules/broken-architecture.yaml"
MISTAKES = "tests/matrix/mistakes.yaml"


def run(*words, stdin=None):
    return subprocess.run([MAILWARDEN, *words], cwd=ROOT, text=True, input=stdin,
                          capture_output=True, timeout=30, check=False)


def without_matrix(text):
    """What check --json tells about the matrix, which stands in it as well."""
    document = json.loads(text)
    del document["matrix"]
    return document


def whole(text):
    """Lines that were broken for people, put together again."""
    return text.replace("\n  ", " ")


def explain(*words):
    answer = run("explain", "-m", REFERENCE, *words)
    assert answer.returncode == 0, answer.stderr
    return whole(answer.stdout)


def test_twelve_mistakes_give_twelve_located_errors():
    answer = run("check", MISTAKES)
    assert answer.returncode == 2
    located = [line for line in answer.stderr.splitlines()
               if re.match(re.escape(MISTAKES) + r":\d+:\d+: ", line)]
    assert len(located) == 12
    assert answer.stdout == ""


def test_check_as_json_carries_the_same_errors():
    answer = run("check", "--json", MISTAKES)
    assert answer.returncode == 2
    document = json.loads(answer.stdout)
    assert document["valid"] is False
    assert len(document["errors"]) == 12


def test_the_reference_matrix_is_right_and_free_of_warnings():
    answer = run("check", "--json", REFERENCE)
    assert answer.returncode == 0
    assert without_matrix(answer.stdout) == {"valid": True, "errors": [], "warnings": [],
                                         "breaches": [], "accepted": [], "groups": 10, "rows": 13}


def test_the_hybrid_matrix_is_right_free_of_warnings_and_breaches():
    answer = run("check", "--json", HYBRID)
    assert answer.returncode == 0
    assert without_matrix(answer.stdout) == {"valid": True, "errors": [], "warnings": [],
                                         "breaches": [], "accepted": [], "groups": 13, "rows": 12}
    assert run("check", "--exit-code", HYBRID).returncode == 0


def test_explain_says_where_a_name_is_what_counts():
    def said(*words):
        answer = run("explain", "-m", HYBRID, *words)
        assert answer.returncode == 0, answer.stderr
        return " ".join(answer.stdout.split())
    for end in ("m365-access", "outlook.office365.com"):
        known = said("workstations", end, "exchange-https")
        assert known.startswith("Allowed: ") and "By row H-01 " in known
        assert "Hosts of m365-access are known by name (outlook.office365.com ...)" in known
        assert "Before that the flow is undecided." in known
    assert "Hosts of" not in said("relay", "mx-out", "smtp")
    bare = said("workstations", "203.0.113.9", "imaps")
    assert bare.startswith("Undecided: ") and "row H-01 (workstations -> m365-access) may allow it" in bare
    assert said("192.0.2.130", "203.0.113.9", "imaps").startswith("Not allowed: ")
    assert said("crm", "example-org.mail.protection.outlook.com", "smtp").startswith("Not allowed: ")


def test_explain_says_of_a_row_for_probes_what_it_allows_and_what_would_be_told(tmp_path):
    matrix = tmp_path / "matrix.yaml"
    text = (ROOT / REFERENCE).read_text(encoding="utf-8")
    row = "  - {id: P-1, from: scanners, to: mx-out, protocols: [smtp], probe: PROBE, tls: optional, owner: supervision}\n"

    def said(probe, protocol):
        matrix.write_text(text + row.replace("PROBE", probe), encoding="utf-8")
        answer = run("explain", "-m", str(matrix), "scanners", "mx-out", protocol)
        assert answer.returncode == 0, answer.stderr
        return whole(answer.stdout).splitlines()
    allowed, by, told = said("yes", "smtp")
    assert allowed == ("Allowed for probes: scanners (application, internal) may probe smtp of mx-out (outbound, gateway) "
                       "on port 25, and send nothing.")
    assert by.startswith("By row P-1 (scanners -> mx-out), ") and by.endswith(" Its owner is supervision. It does not expire.")
    assert told.startswith("Once something is sent the sensor would raise flow.role-mismatch ")
    assert said("yes", "attempt:25")[0].startswith("Allowed: ")
    assert said("yes", "submission")[0].startswith("Not allowed: ")
    sending = said("no", "smtp")
    assert sending[0].startswith("Allowed: ") and not any(line.startswith("Once something") for line in sending)


def test_explain_as_json_has_what_the_text_has():
    for words, answer, row in ((("relay", "mx-out", "smtp"), "allowed", "M-30"),
                               (("192.0.2.70", "internet", "smtp"), "not-allowed", "M-10"),
                               (("scanners", "relay", "smtp"), "allowed", "M-12"),
                               (("mx-in", "scanners", "eas"), "not-allowed", None)):
        document = json.loads(run("explain", "--json", "-m", REFERENCE, *words).stdout)
        text = explain(*words)
        told = document.get("row") or document.get("nearest") or {"id": None}
        assert (document["answer"], told["id"]) == (answer, row)
        assert text.startswith("Allowed: " if answer == "allowed" else "Not allowed: ")
        assert row is None or f"row {row} (" in text
        assert {finding["finding"] for finding in document["findings"]} == set(re.findall(r"would raise (\S+)", text))
        assert [accepted["what"] for accepted in document["acceptances"]] == re.findall(r"^Accepted: ([^,]+),", text, re.M)


def test_explain_ends_with_1_for_what_is_not_allowed_for_sure_only_when_asked():
    def codes(matrix, *words):
        return [run("explain", *option, "-m", matrix, *words).returncode for option in ((), ("--exit-code",))]
    assert codes(REFERENCE, "relay", "mx-out", "smtp") == [0, 0]
    assert codes(REFERENCE, "192.0.2.70", "internet", "smtp") == [0, 1]
    assert codes(HYBRID, "workstations", "203.0.113.9", "imaps") == [0, 1]
    assert codes(HYBRID, "workstations", "outlook.office365.com", "exchange-https") == [0, 0]


def test_every_planted_breach_is_told_with_its_row_and_recommendation():
    planted = {"B-0": "R34", "B-1": "R35", "B-2": "R36", "B-3": "R37", "B-4": "R41", "B-5": "R42",
               "B-6": "exposure"}
    text = (ROOT / BROKEN).read_text(encoding="utf-8")
    rows = {row: number for number, line in enumerate(text.splitlines(), 1)
            for row in re.findall(r"id: (B-\d+)", line)}
    del rows["B-22"]  # half of a pair: told at B-23
    answer = run("check", "--quiet", BROKEN)
    assert answer.returncode == 0
    told = {}
    for line in answer.stdout.splitlines():
        place, number, rest = line.split(":", 2)
        assert place == BROKEN
        recommendation, *row = rest.split(":")[0].split()
        told.setdefault(row[1] if row else number, set()).add(recommendation)
        if row:
            assert int(number) == rows[row[1]]
    assert told.keys() >= rows.keys()
    assert {row: told[row] for row in rows} == {row: {planted[row[:3]]} for row in rows}
    groups = {name: str(number) for number, line in enumerate(text.splitlines(), 1)
              for name in re.findall(r"^  ([a-z-]+): {role", line)}
    assert told[groups["outer-mailboxes"]] == {"R34"}
    assert told[groups["mx-in"]] == {"R36"}
    assert len(told) == len(rows) + 2


def test_breaches_end_check_with_1_only_when_asked():
    assert run("check", "--exit-code", BROKEN).returncode == 1
    assert run("check", "--exit-code", REFERENCE).returncode == 0
    document = json.loads(run("check", "--json", BROKEN).stdout)
    assert document["valid"] is True
    assert any(": R35 row B-10: " in text for text in document["breaches"])


def test_the_reference_matrix_keeps_the_recommendations():
    answer = run("check", REFERENCE)
    assert "no breach of R34, R35, R36, R37, R41 or R42" in answer.stdout


def test_check_reads_the_matrix_back_in_words():
    answer = run("check", REFERENCE)
    assert answer.returncode == 0
    assert "relay may send smtp to mx-out on port 25, under STARTTLS." in answer.stdout


def test_check_reads_stdin():
    answer = run("check", "-", stdin="schema: 1\n")
    assert answer.returncode == 2
    assert "stdin:1:1: the matrix has no rows" in answer.stderr


def test_explain_names_the_row_that_allows():
    text = explain("relay", "mx-out", "smtp")
    assert text.startswith("Allowed: relay (relay, internal) may send smtp to mx-out "
                           "(outbound, gateway) on port 25, under STARTTLS.\n")
    assert "By row M-30 (relay -> mx-out)" in text
    assert "owner is messaging" in text


def test_explain_tells_the_last_day_and_audit_mode():
    text = explain("192.0.2.130", "relay", "smtp")
    assert "Its last day is 2037-06-30." in text
    assert "audit mode" in text


def test_explain_names_the_nearest_row_and_what_fails_first():
    text = explain("relay", "mx-out", "smtp:2525")
    assert text.startswith("Not allowed: ")
    assert 'fails first on "port"' in text
    assert "allows port 25, not 2525" in text


def test_explain_names_r37_for_a_workstation_that_sends():
    text = explain("192.0.2.70", "internet", "smtp")
    assert "workstations (client, internal) may not send smtp to internet" in text
    assert "R37" in text


@pytest.mark.parametrize("case", ["submissions-without-a-row", "submissions-by-profile",
                                  "submissions-by-a-server", "smtps-implicit-declared"])
def test_explain_says_of_port_465_what_the_judge_says(case):
    folder = ROOT / "pcaps" / case
    mail = next(record for record in map(json.loads, (folder / "expected.jsonl").open())
                if record["event_type"] == "mail")
    answer = run("explain", "-m", str(folder / "matrix.yaml"), mail["src_ip"], mail["dest_ip"],
                 f"{mail['mail']['protocol']}:{mail['dest_port']}")
    assert answer.returncode == 0, answer.stderr
    is_legitimate = mail["mail"]["verdict"] == "legitimate"
    assert answer.stdout.startswith("Allowed: " if is_legitimate else "Not allowed: ")
    by_profile = "No row is needed: profile rfc8314 lets clients submit over implicit TLS.\n"
    assert (by_profile in answer.stdout) == (is_legitimate and mail["mail"]["row"] is None)


ACCEPTING = """schema: 1
zones: {internal: 192.0.2.0/24}
groups:
  servers: {role: relay, addresses: 192.0.2.25, owner: it, accepts: tls.cipher-weak, reason: old kit, until: 2020-01-01}
rows:
  - {id: R-1, from: servers, to: internet, protocols: smtps, owner: it, accepts: %s, reason: the partner wants it}
"""


def test_explain_says_what_is_accepted_and_by_whom(tmp_path):
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(ACCEPTING % "[R35, smtps.implicit]")
    answer = run("explain", "-m", str(matrix), "servers", "internet", "smtps").stdout
    assert "The sensor would record as accepted smtps.implicit (R42): " in answer
    assert "The sensor would record as accepted relay.chained (R35): " in answer
    words = " ".join(answer.split())
    assert " Accepted: R35, smtps.implicit, by row R-1 (it): the partner wants it. " in words
    assert " No more accepted: tls.cipher-weak, by group servers (it, until 2020-01-01): old kit." in words
    assert told_by(answer) == {}
    matrix.write_text(ACCEPTING % "R41")
    answer = run("explain", "-m", str(matrix), "servers", "internet", "smtps").stdout
    assert told_by(answer) == {"smtps.implicit": ["R42"], "relay.chained": ["R35"]}


def test_a_site_with_a_reasoned_exception_passes_the_check(tmp_path):
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(ACCEPTING % "[R35, smtps.implicit]")
    answer = run("check", "--exit-code", str(matrix))
    assert answer.returncode == 0
    assert "\nArchitecture: no breach that is not accepted.\n\nAccepted: 2\n" in answer.stdout
    assert "; accepted by row R-1 (it): the partner wants it\n" in answer.stdout
    document = json.loads(run("check", "--json", str(matrix)).stdout)
    assert len(document["accepted"]) == 2 and document["breaches"] == []
    assert run("check", "--quiet", str(matrix)).stdout.count("\n") == 1  # that what the group accepts has ended
    matrix.write_text(ACCEPTING % "smtps.implicit")
    answer = run("check", "--exit-code", str(matrix))
    assert answer.returncode == 1
    assert "\nArchitecture: 1 breach\n" in answer.stdout and "\nAccepted: 1\n" in answer.stdout


def told_by(answer):
    """The findings in an answer of explain, with their recommendations."""
    lines = re.findall(r"^The sensor would raise ([a-z.-]+)(?: \(([^)]*)\))?: ", answer, re.M)
    return {finding: recommendations.split(", ") if recommendations else [] for finding, recommendations in lines}


@pytest.mark.parametrize("profile, words, wanted", [
    ("anssi", "relay mx-out smtps", {"sender.illegitimate": ["R37"], "smtps.implicit": ["R42"]}),
    ("anssi", "workstations submission submissions", {"sender.illegitimate": ["R37"], "smtps.implicit": ["R42"]}),
    ("rfc8314", "workstations submission submissions", {}),
    ("rfc8314", "internet submission submissions", {"sender.illegitimate": ["R37"]}),
    ("anssi", "internet submission submissions", {"sender.illegitimate": ["R37"], "smtps.implicit": ["R42"]}),
    ("anssi", "mx-in internet smtp", {"flow.role-mismatch": ["R37", "R36"]}),
    ("anssi", "workstations mx-in imaps", {"flow.role-mismatch": ["R37"]}),
    ("anssi", "192.0.2.70 internet attempt:25", {"sender.attempt": ["R37"]}),
    ("anssi", "relay mx-out smtp:2525", {"port.unusual": ["R37"]}),
    ("anssi", "relay mx-out smtp", {}),
])
def test_explain_names_the_findings_of_the_judge(tmp_path, profile, words, wanted):
    text = (ROOT / REFERENCE).read_text()
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(text.replace("profile: anssi", f"profile: {profile}"))
    assert f"profile: {profile}" in matrix.read_text()
    answer = run("explain", "-m", str(matrix), *words.split())
    assert answer.returncode == 0, answer.stderr
    assert told_by(answer.stdout) == wanted, answer.stdout


WHO = {"sender.illegitimate", "sender.attempt", "flow.illegitimate", "flow.role-mismatch", "port.unusual", "smtps.implicit",
       "zone.mailbox-misplaced", "zone.user-access-exposed"}  # what needs nothing but this one flow
GROWS = {"sender.illegitimate", "sender.attempt", "flow.illegitimate"}  # one alert for all hosts of a group or prefix
# what DNS said of an address is not asked of explain, nor what a flow ends without
# their records bear the port of the proxy, or of who opened the connection and took the mail
PORT_OF_ANOTHER = {"http-connect-after-407", "http-connect-after-407-on-25", "http-connect-behind-pipelined", "http-connect-in-line-feeds",
                   "http-connect-many-lines", "http-connect-to-smtp", "http-connect-unheard", "socks5-to-smtp", "socks5-gssapi-to-smtp", "smtp-roles-turned",
                   "browser-lured-to-mail"}


def test_explain_and_replay_tell_the_same_of_who_may_speak_to_whom():
    def flow(record):
        return [record.get(key) for key in ("src_ip", "src_port", "dest_ip", "dest_port")]

    def groups(record):
        return [record.get("mail", {}).get(key) for key in ("protocol", "nearest_row", "from_group", "to_group")]
    compared = 0
    for folder in sorted(path.parent for path in ROOT.glob("pcaps/*/expected.jsonl") if path.parent.name not in PORT_OF_ANOTHER
                         and not path.parent.name.startswith(("named-", "smtp-probe"))):
        records = [json.loads(line) for line in (folder / "expected.jsonl").open()]
        for mail in (one for one in records if one["event_type"] == "mail" and one["mail"]["direction_confidence"] == "syn"):
            alerts = [one["alert"]["metadata"] for one in records if "alert" in one and (
                flow(one) == flow(mail) or (mail["mail"]["verdict"] == "illegitimate" and groups(one) == groups(mail)
                                            and one["alert"]["metadata"]["finding"] in GROWS))]
            told = {each["finding"]: each["recommendation"] for alert in alerts for each in (alert, *alert.get("also", []))
                    if each["finding"] in WHO}
            answer = run("explain", "-m", str(folder / "matrix.yaml"), mail["src_ip"], mail["dest_ip"],
                         f"{mail['mail']['protocol']}:{mail['dest_port']}")
            planned = {finding: found for finding, found in told_by(answer.stdout).items() if finding in WHO}
            assert planned == told, (folder.name, answer)
            compared += 1
    assert compared > 100


def test_explain_of_an_unknown_end_suggests_the_right_one():
    answer = run("explain", "-m", REFERENCE, "rellay", "mx-out", "smtp")
    assert answer.returncode == 2
    assert 'did you mean "relay"?' in answer.stderr
    assert "Try 'mailwarden explain --help'" in answer.stderr


def test_wrong_usage_exits_2_and_points_to_help():
    for words in (["check"], ["check", "--jsn", REFERENCE], ["explain", "a", "b", "smtp"],
                  ["explain", "-m", REFERENCE, "relay"], ["explain", "-m"]):
        answer = run(*words)
        assert answer.returncode == 2, words
        assert f"Try 'mailwarden {words[0]} --help'" in answer.stderr


def test_help_teaches_with_examples():
    for command in ("check", "explain"):
        answer = run(command, "--help")
        assert answer.returncode == 0
        assert f"  mailwarden {command} " in answer.stdout


def test_the_manual_names_every_key_and_every_protocol():
    page = set(re.findall(r"[\w-]+", (ROOT / "man/mailwarden-matrix.5").read_text(encoding="utf-8")))
    source = "".join((ROOT / f"sensor/matrix/{name}.c").read_text(encoding="utf-8") for name in ("load", "load_groups", "load_lists", "load_rows"))
    keys = set(re.findall(r'^\t\{"(\w+)", (?:true|false), ', source, re.M))
    protocols = set(run("complete", "explain", "-m", REFERENCE, "relay", "mx-out", "").stdout.split()) - {"attempt"}
    assert len(keys) > 15 and {"smtp", "ews"} <= protocols
    assert not (keys | protocols) - page
