"""What docs/schema/eve.schema.json says of a record."""

import functools
import json
import pathlib

import jsonschema

NEWEST = 256  # of one sensor's records: each takes milliseconds
SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[3] / "docs/schema/eve.schema.json").read_text(encoding="utf-8"))


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
