"""Each case of pcaps/: what the sensor says today is what was accepted, twice, and leaks nothing."""

import difflib
import json

import pytest

from cases import broken_promises, case_folders, records, replay, secrets

FOLDERS = case_folders()
every_case = pytest.mark.parametrize("folder", FOLDERS, ids=[path.name for path in FOLDERS])


def readable(found):
    """One key a line, so that a difference names the key."""
    return [line for record in found
            for line in json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False).split("\n")]


def replayed(folder, *options):
    code, output, errors = replay(folder, *options)
    assert code == 0, f"exit code {code}: {errors.decode(errors='replace')}"
    return output


@every_case
def test_the_records_are_the_accepted_ones(folder):
    accepted = folder / "expected.jsonl"
    if not accepted.exists():
        pytest.fail(f"{folder.name} has no expected.jsonl: run make golden-accept", pytrace=False)
    found = records(replayed(folder, "--json"))
    expected = records(accepted.read_bytes())
    if found != expected:
        difference = difflib.unified_diff(readable(expected), readable(found), "expected.jsonl",
                                          "replay", lineterm="", n=4)
        pytest.fail("\n".join(difference), pytrace=False)


@every_case
def test_the_records_keep_the_promise_of_the_readme(folder):
    broken = broken_promises(folder, records(replayed(folder, "--json")))
    if broken:
        pytest.fail("\n".join(broken), pytrace=False)


@every_case
def test_all_records_of_a_flow_have_its_id(folder):
    ids = {}
    for record in records((folder / "expected.jsonl").read_bytes()):
        if "flow_id" in record and "tunnel" not in record:  # of one that is a claim the outer ends are told
            assert 0 < record["flow_id"] < 2 ** 51
            ids.setdefault((record["community_id"], record["flow"]["start"]), set()).add(record["flow_id"])
    assert all(len(of_one) == 1 for of_one in ids.values())
    assert len(set().union(*ids.values())) == len(ids)


@every_case
def test_a_second_run_gives_the_same_bytes(folder):
    assert replayed(folder, "--json") == replayed(folder, "--json")


@every_case
@pytest.mark.parametrize("options", [("--json",), (), ("--flows", "/dev/stdout")], ids=["json", "human", "flows"])
def test_no_password_is_in_the_output(folder, options):
    code, output, errors = replay(folder, *options)
    assert code == 0, f"exit code {code}: {errors.decode(errors='replace')}"
    for secret in secrets():
        assert secret not in output + errors


def test_the_password_forms_are_found_in_the_captures():
    """The test above can only fail if the forms it looks for are those on the wire."""
    captured = b"".join((folder / "traffic.pcap").read_bytes() for folder in FOLDERS)
    assert sum(secret in captured for secret in secrets()) >= 3
