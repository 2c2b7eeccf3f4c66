"""mailwarden report over every golden case: captures and the records that were made of them give the same verdicts."""

import concurrent.futures
import json
import os
import subprocess

import pytest

from cases import PATIENCE_S, ROOT, case_folders, sensor

# The records of a flow have its findings as they were at its end, and no severities: what an alert told meanwhile differs.
AT_LAST_ANOTHER_ROW = "the alert went out before a row was known to allow the flow: of records the finding is that row's"
ANOTHER_SEVERITY = {
    "sender-fans-out": "the fifth server makes it critical in the alert; the record of a flow knows no other flows",
    "smtp-starttls-no-go-ahead": "refused, not hidden: milder in the alert; the record does not say how it was stripped",
    "tls-null-cipher": "graver than a weak cipher in the alert; findings are graded anew without the cipher",
}
DIFFERENT = ANOTHER_SEVERITY | {
    "lmtp-starttls-refused-anew": "an alert told a refusal, and the next one, milder, that STARTTLS was stripped: the record has the latter alone",
    "login-behind-guesses": "the login that succeeded is told by a second alert of the same flow, and alerts are counted; the record has it once",
    "pop3s-http-alpn-without-a-name": AT_LAST_ANOTHER_ROW,
    "sender-listed": AT_LAST_ANOTHER_ROW + "; a list says how grave it is, and the record does not say which list",
    "smtp-ehlo-refused-anew": AT_LAST_ANOTHER_ROW,
    "smtp-starttls-injection": AT_LAST_ANOTHER_ROW,
    "smtp-stranger-claims-stripping": AT_LAST_ANOTHER_ROW,
}
NUMBERS = dict(enumerate("nine ten eleven twelve".split(), 9))
KEYS = "recommendation", "flows", "unseen", "breaches", "notices", "accepted", "from_internet"


def report(file, folder):
    answer = subprocess.run([sensor(), "report", file, "-m", folder / "matrix.yaml", "--json"], text=True, capture_output=True,
                            timeout=PATIENCE_S, check=True)
    return json.loads(answer.stdout)


def both(folder):
    return [report(folder / name, folder) for name in ("traffic.pcap", "expected.jsonl")]


@pytest.fixture(scope="module", name="reports")
def of_every_case():
    folders = case_folders()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip((folder.name for folder in folders), pool.map(both, folders)))


def verdicts(one):
    return {line["recommendation"]: line["verdict"] for line in one["conformity"]}


def numbers(one):
    """What is counted, and each finding with its row, its groups and its severity."""
    return ([[line.get(key) for key in KEYS] for line in one["conformity"]],
            sorted((found["fingerprint"], found["severity"], found["flows"]) for found in one["findings"]))


def test_captures_and_records_give_the_same_verdicts(reports):
    assert {name: (verdicts(capture), verdicts(records)) for name, (capture, records) in reports.items()
            if verdicts(capture) != verdicts(records)} == {}
    told = {verdict for capture, _ in reports.values() for verdict in verdicts(capture).values()}
    assert len(reports) > 200 and told == {"conform", "breached", "accepted", "not_observable"}


def test_they_give_the_same_findings_but_for_those_that_have_a_reason(reports):
    assert {name for name, (capture, records) in reports.items() if numbers(capture) != numbers(records)} == set(DIFFERENT)


def test_the_page_counts_them():
    assert f"with the {NUMBERS[len(DIFFERENT)]} whose findings differ" in (ROOT / "docs/report.md").read_text(encoding="utf-8")


def test_the_reason_is_severity_or_row_or_count(reports):
    for name in ANOTHER_SEVERITY:
        capture, records = ({(found[0], found[2]) for found in numbers(one)[1]} for one in reports[name])
        assert capture == records, name
    for name in (name for name, why in DIFFERENT.items() if why is AT_LAST_ANOTHER_ROW):
        capture, records = (numbers(one)[1] for one in reports[name])
        apart = set(records) - set(capture)
        assert len(capture) == len(records) and {(found[0].split("|")[1] == "") for found in set(capture) - set(records)} == {True}
        assert all(found[0].split("|")[1] for found in apart), name
