"""What a receiver gets: every golden record, in the forms that the files of docs/siem are written for."""

import functools
import json
import pathlib
import re
import tempfile

import shipping
from sensor import ROOT

SIEM = ROOT / "docs" / "siem"
FORMS = ("eve", "ecs", "kv")


def golden_records():
    """Of all cases; the event ids, which each case counts from 1, are made unique."""
    found = []
    for path in sorted((ROOT / "pcaps").glob("*/expected.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            record["event_id"] = f"{path.parent.name}-{record['event_id']}"
            found.append(record)
    return found


@functools.cache
def rendered():
    """The lines of each form, in one order, as the sensor's own shipper writes them."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "journal").mkdir()
        (folder / "journal" / f"{0:016}.eve.jsonl").write_text(
            "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in golden_records()))
        (folder / "mailwarden.yaml").write_text("outputs:\n" + "".join(
            f"  - {{type: file, name: {form}, path: {folder}/{form}, form: {form}}}\n" for form in FORMS))
        answer = shipping.ship(folder / "mailwarden.yaml", folder / "journal", "--once", patience=60)
        assert answer.returncode == 0, answer.stderr
        return {form: (folder / form).read_text(encoding="utf-8").splitlines() for form in FORMS}


@functools.cache
def records(form):
    """form: eve or ecs."""
    return [json.loads(line) for line in rendered()[form]]


@functools.cache
def severity_words():
    """What alert.severity means, as the sensor itself says it in words."""
    words = {}
    for line, record in zip(rendered()["kv"], records("eve")):
        if "alert" in record:
            words.setdefault(record["alert"]["severity"], re.search(r"\bseverity=(\w+)", line)[1])
    return words


def values(record, path):
    """All that stands at a dotted path; lists are gone through, as receivers do."""
    found = [record]
    for key in path.split("."):
        found = [one[key] for one in flat(found) if isinstance(one, dict) and key in one]
    return flat(found)


def flat(found):
    return [inner for one in found for inner in (flat(one) if isinstance(one, list) else [one])]


def leaves(record, path=""):
    """Every (path, value) that is no object, without nulls."""
    if isinstance(record, dict):
        return [leaf for key, value in record.items() for leaf in leaves(value, f"{path}.{key}" if path else key)]
    if isinstance(record, list):
        return [leaf for value in record for leaf in leaves(value, path)]
    return [] if record is None else [(path, record)]


@functools.cache
def paths(form):
    """Every path that some golden record has, objects included."""
    found = set()
    for record in records(form):
        for path, _ in leaves(record):
            parts = path.split(".")
            found.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return found
