"""Every form of a record: as in the golden file, and understood by a reader of that form."""

import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import rsyslog
import shipping
from forms import CONTROLS, at, ecs_table, hold_ecs, hostile_records, read_cef, read_kv, unsafe

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "renderings"

FORMS = {"eve": "json", "kv": "txt", "cee": "txt", "cef": "txt", "ecs": "json", "rfc5424": "txt"}
RECORDS = [json.loads(line) for line in (GOLDEN / "records.jsonl").read_text().splitlines()]
HOSTILE = 1


def catalogue():
    """Every golden record."""
    return [json.loads(line) for path in sorted((HERE.parents[1] / "pcaps").glob("*/expected.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()]


def render(records, folder, keys="sync: yes"):
    """The lines of each form."""
    (folder / "journal").mkdir()
    text = "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records)
    (folder / "journal" / f"{0:016}.eve.jsonl").write_text(text, encoding="utf-8")
    settings = folder / "mailwarden.yaml"
    settings.write_text("outputs:\n" + "".join(
        f"  - {{type: file, name: {form}, path: {folder}/{form}, form: {form}, {keys}}}\n" for form in FORMS))
    answer = shipping.ship(settings, folder / "journal", "--once")
    assert answer.returncode == 0, answer.stderr
    return {form: (folder / form).read_bytes().decode().split("\n")[:-1] for form in FORMS}


def reason(record):
    """What was seen, else what the matrix says."""
    return record.get("alert", {}).get("metadata", {}).get("detail") or record["mail"]["reason"]


@pytest.fixture(name="rendered", scope="module")
def rendered_fixture(tmp_path_factory):
    return render(RECORDS, tmp_path_factory.mktemp("renderings"))


@pytest.fixture(name="all_rendered", scope="module")
def all_rendered_fixture(tmp_path_factory):
    return render(catalogue(), tmp_path_factory.mktemp("catalogue"))


def test_every_form_is_tried_here_and_in_the_manuals():
    listed = subprocess.run([shipping.MAILWARDEN, "ship", "--list"], capture_output=True, text=True, timeout=10, check=True).stdout
    forms = set(re.split(r", | or ", re.search(r"^ +form +(.*) \(default", listed, re.M).group(1)))
    assert set(FORMS) == forms
    page = (HERE.parents[1] / "docs/outputs.md").read_text(encoding="utf-8")
    assert {form for form in forms if f"\n| `{form}` |" not in page} == set()
    assert not forms - set(re.findall(r"\w+", (HERE.parents[1] / "man/mailwarden.yaml.5").read_text(encoding="utf-8")))


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_as_in_its_golden_file(rendered, form):
    path = GOLDEN / f"{form}.{FORMS[form]}"
    lines = rendered[form]
    if form == "rfc5424":
        lines = [re.sub(r"(mailwarden) \d+ ", r"\1 PID ", line, count=1) for line in lines]
    elif form == "ecs":
        lines = [re.sub(r'("created":)"[^"]+"', r'\1"NOW"', line) for line in lines]
    text = "".join(line + "\n" for line in lines)
    if os.environ.get("ACCEPT"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("form", FORMS)
def test_no_value_breaks_the_line(rendered, form):
    assert len(rendered[form]) == len(RECORDS)
    for line in rendered[form]:  # DEL stands as it is in JSON (RFC 8259 section 7)
        assert not re.search(r"[\x00-\x1f]" if form in ("eve", "cee", "ecs") else r"[\x00-\x1f\x7f]", line)


@pytest.mark.parametrize("form", ["kv", "cef", "rfc5424"])
def test_the_first_480_bytes_tell_who_whom_what_and_why(rendered, form):
    record, head = RECORDS[0], rendered[form][0].encode()[:480].decode()
    for value in (record["src_ip"], record["dest_ip"], record["mail"]["from_group"], record["mail"]["to_group"],
                  record["mail"]["nearest_row"]):
        assert value in head
    assert form == "cef" or record["alert"]["metadata"]["finding"] in head
    assert "direct send to a foreign server" in head and "no row lets workstations" in head


@pytest.mark.parametrize("form", ["kv", "cef", "rfc5424"])
def test_in_every_alert_of_the_catalogue_the_first_480_bytes_tell_whom_and_begin_the_reason(all_rendered, form):
    alerts = [(record, line.encode()[:480].decode(errors="ignore")) for record, line in zip(catalogue(), all_rendered[form])
              if record["event_type"] == "alert"]
    assert len(alerts) > 200
    assert [head for record, head in alerts if not all(record["mail"].get(f"judged_{end}", record[end]) in head for end in ("src_ip", "dest_ip"))] == []
    begun = [re.match(r"[\w .,:-]{0,30}", reason(record))[0] for record, _ in alerts]
    assert [head for (_, head), words in zip(alerts, begun) if words not in head] == []


def test_eve_is_the_record_itself(rendered):
    assert [json.loads(line) for line in rendered["eve"]] == RECORDS


def test_letters_of_any_writing_stay_and_what_steers_a_terminal_does_not(tmp_path):
    helo = "例え.テスト münchen \u202egro.elpmaxe\u2066 \x9b2J\x7f\u2028 ÿ"
    record = RECORDS[0] | {"mail": RECORDS[0]["mail"] | {"helo": helo, "mail_from_domain": helo, "to_name": helo}}
    lines = render([record], tmp_path)
    for form in ("kv", "cef", "ecs", "rfc5424"):
        assert "例え.テスト münchen" in lines[form][0] and "ÿ" in lines[form][0]
        assert not re.search(CONTROLS, lines[form][0])
    assert json.loads(lines["ecs"][0])["mail"]["helo"] == json.loads(lines["eve"][0])["mail"]["helo"] == helo
    assert read_kv(lines["kv"][0])["helo"] == unsafe(helo) == read_cef(lines["cef"][0])[1]["mailwardenHelo"]


def judged(record):
    """The ends that were judged."""
    mail = record["mail"]
    return tuple(str(mail.get(f"judged_{key}", record.get(key))) for key in ("src_ip", "src_port", "dest_ip", "dest_port"))


def test_kv_is_read_as_words_of_a_shell_are(rendered):
    for line, record in zip(rendered["kv"], RECORDS):
        pairs = read_kv(line)
        assert pairs["event"] == record["event_type"] and pairs["event_id"] == record["event_id"]
        if "mail" in record:
            assert pairs["reason"] == unsafe(reason(record))
            assert pairs["verdict_reason"] == unsafe(record["mail"]["reason"])
            assert pairs.get("helo") == (unsafe(record["mail"]["helo"]) if record["mail"]["helo"] else None)
            assert pairs["from"] == record["mail"]["from_group"]
        if "tunnel" in record:
            assert pairs["tunnel"] == record["tunnel"]["kind"]
            assert pairs["tunnel_src"] == record["tunnel"]["src_ip"]
        if "stats" in record:
            assert pairs["frames"] == "361" and pairs["tcp.gaps"] == "0"


def test_address_and_port_are_apart_and_behind_a_proxy_both_ends_are_named(all_rendered):
    proxied = 0
    for line, record in zip(all_rendered["kv"], catalogue()):
        pairs = read_kv(line)
        if "mail" not in record:
            continue
        assert tuple(pairs.get(key, "None") for key in ("src", "src_port", "dst", "dst_port")) == judged(record)
        wire = tuple(pairs.get(f"wire_{key}") for key in ("src", "src_port", "dst", "dst_port"))
        if "proxied_by" in record["mail"]:
            proxied += wire != judged(record)
            assert pairs["proxied_by"] == record["mail"]["proxied_by"]
            assert wire == (record["src_ip"], str(record["src_port"]), record["dest_ip"], str(record["dest_port"]))
        else:
            assert set(wire) == {None} and "proxied_by" not in pairs
    assert proxied > 5


def test_every_form_says_what_was_seen_first_and_then_what_the_matrix_says(all_rendered):
    both = 0
    for i, record in enumerate(catalogue()):
        if "mail" not in record:
            continue
        seen, sentence = reason(record), record["mail"]["reason"]
        both += seen != sentence
        pairs, entry = read_kv(all_rendered["kv"][i]), json.loads(all_rendered["ecs"][i])
        assert (pairs["reason"], pairs["verdict_reason"]) == (seen, sentence)
        assert (entry["event"]["reason"], entry["mail"]["verdict_reason"]) == (seen, sentence)
        assert seen in entry["message"] and sentence in entry["message"]
        assert f" reason={seen}" in all_rendered["cef"][i].replace(r"\=", "=").replace(r"\\", "\\")
        assert f" msg={sentence}" in all_rendered["cef"][i].replace(r"\=", "=").replace(r"\\", "\\")
        assert f' reason="{seen}" verdict_reason="{sentence}"' in re.sub(r"\\(.)", r"\1", all_rendered["rfc5424"][i])
    assert both > 100


def test_ecs_holds_its_required_fields(all_rendered):
    for line, record in zip(all_rendered["ecs"], catalogue()):
        entry = json.loads(line)
        assert entry["ecs"]["version"].startswith("8.") and entry["event"]["module"] == "mailwarden"
        for time in (entry["@timestamp"], entry["event"]["created"]):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time)
        assert entry["event"]["kind"] == ("alert" if "alert" in record else {"stats": "metric"}.get(record["event_type"], "event"))
        assert "shortened" not in entry["mail"]


def test_ecs_has_every_member_of_every_record_or_says_why_not(all_rendered):
    checked = set()
    for line, record in zip(all_rendered["ecs"], catalogue()):
        checked |= hold_ecs(json.loads(line), record)
    table, left = ecs_table()
    assert len(checked) > 80 and not left & set(table)


def test_ecs_uses_its_own_types_and_words(all_rendered):
    """ECS 8.11: keywords are text, the words of a closed set are of it, and what stands for a type of event fits its category."""
    types = {"network": {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
             "intrusion_detection": {"allowed", "denied", "info"}, "host": {"access", "change", "end", "info", "start"},
             "configuration": {"access", "change", "creation", "deletion", "info"}}
    for line, record in zip(all_rendered["ecs"], catalogue()):
        event, entry = json.loads(line)["event"], json.loads(line)
        assert set(event["type"]) <= set().union(*(types[name] for name in event["category"]))
        assert event.get("outcome") in (None, "success", "failure")
        for path in ("rule.id", "rule.version", "network.vlan.id", "network.inner.vlan.id", "mail.flow.id"):
            assert isinstance(at(entry, path), (str, type(None)))
        for name, digits in (at(entry, "tls.server.hash") or {}).items():
            assert re.fullmatch("[0-9A-F]{%d}" % {"sha1": 40, "sha256": 64}[name], digits)
            assert digits in entry["related"]["hash"]
        ips = entry.get("related", {}).get("ip", [])
        assert len(set(ips)) == len(ips) and {record[key] for key in ("src_ip", "dest_ip") if key in record} <= set(ips)
        if "alert" in record:
            assert event["risk_score"] == {1: 99, 2: 73, 3: 47, 4: 21}[record["alert"]["severity"]]
            assert entry["mail"]["severity"] == {1: "critical", 2: "high", 3: "medium", 4: "low"}[record["alert"]["severity"]]
        if record.get("alert", {}).get("metadata", {}).get("finding", "").startswith("sensor."):
            assert event["category"] == ["host"] and event["type"] == ["info"]


def test_ecs_names_who_it_is_behind_a_proxy_and_the_proxy(all_rendered):
    behind = set()
    for line, record in zip(all_rendered["ecs"], catalogue()):
        mail, entry = record.get("mail", {}), json.loads(line)
        if "proxied_by" not in mail:
            assert "client" not in entry and "server" not in entry
            continue
        for end, key in (("client", "src_ip"), ("server", "dest_ip")):
            assert entry[end]["ip"] == entry[end]["address"] == mail[f"judged_{key}"] and entry[end]["ip"] in entry["related"]["ip"]
            is_other = record[key] != mail[f"judged_{key}"]
            assert at(entry, f"{end}.nat.ip") == (record[key] if is_other else None)
            behind |= {end} if is_other else set()
        assert entry["mail"]["proxied_by"] == mail["proxied_by"]
    assert behind == {"client", "server"}


@pytest.mark.parametrize("limit", [1500, 2048])
def test_ecs_that_is_too_long_says_so_and_is_still_what_the_alert_is_about(tmp_path, limit):
    shortened = 0
    for line, record in zip(render(RECORDS, tmp_path, f"limit: {limit}")["ecs"], RECORDS):
        entry = json.loads(line)
        assert len(line.encode()) <= limit and entry["event"]["id"] == record["event_id"]
        is_cut = at(entry, "mail.shortened") is True
        assert is_cut != ("observer" in entry and "related" in entry or "src_ip" not in record)
        if "alert" in record:
            assert entry["rule"]["name"] == record["alert"]["signature"] and entry["event"]["reason"] == reason(record)
        shortened += is_cut
    assert 0 < shortened < len(RECORDS)


def test_every_record_gets_out_in_the_least_limit_and_says_which_it_is(tmp_path):
    records = RECORDS + catalogue()
    lines = render(records, tmp_path, "limit: 480")
    for form, found in lines.items():
        assert len(found) == len(records), form
        assert max(len(line.encode()) for line in found) <= 480
    shortened = 0
    for i, record in enumerate(records):
        eve, cee, ecs = (json.loads(lines[form][i].removeprefix("@cee: ")) for form in ("eve", "cee", "ecs"))
        assert eve["event_id"] == cee["event_id"] == ecs["event"]["id"] == record["event_id"]
        assert eve.get("src_ip") == cee.get("src_ip") == at(ecs, "source.ip") == record.get("src_ip")
        shortened += eve.get("shortened", False) and cee["shortened"] and ecs["mail"]["shortened"]
        if "alert" in record:
            finding = record["alert"]["metadata"]["finding"]
            assert ecs["event"]["action"] == finding and read_kv(lines["kv"][i])["finding"] == finding
            assert eve["alert"]["signature_id"] == int(read_cef(lines["cef"][i])[0][4]) == record["alert"]["signature_id"]
            assert f' finding="{finding}"' in lines["rfc5424"][i]
    assert shortened > 500


def test_ecs_of_the_sensor_itself_and_of_a_changed_matrix_is_no_intrusion(rendered):
    events = {record["event_type"] + str("sensor" in record and "alert" in record): json.loads(line)["event"]
              for line, record in zip(rendered["ecs"], RECORDS) if "src_ip" not in record}
    assert {tuple(event["category"] + event["type"]) for event in events.values()} == {("host", "info"), ("configuration", "change")}
    assert [event["outcome"] for event in events.values() if "outcome" in event] == ["failure"]


@pytest.mark.skipif(not shutil.which("lognormalizer"), reason="needs liblognorm-utils, a reader of CEF")
def test_cef_is_read_by_liblognorm(rendered, tmp_path):
    rules = tmp_path / "cef.rules"
    rules.write_text("version=2\nrule=:%f:cef%\n")
    answer = subprocess.run(["lognormalizer", "-r", str(rules), "-e", "json"], input="\n".join(rendered["cef"]) + "\n",
                            capture_output=True, text=True, timeout=20, check=True)
    read = [json.loads(line)["f"] for line in answer.stdout.splitlines()]
    assert len(read) == len(RECORDS)
    for entry, record in zip(read, RECORDS):
        fields = entry["Extensions"]
        assert entry["DeviceVendor"] == "mailwarden" and fields["externalId"] == record["event_id"]
        if "alert" in record:
            assert entry["SignatureID"] == str(record["alert"]["signature_id"])
            assert entry["Name"] == record["alert"]["signature"]
        if "mail" in record:
            assert fields["reason"].startswith(unsafe(reason(record)))
            assert fields["msg"] == unsafe(record["mail"]["reason"])
            assert fields["cs4"] == record["mail"]["from_group"]
    assert read[HOSTILE]["Extensions"]["src"] == RECORDS[HOSTILE]["src_ip"]


# Of the dictionary (revision 27), what we use of it and how long it may be; None: a number or an address.
CEF_DICTIONARY = {
    "rt": None, "src": None, "spt": None, "shost": 1023, "dhost": 1023, "dst": None, "dpt": None, "proto": 31, "app": 31, "act": 63,
    "cat": 1023, "reason": 1023, "msg": 1023, "externalId": 40, "cnt": None, "start": None, "end": None, "in": None, "out": None,
    "outcome": 63, "dvchost": 100, "deviceInboundInterface": 128, "deviceProcessName": 1023, "smac": 17, "dmac": 17, "cn1": None, "cn1Label": 1023,
    "sourceTranslatedAddress": None, "sourceTranslatedPort": None, "destinationTranslatedAddress": None,
    "destinationTranslatedPort": None,
    **{f"flexString{i}{label}": 1023 if not label else 128 for i in (1, 2) for label in ("", "Label")},
    **{f"cs{i}{label}": 4000 if not label else 1023 for i in range(1, 7) for label in ("", "Label")}}


def ms(time):
    """Of a record's time: milliseconds since 1970."""
    return str(int(datetime.datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() * 1000000 + 0.5) // 1000)


def test_cef_keeps_to_its_dictionary_and_is_the_record(all_rendered):
    used = set()
    for line, record in zip(all_rendered["cef"], catalogue()):
        header, fields = read_cef(line)
        assert len(header) == 7 and header[:3] == ["CEF:0", "mailwarden", "mailwarden"]
        for key, value in fields.items():
            assert key in CEF_DICTIONARY or key.startswith("mailwarden"), key
            assert len(value) <= (CEF_DICTIONARY.get(key) or 1023)
        used |= set(fields)
        meta, mail, flow = record.get("alert", {}).get("metadata", {}), record.get("mail", {}), record.get("flow", {})
        ends = judged(record) if mail else ()
        translated = "proxied_by" in mail
        expected = {
            **dict(zip(("src", "spt", "dst", "dpt"), ends)), "cat": record.get("alert", {}).get("category", record["event_type"]),
            "start": ms(meta.get("first") or flow["start"]) if flow else None, "end": ms(meta.get("last") or flow["end"]) if flow else None,
            "in": flow.get("bytes_toserver"), "out": flow.get("bytes_toclient"), "cnt": meta.get("count"),
            "sourceTranslatedAddress": record["src_ip"] if translated else None,
            "sourceTranslatedPort": record["src_port"] if translated else None,
            "destinationTranslatedAddress": record["dest_ip"] if translated else None,
            "destinationTranslatedPort": record["dest_port"] if translated else None,
            "mailwardenEventId": record["event_id"], "mailwardenCommunityId": record.get("community_id"),
            "mailwardenAttackTechnique": ",".join(meta.get("mitre_technique_id") or ()) or None,
            "mailwardenProxiedBy": mail.get("proxied_by"), "mailwardenHelo": mail.get("helo"),
            **{f"{end[0]}mac": record.get("ether", {}).get(f"{end}_mac") or record.get("ether", {}).get(f"{end}_macs", [None])[0]
               for end in ("src", "dest")},
            "cn1": record.get("flow_id"), "shost": mail.get("from_name"), "dhost": mail.get("to_name")}
        for key, value in expected.items():
            assert fields.get(key, "None") == str(value), (key, line)
    assert {"sourceTranslatedAddress", "start", "in", "cat", "dhost", "mailwardenAttackTechnique"} <= used


def test_an_external_id_of_cef_is_short_and_of_one_event(tmp_path):
    record = RECORDS[0]
    ids = [f"{host}-6615ac49bc3a4.2.0-{i}" for host in ("sensor.example.org", "sensos.example.org", "s") for i in (99, 100000, 100001)]
    cef = render([record | {"event_id": one} for one in ids], tmp_path)["cef"]
    external = [read_cef(line)[1]["externalId"] for line in cef]
    assert max(map(len, external)) == 40 and len(set(external)) == len(ids)
    assert external[6:] == ids[6:] and [read_cef(line)[1]["mailwardenEventId"] for line in cef] == ids


def test_ipv6_in_cef_can_be_where_it_once_was(tmp_path):
    fields = read_cef(render(RECORDS, tmp_path, "cef_ipv6: c6a2")["cef"][HOSTILE])[1]
    assert (fields["c6a2"], fields["c6a3"]) == (RECORDS[HOSTILE]["src_ip"], RECORDS[HOSTILE]["dest_ip"])
    assert "src" not in fields and "dst" not in fields


@rsyslog.needed
def test_hostile_words_in_every_field_from_the_wire_are_read_as_they_were(tmp_path):
    cases = list(hostile_records(RECORDS[0]))
    lines = render([record for record, *_ in cases], tmp_path)
    with rsyslog.Rsyslog(tmp_path) as server:
        for i in range(0, len(cases), 20):  # its queue is short
            server.send(lines["rfc5424"][i:i + 20])
            entries = server.entries(min(i + 20, len(cases)))
    assert {form: len(lines[form]) for form in FORMS} == dict.fromkeys(FORMS, len(cases))
    for i, (record, (_, key, cef, ecs), value) in enumerate(cases):
        plain, read = read_kv(lines["kv"][i]), json.loads(entries[i]["parsed"])["rfc5424-sd"]["mail@32473"]
        fields = read_cef(lines["cef"][i])[1]
        assert json.loads(lines["eve"][i]) == json.loads(lines["cee"][i].removeprefix("@cee: ")) == record
        assert at(json.loads(lines["ecs"][i]), ecs) == value
        assert key is None or plain[key] == read[key] == unsafe(value)
        assert cef is None or fields[cef] == unsafe(value)
        assert plain["src"] == read["src"] == fields["src"] == record["src_ip"] and plain["event_id"] == read["event_id"] == record["event_id"]


@rsyslog.needed
def test_cee_and_rfc5424_are_read_by_rsyslog(rendered, tmp_path):
    with rsyslog.Rsyslog(tmp_path) as server:
        server.send(rendered["rfc5424"])
        server.send([f"<134>Nov 24 06:42:25 mailwarden[1]: {line}" for line in rendered["cee"]])
        entries = server.entries(2 * len(RECORDS))
    assert len(entries) == 2 * len(RECORDS)
    for entry, record in zip(entries, RECORDS):
        data = entry["structured-data"]
        assert entry["host"] == record["host"] and entry["app"] == "mailwarden"
        assert entry["msgid"] == record.get("alert", {}).get("metadata", {}).get("finding", record["event_type"])
        assert json.loads(entry["parsed"])["rfc5424-sd"]["mail@32473"]["event_id"] == record["event_id"], data
        if "mail" in record:
            assert json.loads(entry["parsed"])["rfc5424-sd"]["mail@32473"]["reason"] == unsafe(reason(record))
    for entry, record in zip(entries[len(RECORDS):], RECORDS):
        assert json.loads(entry["parsed"]) == record
