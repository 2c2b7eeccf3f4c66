"""docs/siem/wazuh: each golden record comes to the rule of its severity, from a file and by syslog."""

import json
import re
import subprocess
import xml.etree.ElementTree as ET

import pytest

from receivers import SIEM, paths, records, severity_words, values
from sensor import MAILWARDEN

# Of the rules that come with Wazuh, those that take a record first: file 0475-suricata_rules.xml.
STOCK = """<group>
<rule id="86600" level="0"><decoded_as>json</decoded_as><field name="timestamp">\\.+</field><field name="event_type">\\.+</field></rule>
<rule id="86601" level="3"><if_sid>86600</if_sid><field name="event_type">^alert$</field></rule>
</group>"""
LEVELS = {"critical": 14, "high": 12, "medium": 7, "low": 4}


def wazuh_expression(text):
    """OS_Regex: a dot is itself, and with a backslash any character."""
    return text.replace(".", "[.]").replace("\\[.]", ".")


class Rule:
    def __init__(self, element):
        self.id, self.level = element.get("id"), int(element.get("level"))
        self.decoder = element.findtext("decoded_as")
        self.parents = re.split(r",\s*", element.findtext("if_sid") or "")
        self.fields = [(one.get("name"), one.text) for one in element.iter("field")]
        self.words = element.findtext("description") or ""

    def takes(self, record, decoder):
        return self.decoder in (None, decoder) and all(
            any(re.search(wazuh_expression(expression), str(value)) for value in values(record, name))
            for name, expression in self.fields)


OURS = [Rule(one) for one in ET.fromstring("<all>" + (SIEM / "wazuh/mailwarden_rules.xml").read_text() + "</all>").iter("rule")]
RULES = [Rule(one) for one in ET.fromstring(STOCK).iter("rule")] + OURS


def final_rule(record, decoder, order):
    """order: 1 or -1, of rules beside each other: what is told must not depend on it."""
    here = None
    while True:
        parent = here.id if here else ""
        below = [rule for rule in RULES[::order] if parent in rule.parents and rule.takes(record, decoder)]
        if not below:
            return here
        here = below[0]


@pytest.mark.parametrize("decoder", ["json", "mailwarden"])
@pytest.mark.parametrize("order", [1, -1])
def test_every_alert_has_the_level_of_its_severity_and_nothing_else_is_told(decoder, order):
    for record in records("eve"):
        rule = final_rule(record, decoder, order)
        if "alert" not in record:
            assert rule is None or rule.level == 0, record["event_id"]
            continue
        assert rule.level == LEVELS[severity_words()[record["alert"]["severity"]]], record["event_id"]
        is_own = record["alert"]["metadata"]["finding"].startswith("sensor.")
        assert ("the sensor" in rule.words) == is_own


def test_all_severities_are_told_of_flows_and_those_of_the_catalogue_of_the_sensor():
    assert set(severity_words().values()) == set(LEVELS)
    catalogue = json.loads(subprocess.run([MAILWARDEN, "catalogue", "--json"], capture_output=True, timeout=10, check=True).stdout)
    numbers = {word: number for number, word in severity_words().items()}
    for row in catalogue:
        record = {"event_type": "alert", "timestamp": "x", "alert": {"gid": row["gid"], "severity": numbers[row["severity"]],
                                                                     "metadata": {"finding": row["id"]}}}
        for event_type in ("alert", "sensor"):
            rule = final_rule(record | {"event_type": event_type}, "json", 1)
            assert rule.level == LEVELS[row["severity"]] and ("the sensor" in rule.words) == row["id"].startswith("sensor.")


def test_alerts_of_others_are_left_to_their_rules():
    record = {"event_type": "alert", "timestamp": "x", "alert": {"gid": 1, "severity": 1}}
    assert final_rule(record, "json", 1).id == final_rule(record, "json", -1).id == "86601"


def test_rules_name_fields_that_records_have_and_ids_are_for_local_rules():
    ids = [int(rule.id) for rule in OURS]
    assert len(ids) == len(set(ids)) and all(100000 <= one <= 120000 for one in ids)
    for rule in OURS:
        assert {name for name, _ in rule.fields} | set(re.findall(r"\$\((.+?)\)", rule.words)) <= paths("eve")


def test_the_decoder_hands_what_stands_behind_the_cookie_to_the_json_decoder():
    decoder = ET.fromstring(re.sub(r"<!--.*?-->", "", (SIEM / "wazuh/mailwarden_decoders.xml").read_text(), flags=re.S))
    assert decoder.get("name") in {rule.decoder for rule in OURS}
    assert decoder.find("plugin_decoder").get("offset") == "after_prematch"
    line = "@cee: " + json.dumps(records("eve")[0])
    found = re.match(wazuh_expression(decoder.findtext("prematch")), line)
    assert json.loads(line[found.end():]) == records("eve")[0]
    assert re.fullmatch(decoder.findtext("program_name"), "mailwarden")
