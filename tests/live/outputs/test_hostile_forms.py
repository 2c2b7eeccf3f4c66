"""What peers chose to break things with, from the wire through every form into real rsyslogd and syslog-ng: what these stored
says, read by the rules of the form, what the record says."""

import json
import re

import pytest

import forms
import hostile
import shipping
import syslog_receivers
from frames_made import pcap
from replaying import written
from syslog_receivers import Rsyslogd, SyslogNg

pytestmark = syslog_receivers.needed
# How a body of each begins.
FORMS = {"cef": "CEF:0|", "cee": "@cee: ", "ecs": '{"@timestamp"', "eve": '{"timestamp"', "rfc5424": "[origin ", "kv": "event="}
HEADER = re.compile(r"<\d+>1 \S+ \S+ mailwarden \d+ \S+ (?:- )?")
HEADER_OF_CEF = re.compile(r"<\d+>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ (?=CEF:0\|)")


@pytest.fixture(name="journal", scope="module")
def made_journal(tmp_path_factory):
    """Each kind in each field by the wire, and then each word in each field of a record, as another writer may have it."""
    folder = tmp_path_factory.mktemp("hostile")
    for number, text in enumerate(hostile.KINDS.values()):
        frames = [frame for flow in hostile.flows(text, folder) for frame in flow]
        shipping.replay_into(folder / f"journal-{number}", files=[written(folder, pcap(frames), f"{number}.pcap")])
    lines = [line for number in range(len(hostile.KINDS)) for segment in sorted((folder / f"journal-{number}").glob("*.eve.jsonl"))
             for line in segment.read_bytes().splitlines(keepends=True)]
    (folder / "journal").mkdir()
    (folder / "journal" / f"{0:016}.eve.jsonl").write_bytes(b"".join(lines))
    alert = next(record for record in shipping.records(folder / "journal") if forms.at(record, "alert.metadata.detail"))
    with open(folder / "journal" / f"{0:016}.eve.jsonl", "a", encoding="utf-8") as segment:
        segment.writelines(json_line(record) for record, *_ in forms.hostile_records(alert))
    return folder / "journal"


def json_line(record):
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def body_of(line):
    header = HEADER_OF_CEF.match(line) or HEADER.match(line)
    assert header, line
    return line[header.end():]


def test_each_kind_reaches_each_field_that_records_have_of_the_wire(journal):
    """What follows can only fail where the fields are filled, and each kind is another value there."""
    assert len(hostile.KINDS) >= 22
    values = {path: set() for path, *_ in forms.FROM_THE_WIRE}
    for record in shipping.records(journal):
        if not record["event_id"].startswith("hostile-"):
            for path, found in values.items():
                found.add(forms.at(record, path))
    by_dns = {"mail.from_name", "mail.to_name"}  # of answers that somebody asked for
    assert {path for path, found in values.items() if len(found) < 20} == by_dns, {path: len(found) for path, found in values.items()}


@pytest.mark.parametrize("kind", [pytest.param(Rsyslogd, id="rsyslogd"),
                                  pytest.param(SyslogNg, id="syslog-ng", marks=syslog_receivers.needed_syslog_ng)])
def test_what_a_receiver_stored_says_what_the_record_says(tmp_path, journal, kind):
    records = {record["event_id"]: record for record in shipping.records(journal)}
    wanted = {(form, one) for form in FORMS for one in records}
    settings = tmp_path / "mailwarden.yaml"
    with kind(tmp_path) as receiver:
        settings.write_text("outputs:\n" + "".join(
            f"  - {{type: syslog-net, name: {form}-{receiver.port}, receivers: ['127.0.0.1:{receiver.port}'], form: {form}, events: all, "
            "limit: 60000}\n" for form in FORMS))
        answer = shipping.ship(settings, journal, "--once")
        assert answer.returncode == 0, answer.stderr
        receiver.end()  # and it writes what it has
        bodies = list(map(body_of, receiver.lines()))
    read = set()
    for body in bodies:  # a receiver that is slow is sent some twice
        form = next(form for form, begin in FORMS.items() if body.startswith(begin))
        event_id = forms.event_id(form, body)
        forms.hold(form, body, records[event_id])
        read.add((form, event_id))
    assert read == wanted
