"""Every finding that a capture can raise has a golden case that does and a near miss that does not."""

import json
import subprocess

import pytest

from cases import case_folders, findings_of, promise_of, records, sensor


# Of the findings on the sensor itself, what a replay tells as well.
OF_A_CAPTURE = {"sensor.blind"}
OF_NO_CAPTURE = ("sensor.", "audit.")  # tests/audit and tests/live/audit have cases and near misses of what is asked or reported


def findings_of_captures():
    done = subprocess.run([sensor(), "catalogue", "--json"], capture_output=True, timeout=10,
                          check=True)
    ids = [row["id"] for row in json.loads(done.stdout)]
    return [name for name in ids if not name.startswith(OF_NO_CAPTURE) or name in OF_A_CAPTURE]


def raised_in(folder):
    accepted = folder / "expected.jsonl"
    if not accepted.exists():
        return set()
    return {finding for record in records(accepted.read_bytes()) if "alert" in record
            for finding in findings_of(record)}


def by_finding(of_folder):
    cases = {}
    for folder in case_folders():
        for finding in of_folder(folder):
            cases.setdefault(finding, []).append(folder.name)
    return cases


RAISED = by_finding(raised_in)
ABSENT = by_finding(lambda folder: promise_of(folder).absent)
every_finding = pytest.mark.parametrize("finding", findings_of_captures())


@every_finding
def test_a_case_raises_the_finding(finding):
    assert RAISED.get(finding), f"no expected.jsonl has {finding}"


@every_finding
def test_a_near_miss_does_not_raise_the_finding(finding):
    cases = ABSENT.get(finding, [])
    assert cases, f"no README says Absent: `{finding}`"
    assert not set(cases) & set(RAISED.get(finding, []))


def test_nothing_is_promised_that_the_catalogue_does_not_know():
    known = set(findings_of_captures())
    assert set(ABSENT) | set(RAISED) <= known
