"""The index template and the ingest pipeline of docs/siem/elastic, on every golden record."""

import copy
import ipaddress
import json
import pathlib
import re

from receivers import SIEM, leaves, records, values

TEMPLATE = json.loads((SIEM / "elastic/index-template.json").read_text())
PIPELINE = json.loads((SIEM / "elastic/ingest-pipeline.json").read_text())
# Of the published schema: those field sets that a record of ours could use.
ECS = dict(line.split() for line in (pathlib.Path(__file__).parent / "ecs_fields.txt").read_text().splitlines())
# What an index keeps alike, whatever of the two it is called.
SAME = {"match_only_text": "text"}
# Where form ecs says more than can be had from the EVE record by moving keys.
SAID_BETTER = {"message", "event.reason"}
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?"


def mapped_type(path):
    """As Elasticsearch finds it: by the template's properties, else by its first value. None: kept, not indexed."""
    here = TEMPLATE["template"]["mappings"]
    for key in path.split("."):
        here = here.get("properties", {}).get(key)
        if here is None:
            return "dynamic"
        if here.get("enabled") is False:
            return None
    return here["type"]


def is_address(text):
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


FITS = {
    "ip": is_address,
    "date": lambda value: isinstance(value, str) and re.fullmatch(DATE, value) is not None,
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "keyword": lambda value: isinstance(value, (str, int)),
    "text": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: False,
}


def test_the_template_names_types_as_the_schema_does():
    def explicit(properties, prefix=""):
        for key, value in properties.items():
            if "properties" in value:
                yield from explicit(value["properties"], f"{prefix}{key}.")
            else:
                yield prefix + key, value["type"]
    found = dict(explicit(TEMPLATE["template"]["mappings"]["properties"]))
    assert found.pop("mail.stats") == "object"
    assert found == {path: SAME.get(ECS[path], ECS[path]) for path in found}


def check_fits(document):
    """Each value can be indexed, as a type that the schema asks for; fields that are ours are below mail."""
    for path, value in leaves(document):
        kind = mapped_type(path)
        if path.startswith("mail.") or kind is None:
            continue
        assert path in ECS, f"{path} is no field of ECS"
        if kind == "dynamic":
            kind = "keyword" if isinstance(value, str) else "boolean" if isinstance(value, bool) else "long"
        assert kind == SAME.get(ECS[path], ECS[path]), f"{path}: {value!r} becomes {kind}"
        assert FITS[kind](value), f"{path}: {value!r} is no {kind}"


def test_every_field_of_the_form_ecs_is_indexed_as_the_schema_has_it():
    for record in records("ecs"):
        check_fits(record)


def test_a_path_below_mail_has_one_type_over_all_records():
    kinds = {}
    for record in records("ecs"):
        for path, value in leaves(record):
            if path.startswith("mail.") and mapped_type(path) is not None:
                kinds.setdefault(path, set()).add(type(value).__name__)
    assert {path: found for path, found in kinds.items() if len(found) > 1} == {}


# The processors that the pipeline uses, after Elasticsearch's reference; another one is a KeyError here.


def put(document, path, value):
    *folders, last = path.split(".")
    for key in folders:
        document = document.setdefault(key, {})
        assert isinstance(document, dict), f"{path}: {key} is no object"
    document[last] = value


def take(document, path):
    *folders, last = path.split(".")
    for key in folders:
        document = document[key]
    return document.pop(last)


def has(document, path):
    for key in path.split("."):
        if not isinstance(document, dict) or key not in document:
            return False
        document = document[key]
    return True


def get(document, path):
    for key in path.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document


def is_true(condition, document):
    """Terms of one kind, joined by &&: ctx.KEY against null or a word."""
    for term in condition.split(" && "):
        key, sign, word = re.fullmatch(r"ctx\.(\w+) (==|!=) (null|'\w+')", term).groups()
        equal = document.get(key) == (None if word == "null" else word[1:-1])
        if equal != (sign == "=="):
            return False
    return True


def template_text(text, document):
    return re.sub(r"\{\{\{(.+?)\}\}\}", lambda found: str(get(document, found[1]) or ""), text)


def run_set(document, field, value=None, copy_from=None, ignore_empty_value=False):
    if copy_from:
        value = get(document, copy_from)
    elif isinstance(value, str):
        value = template_text(value, document)
    if not (ignore_empty_value and value in (None, "")):
        put(document, field, value)


def run_rename(document, field, target_field):
    assert not has(document, target_field), f"{target_field} is there already"
    put(document, target_field, take(document, field))


def run_gsub(document, field, pattern, replacement, target_field):
    put(document, target_field, re.sub(pattern, replacement, get(document, field)))


def run_lowercase(document, field, target_field=None):
    put(document, target_field or field, get(document, field).lower())


def run_uppercase(document, field):
    put(document, field, get(document, field).upper())


def run_convert(document, field, target_field, type):  # pylint: disable=redefined-builtin
    assert type == "string"
    put(document, target_field, str(get(document, field)))


def run_dissect(document, field, pattern):
    keys = re.findall(r"%\{(.+?)\}", pattern)
    for key, word in zip(keys, get(document, field).split(" "), strict=True):
        put(document, key, word)


def run_remove(document, field):
    for path in field:
        if has(document, path):
            take(document, path)


PROCESSORS = {"set": run_set, "rename": run_rename, "gsub": run_gsub, "lowercase": run_lowercase, "uppercase": run_uppercase, "convert": run_convert,
              "dissect": run_dissect, "remove": run_remove}


def ingested(record):
    document = copy.deepcopy(record) | {"_ingest": {"timestamp": "2026-11-24T00:00:00.000000Z"}}
    for processor in PIPELINE["processors"]:
        (name, settings), = processor.items()
        settings = dict(settings)
        if not is_true(settings.pop("if", "ctx._ingest != null"), document):
            continue
        if settings.pop("ignore_missing", False) and name != "remove" and not has(document, settings["field"]):
            continue
        PROCESSORS[name](document, **settings)
    del document["_ingest"]
    return document


def words(document, path):
    """A number may be a word; a protocol's name has small letters, as ECS wants it."""
    return [str(value).lower() if path == "network.protocol" else str(value) for value in values(document, path)]


def test_the_pipeline_leaves_the_form_ecs_as_it_is_and_takes_its_id():
    for record in records("ecs"):
        document = ingested(record)
        assert document.pop("_id") == record["event"]["id"]
        assert document["event"].pop("ingested")
        assert document == record


def test_the_pipeline_makes_of_the_form_eve_what_the_form_ecs_says():
    """Every field that it makes is in the form ecs of the same record, and equal."""
    made = set()
    for eve, ecs in zip(records("eve"), records("ecs")):
        document = ingested(eve)
        assert document["_id"] == ecs["event"]["id"]
        for path in {path for path, _ in leaves(document)} - SAID_BETTER - {"_id", "event.ingested"}:
            if values(document, path) == values(eve, path):
                continue
            made.add(path)
            assert words(document, path) == words(ecs, path), path
    assert {"@timestamp", "event.id", "event.start", "source.ip", "source.mac", "destination.mac", "destination.port", "network.transport", "rule.id", "mail.finding",
            "mail.matrix.row", "tls.version", "tls.server.subject", "mail.also.finding", "observer.name"} <= made


def test_the_pipeline_names_keys_that_records_have():
    there = {path for record in records("eve") for path, _ in leaves(record)}
    parents = {path.rsplit(".", end)[0] for path in there for end in range(1, path.count(".") + 1)}
    live = {"in_iface", "matrix"}  # of a sensor that runs; the golden records are of files
    named = {settings["field"] for processor in PIPELINE["processors"] for name, settings in processor.items()
             if name in ("rename", "gsub", "convert", "dissect")}
    assert named - there - parents == live


def test_a_record_that_cannot_be_taken_apart_is_kept_and_says_so():
    assert PIPELINE["on_failure"] == [{"set": {"field": "error.message", "value": "{{{_ingest.on_failure_message}}}"}}]
    assert TEMPLATE["template"]["settings"]["index"]["default_pipeline"] == "mailwarden"
