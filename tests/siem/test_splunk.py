"""docs/siem/splunk on every golden record: fields, words and tags as the Common Information Model has them."""

import configparser
import datetime
import re

import pytest

from boolean_search import Search
from receivers import SIEM, paths, records, rendered, severity_words, values

SOURCETYPE = "mailwarden:eve"
# What the model asks of each data set, after its reference: tags, fields that ours fills, closed sets.
CIM = {
    "mailwarden_alert": ({"ids", "attack"},
                         {"action", "category", "dest", "dvc", "ids_type", "severity", "severity_id", "signature", "signature_id",
                          "src", "transport", "vendor_product"}),
    "mailwarden_flow": ({"network", "communicate"},
                        {"action", "app", "bytes", "bytes_in", "bytes_out", "dest", "dest_zone", "duration", "dvc", "packets",
                         "packets_in", "packets_out", "rule", "src", "src_zone", "transport", "vendor_product"}),
    "mailwarden_certificate": ({"certificate", "ssl"},
                               {"dest", "duration", "src", "ssl_end_time", "ssl_hash", "ssl_issuer", "ssl_issuer_common_name",
                                "ssl_start_time", "ssl_subject", "ssl_subject_common_name", "ssl_validity_window", "ssl_version",
                                "transport"}),
    "mailwarden_sensor": ({"alert"}, {"app", "dest", "severity", "severity_id", "signature", "signature_id", "src", "vendor_product"}),
}
SEVERITIES = {"critical", "high", "medium", "low", "informational"}


def read(name):
    found = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",), strict=True)
    found.optionxform = str
    # A stanza of a tag has "=" in its name, a search in its value: only the first one separates.
    found.read_string((SIEM / "splunk" / name).read_text())
    return found


@pytest.fixture(name="props", scope="module")
def props_fixture():
    return read("props.conf")[SOURCETYPE]


def made_fields(props):
    """Field: the keys of a record that it comes from."""
    found = {}
    for name, value in props.items():
        if name.startswith("FIELDALIAS-"):
            key, alias = re.fullmatch(r"(\w+) AS (\w+)", value).groups()
            assert name == f"FIELDALIAS-{alias}"
            found[alias] = {key}
        elif name.startswith("EVAL-"):
            expression = re.sub(r'"[^"]*"', "", value)
            quoted = set(re.findall(r"'([^']+)'", expression))
            bare = set(re.findall(r"[a-z_]+(?!\w*\()\b", re.sub(r"'[^']+'", "", expression)))
            found[name.removeprefix("EVAL-")] = quoted | bare - {"case", "coalesce", "lower", "replace", "strptime"}
    return found


def test_every_field_comes_from_keys_that_records_have(props):
    for field, keys in made_fields(props).items():
        assert keys <= paths("eve"), f"{field}: {keys - paths('eve')}"


def test_the_fields_made_are_those_of_the_model_and_no_other(props):
    fields = {"dest_ip", "dest_port", "src_ip", "src_port"}  # called so in the record itself
    assert fields <= paths("eve")
    assert set(made_fields(props)) == set().union(*(wanted for _, wanted in CIM.values()))


def test_an_alert_of_any_severity_gets_the_words_of_the_sensor(props):
    words = {int(number): word for number, word in re.findall(r"""'alert\.severity'==(\d+), "(\w+)\"""", props["EVAL-severity"])}
    assert words == severity_words()
    assert set(words.values()) < SEVERITIES


def test_actions_are_those_of_the_model(props):
    assert props["EVAL-action"] == "coalesce('alert.action', \"allowed\")"
    assert {action for record in records("eve") for action in values(record, "alert.action")} <= {"allowed", "blocked"}


def test_times_are_read_by_the_formats_given(props):
    formats = set(re.findall(r'strptime\(\'[^\']+\', "([^"]+)"\)', " ".join(props.values())))
    (form,) = formats
    ends = [value for record in records("eve") for key in ("tls.notbefore", "tls.notafter") for value in values(record, key)]
    assert ends and all(datetime.datetime.strptime(value, form) for value in ends)
    for line in rendered()["eve"]:
        behind = line[line.index(props["TIME_PREFIX"]) + len(props["TIME_PREFIX"]):]
        stamp = behind[:int(props["MAX_TIMESTAMP_LOOKAHEAD"])].split('"')[0]
        assert datetime.datetime.strptime(stamp, props["TIME_FORMAT"].replace("%6N", "%f"))
        assert len(line) < int(props["TRUNCATE"])


@pytest.mark.parametrize("name", ["subject", "issuer"])
def test_the_common_name_is_found_wherever_it_stands(props, name):
    pattern = re.fullmatch(r"""replace\('tls\.\w+', "(.*)", "\\2"\)""", props[f"EVAL-ssl_{name}_common_name"])[1]
    for text in ("CN=mail.example.org", "CN=mail.example.org,O=Example", "C=FR, O=Example, CN=mail.example.org"):
        assert re.sub(pattern, r"\2", text) == "mail.example.org"
    assert re.sub(pattern, r"\2", "O=Example") == "O=Example"


def test_the_host_is_the_sensor(props):
    transforms = read("transforms.conf")[props["TRANSFORMS-host"]]
    assert (transforms["DEST_KEY"], transforms["FORMAT"]) == ("MetaData:Host", "host::$1")
    for line, record in zip(rendered()["eve"], records("eve")):
        assert re.search(transforms["REGEX"], line)[1] == record["host"]


def test_event_types_share_out_the_records_and_carry_the_tags_of_the_model():
    types, tags = read("eventtypes.conf"), read("tags.conf")
    assert set(types.sections()) == set(CIM)
    assert {section.removeprefix("eventtype=") for section in tags.sections()} == set(CIM)
    count = dict.fromkeys(CIM, 0)
    for name, (wanted, _) in CIM.items():
        assert {tag for tag, state in tags[f"eventtype={name}"].items() if state == "enabled"} == wanted
        search = Search(types[name]["search"])
        for record in records("eve"):
            count[name] += search.finds(record | {"sourcetype": SOURCETYPE})
    alerts = [record for record in records("eve") if "alert" in record]
    assert count["mailwarden_alert"] + count["mailwarden_sensor"] == len(alerts) and count["mailwarden_sensor"]
    assert count["mailwarden_flow"] == sum(record["event_type"] == "mail" for record in records("eve"))
    assert 0 < count["mailwarden_certificate"] < count["mailwarden_flow"]
