"""Every form of a record: as in the golden file, and understood by a reader of that form."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

import rsyslog
import shipping

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "renderings"

FORMS = {"eve": "json", "kv": "txt", "cee": "txt", "cef": "txt", "ecs": "json", "rfc5424": "txt"}
RECORDS = [json.loads(line) for line in (GOLDEN / "records.jsonl").read_text().splitlines()]
HOSTILE = 1


def catalogue():
    """Every golden record."""
    return [json.loads(line) for path in sorted((HERE.parents[1] / "pcaps").glob("*/expected.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()]


def render(records, folder):
    """The lines of each form."""
    (folder / "journal").mkdir()
    text = "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records)
    (folder / "journal" / f"{0:016}.eve.jsonl").write_text(text, encoding="utf-8")
    settings = folder / "mailwarden.yaml"
    settings.write_text("outputs:\n" + "".join(
        f"  - {{type: file, name: {form}, path: {folder}/{form}, form: {form}}}\n" for form in FORMS))
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
    lines = [re.sub(r"(mailwarden) \d+ ", r"\1 PID ", line, count=1) if form == "rfc5424" else line for line in rendered[form]]
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


def test_eve_is_the_record_itself(rendered):
    assert [json.loads(line) for line in rendered["eve"]] == RECORDS


def unsafe(text):
    """As it stands in kv: control bytes replaced."""
    return re.sub(r"[\x00-\x1f\x7f]", "?", text)


def read_kv(line):
    words = [word.split("=", 1) for word in shlex.split(line)]
    assert len(dict(words)) == len(words)
    return dict(words)


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


def test_ecs_holds_its_required_fields(rendered):
    for line, record in zip(rendered["ecs"], RECORDS):
        entry = json.loads(line)
        assert entry["ecs"]["version"].startswith("8.") and entry["event"]["module"] == "mailwarden"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", entry["@timestamp"])
        assert entry["event"]["kind"] == {"alert": "alert", "stats": "metric"}.get(record["event_type"], "event")
        if "mail" in record:
            assert entry["source"]["ip"] == record["src_ip"] and entry["event"]["reason"] == reason(record)
            assert entry.get("rule", {}).get("id") == record.get("alert", {}).get("signature_id")
        assert entry.get("mail", {}).get("tunnel") == record.get("tunnel")
    assert json.loads(rendered["ecs"][HOSTILE])["tls"]["version"] == "1.2"


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
    assert read[HOSTILE]["Extensions"]["c6a2"] == RECORDS[HOSTILE]["src_ip"]


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
