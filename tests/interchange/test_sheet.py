"""import and export: a sheet and back is the same matrix, judged the same; real sheets are read."""

import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from cases import case_folders

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
SHEETS = ROOT / "tests/interchange/sheets"
GROUPS = str(SHEETS / "groups.yaml")
RULES = sorted((ROOT / "rules").glob("*.yaml"))
MATRICES = [*RULES, *sorted((ROOT / "pcaps").glob("*/matrix.yaml"))]
FORMS = [("csv",), ("csv", "--cross"), ("csv", "--language", "fr"), ("csv", "--cross", "--language", "fr"),
         ("markdown",), ("markdown", "--cross"), ("html",), ("html", "--cross", "--language", "fr"), ("json",)]


def run(*words, stdin=None, cwd=ROOT):
    return subprocess.run([MAILWARDEN, *words], cwd=cwd, input=stdin, capture_output=True, timeout=60, check=False)


def done(*words, stdin=None):
    answer = run(*words, stdin=stdin)
    assert answer.returncode == 0, answer.stderr.decode()
    return answer.stdout


def export(matrix, *form):
    return done("export", "-m", str(matrix), "--to", *form)


def there_and_back(matrix, *form):
    return done("import", "-", stdin=export(matrix, *form))


def meaning(matrix):
    """All that stands in it, one value or a list of one alike; TLS as it counts."""
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(inside) for key, inside in value.items()}
        return [plain(inside) for inside in value] if isinstance(value, list) else value
    tree = plain(json.loads(export(matrix, "json")))
    for row in tree["rows"]:
        for key in ("from", "to", "protocols", "ports", "accepts"):
            if isinstance(row.get(key), str):
                row[key] = [row[key]]
        row["protocols"] = sorted(row["protocols"])
        row.pop("tls", None)
    for group in tree.get("groups", {}).values():
        for key in ("addresses", "names", "accepts"):
            if isinstance(group.get(key), str):
                group[key] = [group[key]]
    tree["zones"] = {name: [list_] if isinstance(list_, str) else list_ for name, list_ in tree.get("zones", {}).items()}
    for tunnel in tree.get("tunnels", {}).values():
        tunnel["ends"] = [tunnel["ends"]] if isinstance(tunnel["ends"], str) else tunnel["ends"]
    tree["expects"] = {name: [word] if isinstance(word, str) else word for name, word in tree.get("expects", {}).items()}
    tree["domains"] = {name: {key: [word] if isinstance(word, str) else word for key, word in (entry or {}).items()}
                       for name, entry in tree.get("domains", {}).items()}
    return tree


def words_of(matrix):
    """The matrix as check reads it aloud, without what is doubtful in it, which has places."""
    said = done("check", str(matrix)).split(b"\nWhat no row allows")[0]
    return b"".join(said.split()).replace(bytes(matrix.parent) + b"/", b"")  # files of lists are told with their folder


def test_every_matrix_is_the_same_behind_every_form(tmp_path):
    matrices = {path.read_bytes(): path for path in MATRICES}
    assert len(matrices) > 20
    for path in matrices.values():
        wanted, wanted_words = meaning(path), words_of(path)
        for form in FORMS if path in RULES else FORMS[:2]:
            (tmp_path / "back.yaml").write_bytes(there_and_back(path, *form))
            take_lists(path.parent, tmp_path)
            assert meaning(tmp_path / "back.yaml") == wanted, (path, form)
            assert words_of(tmp_path / "back.yaml") == wanted_words, (path, form)


def take_lists(folder, target):
    """Files of lists that the matrix names stand beside it."""
    for path in folder.iterdir():
        if path.suffix in (".txt", ".json", ".csv"):
            shutil.copy(path, target)


@pytest.mark.parametrize("form", FORMS[:2], ids=" ".join)
def test_every_golden_flow_is_judged_the_same_by_the_matrix_that_came_back(form, tmp_path):
    known = {}
    for folder in case_folders():
        text = (folder / "matrix.yaml").read_bytes()
        if text not in known:
            known[text] = tmp_path / f"{len(known)}.yaml"
            known[text].write_bytes(there_and_back(folder / "matrix.yaml", *form))
        take_lists(folder, tmp_path)
        again = run("replay", "traffic.pcap", "-m", str(known[text]), "--json", cwd=folder)
        assert again.returncode == 0
        assert again.stdout == (folder / "expected.jsonl").read_bytes(), folder


NOTED = """schema: 1
zones: {internal: [192.0.2.0/24]}
groups:
  relay: {role: relay, addresses: 192.0.2.25, comment: "=cmd|' /C calc'!A0", owner: "+33 1"}
  mx.out: {role: outbound, addresses: [192.0.2.26]}
  mx-out: {role: outbound, addresses: [192.0.2.27]}
domains:
  example.org: {selectors: [k1, k2], senders: [relay, 203.0.113.80-203.0.113.90], forwarders: mx.out}
  example.com:
  example.net: {own: no}
expects:
  relay: X-Virus-Scanned
  mx-out: ["DKIM-Signature: example.org", X-Spam-Status]
tunnels:
  mirror: {kind: gre, ends: [192.0.2.1, 192.0.2.2], zone: internal}
rows:
  - {id: A, from: [relay, mx.out], to: [internet, mx-out], protocols: all, ports: [25, 2525-2530], owner: "@team; \\"x\\", 'y'", ticket: "-12", comment: "two lines | <b>&amp;</b>", expires: 2037-06-30, learned: 2037-05-31, mode: audit}
  - {id: B, from: mx-out, to: relay, protocols: [smtp], ports: [25], owner: "'=quoted", accepts: [R42, tls.missing], reason: "r", until: 2037-01-01}
  - {id: c, from: internal, to: internal, protocols: [smtp, mapi-rpc], probe: no, ports: all, min_tls: "1.3", client_certificate: required}
"""


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_comments_owners_tickets_and_last_days_come_back_whatever_is_in_them(form, tmp_path):
    (tmp_path / "m.yaml").write_text(NOTED)
    (tmp_path / "back.yaml").write_bytes(there_and_back(tmp_path / "m.yaml", *form))
    assert meaning(tmp_path / "back.yaml") == meaning(tmp_path / "m.yaml")


def test_no_cell_of_a_csv_begins_as_a_formula_does(tmp_path):
    (tmp_path / "m.yaml").write_text(NOTED)
    cells = [cell for line in csv.reader(io.StringIO(export(tmp_path / "m.yaml", "csv").decode("utf-8-sig"))) for cell in line]
    assert "'=cmd|' /C calc'!A0" in cells and "'-12" in cells and "'+33 1" in cells
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r") and cell]


# what of each is mail: ids aside, as (from, to, protocols, ports)
REAL = {
    "crosstable.csv": [("serveur-httpd-maarch-apps", "serveur-messagerie", "imap imaps", ""),
                       ("serveur-messagerie", "serveur-httpd-maarch-apps", "imap imaps", "")],
    "site.csv": [("lan-siège", "relais-messagerie", "submission", ""), ("lan-siège", "boites", "imaps sieve", ""),
                 ("relais-messagerie", "boites", "lmtp", ""), ("relais-messagerie", "internet", "smtp", ""),
                 ("boites", "relais-messagerie", "smtp", ""), ("internet", "relais-messagerie", "smtp", "")],
    "list.csv": [("postes", "serveur-de-messagerie", "imap imaps", ""), ("copieurs", "relais", "smtp", ""),
                 ("relais", "passerelle", "smtp", ""), ("passerelle", "relais", "smtp", ""), ("passerelle", "internet", "smtp", "")],
    "english.tsv": [("Workstations", "Mailboxes", "imaps", ""), ("Workstations", "Submission", "submission", ""),
                    ("Scanners", "relay", "smtp", "25 2525")],
}


def rows_of(matrix):
    def one(value):
        return " ".join(value) if isinstance(value, list) else value or ""
    return [(one(row["from"]), one(row["to"]), one(row["protocols"]), one(row.get("ports"))) for row in meaning(matrix)["rows"]]


@pytest.mark.parametrize("sheet", REAL)
def test_a_real_sheet_is_read_written_and_read_again(sheet, tmp_path):
    groups = tmp_path / "groups.yaml"
    groups.write_text((SHEETS / "groups.yaml").read_text() + "  relay: {role: relay, addresses: [192.0.2.25]}\n")
    text = (SHEETS / sheet).read_bytes().replace(b"\t192.0.2.25\t", b"\trelay\t")
    (tmp_path / "m.yaml").write_bytes(done("import", "-m", str(groups), "-", stdin=text))
    assert rows_of(tmp_path / "m.yaml") == REAL[sheet]
    for form in FORMS:
        (tmp_path / "again.yaml").write_bytes(there_and_back(tmp_path / "m.yaml", *form))
        assert meaning(tmp_path / "again.yaml") == meaning(tmp_path / "m.yaml"), form


def test_what_is_no_mail_is_counted_told_with_its_place_and_left_out():
    answer = run("import", "-m", GROUPS, "tests/interchange/sheets/crosstable.csv")
    assert answer.returncode == 0
    told = answer.stderr.decode()
    assert "no mail or not allowed, left out: 10\n" in told and "2 rows of mail\n" in told
    assert "tests/interchange/sheets/crosstable.csv:6:51: serveur-httpd-maarch-apps -> cluster-sgbdr-postgresql: tcp/ip (5432)\n" in told
    assert answer.stdout.decode().count("\n#   ") == 10
    assert "cluster" not in answer.stdout.decode().split("\nschema")[1], "what has no mail is no group"


def test_a_sheet_without_groups_is_a_draft_that_says_what_is_to_be_filled_in(tmp_path):
    answer = run("import", "tests/interchange/sheets/crosstable.csv")
    assert answer.returncode == 0
    assert b"2 groups without role or addresses" in answer.stderr
    draft = answer.stdout.decode()
    assert '  serveur-messagerie: {role: "", addresses: [], comment: "Serveur messagerie"}\n' in draft
    (tmp_path / "draft.yaml").write_text(draft)
    assert run("check", str(tmp_path / "draft.yaml")).returncode == 2
    filled = draft.replace('role: "", addresses: []', "role: relay, addresses: [192.0.2.1]", 1).replace('role: "", addresses: []', "role: mailbox, addresses: [192.0.2.2]")
    (tmp_path / "draft.yaml").write_text(filled)
    assert run("check", str(tmp_path / "draft.yaml")).returncode == 0


def test_an_address_that_stands_for_a_group_is_one_whose_role_is_asked_for():
    answer = done("import", "-m", GROUPS, "tests/interchange/sheets/english.tsv").decode()
    assert '  host-192.0.2.25: {role: "", addresses: [192.0.2.25], comment: "192.0.2.25"}\n' in answer.replace("comment: 192.0.2.25", 'comment: "192.0.2.25"')


def test_the_notes_of_a_list_and_its_french_days_are_kept(tmp_path):
    (tmp_path / "m.yaml").write_bytes(done("import", "-m", GROUPS, "tests/interchange/sheets/list.csv"))
    rows = {row["id"]: row for row in meaning(tmp_path / "m.yaml")["rows"]}
    assert list(rows) == ["1", "3", "4", "4-2", "5"]
    assert rows["1"]["expires"] == "2027-06-30" and rows["1"]["ticket"] == "INC-12"
    assert rows["1"]["comment"] == "Relève du courrier" and rows["1"]["owner"] == "Équipe «\u00a0messagerie\u00a0»"
    assert rows["3"]["comment"] == "Numérisation, vers courriel" and rows["3"]["ticket"] == "=1+1"


MISTAKES = [
    (b'Source;Destination;Port\na;b;"25\n', ":2:5: the quote that opens this cell is never closed"),
    (b'Source;Destination;Port\na;b;"25"x\n', ":2:9: text behind the closing quote"),
    (b"Source;Destination\na;b\n", ":1:1: no table of flows"),
    (b"Source;Destination;Port;Ports\na;b;25;25\n", ":1:25: a second column"),
    (b"Source;Destination;Port\na;b;443\n", ":1:1: no flow in it is mail"),
    (b"Source;Destination;Sens;Port\na;b;peut-\xc3\xaatre;25\n", ":2:5: \"peut-\u00eatre\" is no direction"),
    (b"Source;Destination;Port\n;b;25\n", ":2:1: this flow has no source"),
    (b"Source;Destination;Port;Chiffrement\nrelais;copieurs;25;oui\n", ":2:20: tls \"oui\" is unknown"),
    (b"Source;Destination;Port;Expires\nrelais;copieurs;25;30/06/2027\n", ":2:20: expires \"30/06/2027\" is no date"),
    ("Source;Destination;Port;\u00c9ch\u00e9ance\nrelais;copieurs;25;31/06/2027\n".encode(), ":2:20: expires \"2027-06-31\" is no day"),
    (b"N;Source;Destination;Port\n1;relais;copieurs;25\n1;copieurs;relais;25\n", ":3:1: id \"1\" is already used"),
    (b"De \\ Vers;a\n;SMTP\n", ":2:2: this cell has no source"),
    (b"De \\ Vers;a;b\nc;SMTP [X];IMAP [X]\n", ":2:12: row X is another one at line 2, column 3"),
    (b"De \\ Vers;a;b\nc;SMTP [X];\nd;;SMTP [X]\n", ":2:3: row X stands in 2 cells"),
    (b"PK\x03\x04....", ":1:1: this is a workbook (XLSX or ODS); convert it first: libreoffice --headless --convert-to csv FILE"),
    ("Source;Destination;Port\n".encode("utf-16"), ":1:1: this is UTF-16"),
    (b"Source;Destination;Port\na;b;25\0\n", ":2:1: a byte 0"),
    (b"", ":1:1: no table of flows"),
]


@pytest.mark.parametrize("text, told", MISTAKES, ids=[told for _, told in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_column(text, told):
    answer = run("import", "-m", GROUPS, "-", stdin=text)
    assert answer.returncode == 2
    assert answer.stdout == b""
    assert "stdin" + told in answer.stderr.decode(), answer.stderr.decode()


def test_a_quoted_line_break_cannot_smuggle_a_row():
    text = b'Source;Destination;Port;Objet\nrelais;copieurs;25;"x\npostes;relais;25;y"\n'
    answer = done("import", "-m", GROUPS, "-", stdin=text).decode()
    assert answer.count("{id: ") == 1 and 'comment: "x postes;relais;25;y"' in answer


def test_a_name_of_a_file_cannot_become_a_line_of_the_matrix(tmp_path):
    path = tmp_path / "x\nrows: []\n.csv"
    path.write_bytes((SHEETS / "crosstable.csv").read_bytes())
    assert done("import", str(path)).decode().count("\nrows:") == 1


def test_every_key_of_rows_groups_domains_and_tunnels_has_a_column():
    def keys(name):
        return set(re.findall(r'^\t\{"(\w+)", (?:true|false), ', (ROOT / f"sensor/matrix/{name}.c").read_text(), re.M))
    wanted = keys("load_rows") | keys("load_groups") | keys("load_domains") | keys("load_tunnels")
    columns = set(re.findall(r'= \{"(\w+)",', (ROOT / "sensor/interchange/sheet_heads.c").read_text()))
    assert len(wanted) > 20 and not wanted - columns


def test_a_comment_of_the_sheet_cannot_become_a_line_of_the_matrix():
    text = b'Source;Destination;Port\nrelais;"copieurs";25\nrelais;"x\nrows: []";443\n'
    answer = done("import", "-m", GROUPS, "-", stdin=text).decode()
    assert answer.count("\nrows:") == 1


def test_check_as_json_has_the_whole_matrix_which_import_reads(tmp_path):
    document = json.loads(done("check", "--json", "-", stdin=RULES[0].read_bytes()))
    (tmp_path / "m.json").write_text(json.dumps(document["matrix"]))
    assert meaning(tmp_path / "m.json") == meaning(RULES[0])
    (tmp_path / "back.yaml").write_bytes(done("import", "-", stdin=json.dumps(document).encode()))
    assert meaning(tmp_path / "back.yaml") == meaning(RULES[0])
    answer = run("check", "--json", "tests/matrix/mistakes.yaml", "/nowhere/m.yaml")
    document = json.loads(answer.stdout)
    assert answer.returncode == 2 and "matrix" not in document
    assert any("cannot open" in error for error in document["errors"])


def test_the_rules_for_suricata_hold_each_row_and_one_for_the_rest():
    rules = [line for line in export(RULES[0], "suricata").decode().splitlines() if not line.startswith("#")]
    rows = json.loads(done("check", "--json", str(RULES[0])))["rows"]
    assert RULES[0].name == "anssi-reference.yaml" and len(rules) == rows + 1
    assert rules[7] == ('pass tcp [192.0.2.20] any -> [192.0.2.25,2001:db8:1::25] [25] '
                        '(msg:"mailwarden row M-21"; flow:to_server; sid:1925008; rev:1;)')
    assert rules[-1].startswith("alert tcp any any -> any [24:25,110,143,465,587,993,995,4190] (msg:")
    assert len({rule.split("sid:")[1] for rule in rules}) == len(rules)


def test_the_areas_for_firewall_orchestrator_name_those_that_may_be_spoken_to():
    document = json.loads(export(RULES[0], "areas"))
    areas = {area["id_string"]: area for area in document["areas"]}
    assert len(areas) == len(document["areas"]) == 3 + 10
    assert areas["scanners"]["subnets"] == [{"ip": "192.0.2.128", "ip_end": "192.0.2.140"}]
    assert areas["mx-out"]["communication_to"] == [{"id_string": "AUTO_CALCULATED_ZONE_INTERNET"}]
    assert areas["relay"]["communication_to"] == [{"id_string": "mailboxes"}, {"id_string": "mx-out"}]
    assert document["comment"].endswith("from the Internet: M-33")
    known = {*areas, "AUTO_CALCULATED_ZONE_INTERNET"}
    assert all(to["id_string"] in known for area in areas.values() for to in area["communication_to"])


def test_a_matrix_file_is_taken_as_it_is(tmp_path):
    (tmp_path / "back.yaml").write_bytes(done("import", "-", stdin=export(RULES[0], "yaml")))
    assert meaning(tmp_path / "back.yaml") == meaning(RULES[0])
    (tmp_path / "back.yaml").write_bytes(done("import", str(RULES[0])))
    assert meaning(tmp_path / "back.yaml") == meaning(RULES[0])
    answer = run("import", "-", stdin=b"# x\nschema: 1\nrows: [\n")
    assert answer.returncode == 2 and answer.stderr.startswith(b"stdin:4:1: ")


def test_export_says_what_it_cannot_do():
    for words, told in ((("--to", "csv"), "no MATRIX given"), (("--to", "csv", "--inline"), "--inline is for"),
                        (("--to", "json", "--cross", "-m", str(RULES[0])), "--cross is for"), (("--to", "xlsx"), "--to takes")):
        answer = run("export", *words)
        assert answer.returncode == 2 and told in answer.stderr.decode() and not answer.stdout


HEAD = "Source;Destination;Protocole;Port"


def imported(text, encoding="utf-8"):
    answer = run("import", "-", stdin=text.encode(encoding))
    return answer.returncode, answer.stdout.decode(), answer.stderr.decode()


def test_what_a_sheet_denies_is_not_allowed():
    code, matrix, told = imported(f"{HEAD};Action\nRelais;MX;SMTP;25;Autoriser\nPostes;Internet;SMTP;25;Interdire\nPostes;Internet;SMTP;465;DENY\n")
    assert code == 0 and re.findall(r"from: (\S+),", matrix) == ["relais"]
    assert "no mail or not allowed, left out: 2\n" in told and ":3:25: Postes -> Internet: not allowed: Interdire\n" in told
    assert "#   4:26: Postes -> Internet: not allowed: DENY\n" in matrix and "1 row of mail\n" in told
    code, matrix, told = imported(f"{HEAD};Autorisé\nRelais;MX;SMTP;25;Oui\nPostes;Internet;SMTP;25;Non\n")
    assert code == 0 and re.findall(r"from: (\S+),", matrix) == ["relais"]


@pytest.mark.parametrize("word", ["peut-être", "", "Deny (sauf urgence)"])
def test_who_does_not_say_whether_a_flow_is_allowed_is_asked(word):
    code, matrix, told = imported(f"{HEAD};Action\nRelais;MX;SMTP;25;{word}\n")
    assert (code, matrix) == (2, "") and f'"{word}" does not say whether this flow is allowed' in told and ":2:" in told


def test_what_is_in_force_no_more_or_not_yet_is_left_out():
    code, matrix, told = imported(f"{HEAD};Statut\nA;B;SMTP;25;Actif\nA;C;SMTP;25;Supprimé\nA;D;SMTP;25;En attente\nA;E;SMTP;25;\n")
    assert code == 0 and re.findall(r"to: (\S+),", matrix) == ["b", "e"]
    assert "left out: 2\n" in told and "A -> C: not allowed: Supprimé\n" in told and "A -> D: not allowed: En attente\n" in told


@pytest.mark.parametrize("end", ["!Relais", "NOT Relais", "Tous sauf Relais", "all except Relais", "Postes sauf Relais"])
def test_all_but_somebody_is_not_read_as_him(end):
    assert imported(f"{HEAD}\nRelais;MX;SMTP;25\nNotaires;MX;SMTP;25\n")[0] == 0
    code, matrix, told = imported(f"{HEAD}\nRelais;MX;SMTP;25\n{end};MX;SMTP;587\n")
    assert (code, matrix) == (2, "") and f':3:1: "{end}": a matrix says who may, not who may not' in told


def test_lines_that_end_with_a_return_alone_are_lines():
    rows = f'{HEAD}\nRelais;"MX\nsortant";SMTP;25\nPostes;Relais;Submission;587\n'
    usual, mac = imported(rows), imported(rows.replace("\n", "\r"))
    assert usual[0] == mac[0] == 0 and usual[1].split("groups:")[1] == mac[1].split("groups:")[1] and "from: postes" in mac[1]
    assert ":3:1:" in imported(f"{HEAD}\rA;B;SMTP;25\r!A;B;SMTP;25\r")[2]


@pytest.mark.parametrize("protocol, port", [("SMTP (interdit)", ""), ("!SMTP", ""), ("SMTP", "not 25"), ("SMTP", ">25"), ("SMTP", "sauf 25"),
                                            ("tous sauf SMTP", ""), ("SMTP ≠ 25", ""), ("", "!25")])
def test_all_but_a_protocol_is_not_read_as_it(protocol, port):
    code, matrix, told = imported(f"{HEAD}\nRelais;MX;IMAP;143\nPostes;MX;{protocol};{port}\n")
    assert code == 0 and re.findall(r"from: (\S+),", matrix) == ["relais"] and "left out: 1\n" in told and ":3:" in told


def test_a_remark_beside_a_protocol_is_no_negation():
    matrix = imported(f"{HEAD}\nA;B;SMTP (relais, non facturé);25\nA;C;SMTP (25) ou Submission (587);\n")[1]
    assert re.findall(r"protocols: \[(.*?)\]", matrix) == ["smtp", "smtp, submission"]
