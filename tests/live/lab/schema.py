"""What docs/schema/ says of a record and of a status; what docs/events.md is about."""

import functools
import json
import pathlib
import re

import jsonschema

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
NEWEST = 256  # of one sensor's records: each takes milliseconds
SCHEMA = json.loads((DOCS / "schema/eve.schema.json").read_text(encoding="utf-8"))
STATUS = json.loads((DOCS / "schema/status.schema.json").read_text(encoding="utf-8"))


@functools.cache
def _judge(kind):
    known = f"{kind}_event" in SCHEMA["$defs"]
    return jsonschema.Draft202012Validator({**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{kind}_event"}]} if known else SCHEMA)


def wrong(record):
    """What is wrong with it, in the terms of its own kind."""
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}"[:300]
            for each in _judge(record.get("event_type")).iter_errors(record) for error in each.context or [each]]


def hold(records):
    """The newest of what a sensor wrote is as the schema says; to be called of each that ends."""
    for record in records[-NEWEST:]:
        assert not wrong(record), (record, wrong(record))


@functools.cache
def told():
    """Fields, counters and metrics with their labels."""
    return set(re.findall(r"^\| `([^`]+)`", (DOCS / "events.md").read_text(encoding="utf-8"), re.MULTILINE))


def hold_status(status):
    """What a sensor says of itself is as its schema says, and its counters are on the page."""
    wrongs = [error.message for error in jsonschema.Draft202012Validator(STATUS).iter_errors(status)]
    assert not wrongs, (status, wrongs)
    assert not {name for process in status["processes"] for name in process["counters"]} - told()
