"""Every record is as docs/schema/eve.schema.json says, and a wrong one is refused."""

import copy
import json
import subprocess

import jsonschema
import pytest

from cases import case_folders, records, replay, sensor
from schema import SCHEMA, wrong

JUDGE = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture(name="golden", scope="module")
def golden_fixture():
    return [record for folder in case_folders() for record in records((folder / "expected.jsonl").read_bytes())]


def example(golden, kind, has=lambda record: True):
    return copy.deepcopy(next(record for record in golden if record["event_type"] == kind and has(record)))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_golden_record_is_as_the_schema_says(golden):
    assert {record["event_type"] for record in golden} == {"alert", "mail", "sensor", "stats"}
    for record in golden:
        assert not wrong(record), (record["event_id"], wrong(record))


def test_a_report_is_as_the_schema_says():
    found = [record for folder in case_folders()[::16] for record in records(replay(folder, "--summary", "--json")[1])]
    assert "conformity" in {record["event_type"] for record in found}
    for record in found:
        assert not wrong(record), (record["event_id"], wrong(record))


def test_the_findings_are_those_of_the_catalogue():
    answer = subprocess.run([sensor(), "catalogue", "--json"], capture_output=True, check=True, timeout=20)
    catalogue = [row["id"] for row in json.loads(answer.stdout)]
    named = [SCHEMA["$defs"][kind]["properties"]["alert"]["properties"]["metadata"]["properties"]["finding"]["enum"]
             for kind in ("alert_event", "sensor_event")]
    assert named[0] + named[1] == catalogue


def put(record, path, value):
    *folders, name = path.split(".")
    for folder in folders:
        record = record[folder]
    if value is None:
        del record[name]
    else:
        record[name] = value


@pytest.mark.parametrize(("kind", "path", "value"), [
    ("alert", "src_ip", None), ("alert", "dest_ip", 3221225985), ("alert", "src_port", "25"), ("alert", "timestamp", "2026-11-24T06:00:00Z"),
    ("alert", "flow_id", None), ("alert", "flow_id", 2 ** 51), ("alert", "another", 1), ("alert", "alert.severity", 0),
    ("alert", "alert.action", "passed"), ("alert", "alert.metadata.finding", "sensor.blind"), ("alert", "alert.metadata.count", 0),
    ("alert", "alert.metadata.signature_severity", ["grave"]), ("alert", "alert.metadata.also", []), ("alert", "sensor", {"process": "x"}),
    ("mail", "alert", {}), ("mail", "app_proto", "attempt"), ("mail", "mail.verdict", "maybe"), ("mail", "mail.tls", None),
    ("mail", "mail.helo", ["a"]), ("mail", "flow.state", "open"), ("mail", "flow.age", -1), ("mail", "community_id", "1:"),
    ("sensor", "src_ip", "192.0.2.1"), ("sensor", "sensor", None), ("sensor", "event_type", "alert"),
    ("sensor", "alert.metadata.finding", "tls.missing"), ("stats", "stats.frames", "1"), ("stats", "event_type", "flow"),
], ids=str)
def test_a_record_with_one_thing_wrong_is_refused(golden, kind, path, value):
    record = example(golden, kind)
    assert JUDGE.is_valid(record)
    put(record, path, value)
    assert not JUDGE.is_valid(record)


@pytest.mark.parametrize(("path", "value"), [
    ("tls.fingerprint", "00" * 32), ("tls.fingerprint", "00" * 20), ("tls.cipher", "TLS_AES_128_GCM_SHA256"), ("mail.certificate_sha256", "00:11"),
    ("mail.certificate", "valid"), ("tls.notafter", "2025-01-01T00:00:00+0000"), ("tls.ja3.hash", "")], ids=str)
def test_a_session_with_one_thing_wrong_is_refused(golden, path, value):
    record = example(golden, "mail", lambda record: "fingerprint" in record.get("tls", {}))
    assert JUDGE.is_valid(record)
    put(record, path, value)
    assert not JUDGE.is_valid(record)
