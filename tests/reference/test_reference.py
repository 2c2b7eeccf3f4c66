"""The reference is as its sources are: no field, counter or metric without a text, no text of what is nowhere."""

import collections
import copy
import functools
import re
import subprocess

import jsonschema
import pytest

import claims
import reference
from cases import case_folders, records, replay
from reference_fields import ROOT, Reader, schema
from reference_log import causes, lines, of_source
from reference_metrics import metrics

SENSOR = ROOT / "sensor"
COUNTED = ("engine/counters.c", "control/worker.c", "control/interfaces.c", "commands/replay_outputs.c")
FINDINGS = [row["id"] for row in reference.catalogue()]


@functools.cache
def page():
    return reference.MARKDOWN.read_text(encoding="utf-8")


def told(part):
    """What the tables of this part of the page are about."""
    found = re.search(rf"^## {part}\n(.*?)(?=^## |\Z)", page(), re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^\| `([^`]+)`", found[1], re.MULTILINE))


@functools.cache
def sources(*names):
    files = [SENSOR / name for name in names] or sorted(SENSOR.rglob("*.c"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def nodes(name):
    """Every member of a schema, at every depth: path and node, with the text of what it refers to."""
    reader = Reader(name, FINDINGS)
    tops = reference.kinds().values() if name == "eve" else [schema(name)]
    return [one for top in tops for one in reader.fields(top)]


def without_text(fields):
    return [one.path for one in fields if not one.text.endswith((".", "?"))]


@pytest.mark.parametrize("path", list(reference.pages()), ids=lambda path: path.name)
def test_the_page_is_what_its_sources_say(path):
    assert path.read_text(encoding="utf-8") == reference.pages()[path], "run make docs"


@pytest.mark.parametrize("name", ["eve", "status"])
def test_every_field_of_the_schema_has_a_text(name):
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert len(nodes(name)) > 90 and not without_text(nodes(name))


def test_a_field_without_a_text_is_found():
    node = copy.deepcopy(schema("status"))
    node["properties"]["observed"]["properties"]["another"] = {"type": "string"}
    assert without_text(Reader("status", FINDINGS).fields(node)) == ["observed.another"]


def members(value, prefix=""):
    """Paths of all that is in a record."""
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict):
                yield from members(one, prefix.removesuffix(".") + "[].")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield prefix + key
            yield from members(one, prefix + key + ".")


def unknown(record):
    known = {"stats." + name for name in told("Counters")} | told("Records")
    known |= {name[:at.start()] for name in known for at in re.finditer(r"\.", name)}
    return [path for path in members(record) if re.sub(r"(?<=^blind\.kinds\.)\w+", "KIND", path) not in known | {"blind.kinds.KIND"}]


def test_every_member_of_every_golden_record_is_in_the_reference():
    golden = [record for folder in case_folders() for record in records((folder / "expected.jsonl").read_bytes())]
    golden += [record for folder in case_folders()[::32] for record in records(replay(folder, "--summary", "--json")[1])]
    assert {record["event_type"] for record in golden} == {"alert", "mail", "sensor", "stats", "conformity"}
    assert not {path for record in golden for path in unknown(record)}
    mail = next(record for record in golden if record["event_type"] == "mail")
    assert unknown({**mail, "mail": {**mail["mail"], "helos": []}}) == ["mail.helos"]


def test_every_field_of_the_reference_is_one_that_the_code_writes():
    written = set(re.findall(r'"([\w-]+)"', sources()))
    fields = {part.removesuffix("[]") for path in told("Records") | told("Status") for part in path.split(".")}
    assert "helo" in fields and "backlog_bytes" in fields and not fields - written - {*reference.kinds(), "KIND"}


def test_the_counters_are_those_of_the_code():
    text = sources(*COUNTED)
    named = re.findall(r'(?:\{|struct counter\)\{)"([a-z][\w.]+)",', text)
    blind = re.findall(r'BLIND\("(\w+)"', text)
    counted = {*named, *(f"blind.{kind}{unit}" for kind in blind for unit in ("", "_bytes"))}
    assert len(counted) > 100 and told("Counters") == counted


def test_the_status_is_that_of_the_code():
    text = sources("status/status_json.c", "report/json_sensor.c")
    written = set(re.findall(r'json_(?:text|number|bool|time|object_open|array_open)\(\s*&?writer,\s*"(\w+)"', text))
    ended = set(re.findall(r'write_(?:ending|count|time)\(writer, "(\w+)"', text)) | {"rows", "acceptances", "row", "by"}
    of_records = {"alert", "sensor", "metadata", "matrix", "action", "finding", "detail", "process", "host", "problem", "generation",
                  "groups", "entry", "list", "reason", "signature_id", "rev", "gid", "signature", "category", "severity"}
    said = {part.removesuffix("[]") for path in told("Status") for part in path.split(".")}
    assert (written | ended) - of_records == said - of_records - {"KIND"}


def test_the_metrics_are_those_of_the_code():
    named = set(re.findall(r'"(mailwarden_\w+)"', sources("status/metrics_text.c", "status/metrics_mail.c")))
    assert {name for name, *_ in metrics()} == named == {re.sub(r"\{.*", "", name) for name in told("Metrics")}


def speaking_of(texts):
    """What stands in backquotes, but for examples of what somebody sent or typed."""
    return {word for text in texts for word in re.findall(r"`([^`]+)`", text) if re.fullmatch(r"[\w.*-]*[a-z][\w.*-]*", word)}


def test_a_text_names_only_what_there_is():
    options = re.findall(r"--([a-z-]+)", subprocess.run([reference.program(), "run", "--help"], capture_output=True, text=True, check=True,
                                                        timeout=20).stdout)
    fields = [(name, one) for name in ("eve", "status") for one in nodes(name)]
    values = {str(value) for name, one in fields for value in Reader(name, FINDINGS).values(one.node)}
    paths = {*told("Records"), *told("Status"), *told("Counters"), *FINDINGS}
    keys = {part for path in paths for part in path.split(".")}
    groups = {re.sub(r"\.\w+$", ".*", path) for path in paths}
    settings = {"accepts", "expires", "internet", "replay", "supervisor", "reporter", *options}
    words = speaking_of(one.text for _, one in fields)
    assert {"mail.direction_confidence", "blind.*", "not_visible", "observed-pairs"} <= words
    assert sorted(words - paths - keys - values - groups - settings) == []
    assert speaking_of(["`mail.helos` is not `mail.helo`"]) - paths == {"mail.helos"}


def test_every_line_of_the_log_has_a_cause_and_a_cure_and_no_other_has():
    logged = {line.text: line for line in lines()}
    assert len(logged) > 80 and list(causes()) == sorted(logged)
    assert not [text for text, about in causes().items() if set(about) != {"cause", "cure"} or not all(one.endswith(".") for one in about.values())]
    assert {line.finding for line in logged.values()} - {""} <= set(FINDINGS)
    assert logged["interface … is watched again"].level == "notice" and logged["records wait: …"].level == "error"


def test_each_call_that_logs_is_read():
    """A file that logs, but for the logger and those that pass on what others say, gives as many lines as it has calls, or more."""
    calls = sum(len(re.findall(r"\blog_line\(\s*(?!enum)|\bhealth_alert\(\s*(?!struct)", path.read_text(encoding="utf-8"))) for path in SENSOR.rglob("*.c"))
    found = [line for path in SENSOR.rglob("*.c") for line in of_source(path.read_text(encoding="utf-8"))]
    assert len(found) >= calls - 2, (len(found), calls)


def test_a_new_line_of_the_log_is_found():
    source = 'void f(void)\n{\n\tlog_line(LOG_LEVEL_ERROR, "gate", is_on ? "on: %u" : "off",\n\t\tg(1, "(")); }\n'
    assert [(line.text, line.level) for line in of_source(source)] == [("on: …", "error"), ("off", "error")]
    source = '\thealth_alert(health, FINDING_SENSOR_BLIND, place,\n\t\t"%" PRIu64 " of %s: %s %.80s", 3, "x", a, b);'
    assert [line.text for line in of_source(source)] == ["… of …: … (sensor.blind)"]


def untold(found):
    return [f"{claim.kind}: {claim.name}" for claim in found if not claim.has_text]


def test_nothing_that_the_program_has_is_without_a_text(capsys):
    found = claims.all_claims()
    kinds = collections.Counter(claim.kind for claim in found)
    with capsys.disabled():
        print(f"\n{len(found)} claims generated or executed: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()))
    assert untold(found) == [] and len(kinds) == 12 and min(kinds.values()) > 8
    assert untold([*found, claims.Claim("options", "run --nosuch", False)]) == ["options: run --nosuch"]


EXAMPLES = list(claims.examples())
MISSING = re.compile(r"No such file or directory|No such device")


def mistakes(text, folder):
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    answer = subprocess.run([reference.program(), "check", "--config", str(path)], capture_output=True, text=True, check=False, timeout=20)
    return [line for line in answer.stderr.splitlines() if "settings cannot be used" not in line and not MISSING.search(line)]


def test_every_example_of_settings_is_right_but_for_what_this_machine_has_not(tmp_path):
    assert len(EXAMPLES) > 8
    assert {page: found for page, text in EXAMPLES if (found := mistakes(text, tmp_path))} == {}
    assert mistakes("outputs: [{type: syslog, form: rfc5424}]\n", tmp_path)
