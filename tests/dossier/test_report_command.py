"""mailwarden report: the document as a person, a browser and a program meet it."""

import base64
import hashlib
import html.parser
import json
import os
import pathlib
import re
import struct
import subprocess

import pytest

import hostile_names
import look

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
MATRIX = ROOT / "rules/anssi-reference.yaml"
CASES = sorted(path.parent for path in ROOT.glob("pcaps/*/traffic.pcap"))
CAPTURES = [case / "traffic.pcap" for case in CASES]
STRIPPED = ROOT / "pcaps/smtp-starttls-stripped-xxxxxxxa/traffic.pcap"
STRANGER = ROOT / "pcaps/smtp-illegitimate-workstation/traffic.pcap"
SERVER = ROOT / "pcaps/imaps-tls12/traffic.pcap"
VOID = {"meta", "rect"}


def run(*words, given=None):
    return subprocess.run([MAILWARDEN, *map(str, words)], text=True, capture_output=True, input=given, timeout=60,
                          check=False)


def shown(*words):
    answer = run("report", *words)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout


class Page(html.parser.HTMLParser):
    """Elements in balance, their texts, and what a browser would be asked to do."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.names, self.attributes, self.texts, self.tables = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "thead":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append(0)
        if tag in ("td", "th"):
            self.tables[-1][-1] += 1

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


@pytest.fixture(scope="module", name="documents")
def all_forms():
    """Of all bundled captures: every form in both languages."""
    return {(form, language): shown(*CAPTURES, "-m", MATRIX, f"--{form}", "--lang", language)
            for form in ("text", "html", "markdown", "json") for language in ("en", "fr")}


@pytest.mark.parametrize("case", CASES[::6], ids=lambda case: case.name)
def test_a_capture_counts_as_replay_counts_it(case):
    replayed = run("replay", case / "traffic.pcap", "-m", case / "matrix.yaml", "--json", "--summary").stdout
    lines = [json.loads(line) for line in replayed.splitlines()]
    theirs = [line for line in lines if line["event_type"] == "conformity"][-1]["conformity"]
    report = json.loads(run("report", case / "traffic.pcap", "-m", case / "matrix.yaml", "--json").stdout)
    keys = "recommendation", "verdict", "flows", "breaches", "notices", "accepted"
    assert [[line[key] for key in keys] for line in report["conformity"]] == [
        [line[key] for key in keys] for line in theirs]
    for line in report["conformity"]:
        listed = sum(found["flows"] for found in report["findings"]
                     if line["recommendation"] in found["recommendations"])
        assert listed == line["breaches"] + line["notices"]


def test_equal_input_gives_an_equal_report(documents):
    for (form, language), text in documents.items():
        assert shown(*CAPTURES, "-m", MATRIX, f"--{form}", "--lang", language) == text


def test_the_report_says_what_it_was_made_of(tmp_path):
    file = tmp_path / "report.json"
    shown(STRIPPED, "-m", MATRIX, "--json", "-o", file, "--organisation", "Example", "--author", "auditor")
    report = json.loads(file.read_text(encoding="utf-8"))
    assert (report["organisation"], report["author"]) == ("Example", "auditor")
    assert [(one["kind"], one["sha256"]) for one in report["inputs"]] == [
        (kind, hashlib.sha256(path.read_bytes()).hexdigest())
        for kind, path in (("matrix", MATRIX), ("capture", STRIPPED))]


def test_an_example_is_a_flow_of_the_capture():
    report = json.loads(shown(STRANGER, "-m", MATRIX, "--json"))
    records = [json.loads(line) for line in run("replay", STRANGER, "-m", MATRIX, "--json").stdout.splitlines()]
    flows = {record["flow_id"]: record for record in records if record["event_type"] == "mail"}
    assert report["findings"]
    for found in report["findings"]:
        example = found["example"]
        record = flows[example["flow_id"]]
        assert [example[key] for key in ("src_ip", "dest_ip", "dest_port", "community_id")] == [
            record[key] for key in ("src_ip", "dest_ip", "dest_port", "community_id")]
        assert example["source"] == str(STRANGER)


def packets_of(capture):
    """The packets of a pcap file, with what stands in front of each."""
    data = capture.read_bytes()
    at, packets = 24, []
    while at < len(data):
        size = 16 + struct.unpack_from("<I", data, at + 8)[0]
        packets.append(data[at:at + size])
        at += size
    return packets


def test_an_example_names_its_first_packet_or_its_record(tmp_path):
    before = [struct.pack("<I", struct.unpack_from("<I", packet)[0] - 86400) + packet[4:] for packet in packets_of(SERVER)]
    file = tmp_path / "both.pcap"
    file.write_bytes(SERVER.read_bytes()[:24] + b"".join(before + packets_of(STRANGER)))
    examples = [one["example"] for one in json.loads(shown(file, "-m", MATRIX, "--json"))["findings"]]
    assert [one["packet"] for one in examples if one["src_ip"] == "192.0.2.70"] == [len(before) + 1]
    first = packets_of(file)[len(before)]
    assert bytes([192, 0, 2, 70]) + bytes([203, 0, 113, 25]) in first
    assert f" Packet, or event_id of the record: {len(before) + 1} " in re.sub(r"\s+", " ", shown(file, "-m", MATRIX))
    records = tmp_path / "eve.json"
    records.write_text(run("replay", STRANGER, "-m", MATRIX, "--json").stdout, encoding="utf-8")
    (example,) = [one["example"] for one in json.loads(shown(records, "-m", MATRIX, "--json"))["findings"]]
    (record,) = [line for line in map(json.loads, records.read_text(encoding="utf-8").splitlines())
                 if line["event_type"] == "mail"]
    assert example["event_id"] == record["event_id"] and "packet" not in example


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_asks_a_browser_for_nothing(documents, language):
    text = documents["html", language]
    page = Page(text)
    assert page.names.count("style") == 1 and page.names.count("svg") == 1
    assert not {"script", "link", "img", "iframe", "form", "object", "base"} & set(page.names)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("style", "src", "href")]
    assert re.findall(r"https?://[^\s\"<]*", text) == ["http://www.w3.org/2000/svg"]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style
    wanted = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [value for tag, name, value in page.attributes if tag == "meta" and name == "content" and "src" in value]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{wanted}'; base-uri 'none'; form-action 'none'"]
    assert ("html", "lang", language) in page.attributes
    for rows in page.tables:
        assert len(set(rows)) == 1


def test_the_picture_has_the_signs_of_the_grid(documents):
    page = Page(documents["html", "en"])
    report = json.loads(documents["json", "en"])
    svg = documents["html", "en"].split("<svg", 1)[1].split("</svg>")[0]
    signs = {"forbidden": "!", "undeclared": "?", "unused": "-", "used": "+"}
    for state, sign in signs.items():
        count = sum(cell["state"] == state for cell in report["grid"])
        assert svg.count(f'text-anchor="middle">{sign}</text>') == count
    assert ("svg", "aria-label", "Declared against seen") in page.attributes


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_no_sentence_of_one_language_is_in_the_other(documents, form):
    def sentences(language):
        lines = re.split(r"\n\s*\n|\n  (?=\S)", documents[form, language])
        return {re.sub(r"\s+", " ", line) for line in lines if re.search(r"[a-z]+ [a-z]+ [a-z]+ [a-z]+", line)}
    assert len(sentences("en")) > 30
    assert not sentences("en") & sentences("fr")


def test_a_cell_says_how_many_of_its_flows_gave_its_state():
    def states(*captures):
        text = shown(*captures, "-m", MATRIX, "--text")
        return re.findall(r"^  \? (seen, not declared.*?)   ", text, re.M)
    lawful, unlawful = ROOT / "pcaps/imaps-tls13/traffic.pcap", ROOT / "pcaps/imap-login-clear/traffic.pcap"
    assert states(lawful, unlawful) == ["seen, not declared: 1 of 2"]
    assert states(unlawful) == ["seen, not declared"]  # all of them
    assert states(lawful) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_text_has_columns_or_names_each_cell_and_leaves_single_lines_free(documents, language):
    text = documents["text", language]
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80 and "\n\n\n" not in text
    head, share = ("  Recommendation  Verdict", "Under TLS: ") if language == "en" else ("  Recommandation  Constat", "Sous TLS : ")
    first = next(place for place, line in enumerate(lines) if line.startswith(head))
    # numbers stand to the right, below their heads, and what asks too much room under its row
    ends = [match.end() for match in re.finditer(r"\S+(?: \S+)*", lines[first])][2:]
    row = lines[first + 1]
    assert row.startswith("  R34  ") and [match.end() for match in re.finditer(r"\d+(?= |$)", row)][-len(ends):] == ends
    assert lines[first + 2].startswith("    ")
    servers = [line for line in lines if re.match(r"  (\[[0-9a-f:]+\]|[0-9.]+):\d+   ", line)]
    assert len(servers) > 5 and text.count(share) > 5


def test_the_markdown_has_whole_tables(documents):
    block = []
    for line in documents["markdown", "fr"].splitlines():
        if line.startswith("|"):
            block.append(len(re.findall(r"(?<!\\)\|", line)))
        elif block:
            assert len(set(block)) == 1 and len(block) >= 2
            block = []


def matrix_with(folder, name):
    """Its rows are owned by somebody who is called so, but for what no matrix may say."""
    file = folder / "matrix.yaml"
    name = re.sub("[\u202e\u0007\x1b\n]", "?", name)
    text, count = re.subn("owner: [a-z-]+", lambda _: "owner: " + json.dumps(name), MATRIX.read_text(encoding="utf-8"))
    assert count > 5
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", hostile_names.NAMES.values(), ids=hostile_names.NAMES)
def test_hostile_names_are_text_and_change_no_page(tmp_path, name):
    plain = hostile_names.flows_with(tmp_path / "plain", "host.example")
    usual = look.tree(shown(plain, "-m", matrix_with(tmp_path / "plain", "somebody"), "--html", "--title", "t",
                            "--organisation", "o", "--author", "a"))
    file = hostile_names.flows_with(tmp_path / "hostile", name)
    words = [file, "-m", matrix_with(tmp_path / "hostile", name), "--title", name, "--organisation", name, "--author", name]
    text = shown(*words, "--html")
    page = Page(text)
    assert look.tree(text) == usual and len(usual) > 300
    for form in "html", "text", "markdown":
        text = shown(*words, f"--{form}")
        assert not set(text) & set("\u202e\u0007\x1b\r")
        assert form == "text" or "<script" not in text
    markdown = shown(*words, "--markdown")
    assert "<" not in markdown.replace("&lt;", "") and "](" not in markdown
    report = json.loads(shown(*words, "--json"))
    told = re.sub("[\u202e\u0007\x1b\n]", "?", name)
    assert report["title"] == name
    assert report["offenders"][0]["helo"][:3] == report["servers"][0]["name"][:3] == told[:3]
    assert sum(told[:4] in text for text in page.texts) >= 15


def test_a_hostile_file_name_is_text(tmp_path):
    file = tmp_path / '<img src=x onerror=alert(1)>"&\u202e\n.pcap'
    file.write_bytes(STRANGER.read_bytes())
    text = shown(file, "-m", MATRIX, "--html")
    page = Page(text)
    assert "img" not in page.names and "\u202e" not in text
    assert any("<img src=x onerror=alert(1)>" in one for one in page.texts)


def test_records_and_pairs_name_the_same_sender(tmp_path):
    flows, observed = tmp_path / "eve.json", tmp_path / "observed"
    assert run("replay", STRANGER, "-m", MATRIX, "--flows", flows, "--observed", observed).returncode == 0
    found = []
    for source in STRANGER, flows, observed:
        report = json.loads(shown(source, "-m", MATRIX, "--json"))
        found.append((report["offenders"], {one["fingerprint"] for one in report["findings"]}))
        assert report["seen"]["flows"] == 1
    assert found[0] == found[1] == found[2]
    assert found[0][1]


def test_the_end_of_a_certificate_is_taken_from_records(tmp_path):
    flows, observed = tmp_path / "eve.json", tmp_path / "observed"
    assert run("replay", SERVER, "-m", MATRIX, "--flows", flows, "--observed", observed).returncode == 0
    ends = [[one.get("certificate_end") for one in json.loads(shown(*words, "-m", MATRIX, "--json"))["servers"]]
            for words in ([SERVER], [flows], [flows, observed], [observed])]
    assert ends[0] == ends[1] == ends[2] != [None] == ends[3]


@pytest.mark.parametrize("is_declared", [False, True])
def test_what_a_tunnel_claims_is_the_same_in_captures_records_and_pairs(tmp_path, is_declared):
    case = ROOT / "pcaps/tunnel-not-declared"
    capture, matrix = case / "traffic.pcap", tmp_path / "matrix.yaml"
    tunnels = "tunnels:\n  ours: {kind: vxlan, ends: [192.0.2.71, 203.0.113.9]}\n" if is_declared else ""
    matrix.write_text((case / "matrix.yaml").read_text(encoding="utf-8") + tunnels, encoding="utf-8")
    flows, observed = tmp_path / "eve.json", tmp_path / "observed"
    # the matrix of the records is the one without it
    assert run("replay", capture, "-m", case / "matrix.yaml", "--flows", flows, "--observed", observed).returncode == 0
    told = []
    for source in capture, flows, observed:
        report = json.loads(shown(source, "-m", matrix, "--json"))
        verdicts = {line["recommendation"]: line["verdict"] for line in report["conformity"]}
        found = [(one["fingerprint"], one["example"]["src_ip"], one["example"]["dest_ip"]) for one in report["findings"]]
        told.append((verdicts, {one for one in found if one[0].startswith(("tunnel.", "tls.missing"))}))
    assert told[0] == told[1] == told[2]
    assert told[0][0]["R34"] == ("conform" if is_declared else "not_observable")
    assert told[0][1] == {("tls.missing||workstations|mailboxes", "192.0.2.70", "192.0.2.10") if is_declared else
                          ("tunnel.mail||workstations|internet", "192.0.2.71", "203.0.113.9")}


@pytest.mark.parametrize("name", ["split-hello-http-alpn-on-993", "mx-lookup-by-workstation"])
def test_alerts_without_a_mail_flow_are_taken_from_records(tmp_path, name):
    case = ROOT / "pcaps" / name
    records = tmp_path / "eve.json"
    records.write_text(run("replay", case / "traffic.pcap", "-m", case / "matrix.yaml", "--json").stdout, encoding="utf-8")
    found = []
    for source in case / "traffic.pcap", records:
        report = json.loads(shown(source, "-m", case / "matrix.yaml", "--json"))
        found.append({(one["fingerprint"], one["severity"], one["flows"]) for one in report["findings"]})
    assert found[0] == found[1]
    assert {one[0].split("|")[0] for one in found[0]} & {"port.foreign", "sender.mx-lookup"}


def test_what_was_cut_off_is_not_observable_and_told():
    case = ROOT / "pcaps/unseen-cut-at-96"
    report = json.loads(shown(case / "traffic.pcap", "-m", case / "matrix.yaml", "--json"))
    verdicts = {line["recommendation"]: line["verdict"] for line in report["conformity"]}
    assert verdicts["R37"] == "not_observable"
    assert all(line["reason"] for line in report["conformity"] if line["verdict"] == "not_observable")
    french = shown(case / "traffic.pcap", "-m", case / "matrix.yaml", "--lang", "fr")
    assert "Pourquoi pas de constat : " in french


def test_a_capture_that_ends_in_the_middle_is_named(tmp_path):
    file = tmp_path / "short.pcap"
    file.write_bytes(STRANGER.read_bytes()[:-10])
    answer = run("report", file, "-m", MATRIX, "--json")
    assert answer.returncode == 0 and "short.pcap" in answer.stderr
    assert json.loads(answer.stdout)["seen"]["incomplete"] == str(file)


def test_a_baseline_tells_what_is_new(tmp_path):
    old = tmp_path / "old.json"
    shown(STRIPPED, "-m", MATRIX, "--json", "-o", old)
    same = run("report", STRIPPED, "-m", MATRIX, "--baseline", old, "--json", "--exit-code", "new")
    assert same.returncode == 0
    assert {one["change"] for one in json.loads(same.stdout)["findings"] if not one["notice"]} == {"still"}
    more = run("report", STRIPPED, STRANGER, "-m", MATRIX, "--baseline", old, "--json", "--exit-code", "new")
    assert more.returncode == 1
    assert {one["change"] for one in json.loads(more.stdout)["findings"]} >= {"still", "new"}
    less = json.loads(shown(STRANGER, "-m", MATRIX, "--baseline", old, "--json"))
    assert less["gone"] and {one["change"] for one in less["gone"]} <= {"fixed", "no_longer_observable"}
    assert "no longer observable" in shown(STRANGER, "-m", MATRIX, "--baseline", old)


def test_exit_codes_are_asked_for(tmp_path):
    assert run("report", STRANGER, "-m", MATRIX).returncode == 0
    assert run("report", STRANGER, "-m", MATRIX, "--exit-code", "breached").returncode == 1
    assert run("report", STRANGER, "-m", MATRIX, "--exit-code", "new").returncode == 2
    assert run("report", STRANGER, "-m", MATRIX, "--html", "--json").returncode == 2
    assert run("report", tmp_path / "none", "-m", MATRIX).returncode == 3
    broken = tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    assert run("report", STRANGER, "-m", MATRIX, "--baseline", broken).returncode == 2


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path):
    file = tmp_path / "report.html"
    file.write_text("old", encoding="utf-8")
    assert run("report", tmp_path / "none.pcap", "-m", MATRIX, "--html", "-o", file).returncode == 3
    assert file.read_text(encoding="utf-8") == "old"


def test_what_the_inbound_server_refused_is_told_in_both_languages():
    told = {"en": ("Mail from the Internet, in clear: messages 1, refusals (5xx) 3, deferrals (4xx) 1",
                   "messages 1; neither a refusal (5xx) nor a deferral (4xx) was seen"),
            "fr": ("Courrier venu d'Internet, en clair : messages 1, refus définitifs (5xx) 3, refus temporaires (4xx) 1",
                   "messages 1 ; aucun refus vu, ni définitif (5xx) ni temporaire (4xx)")}
    cases = [ROOT / "pcaps" / case for case in ("mail-refused-and-deferred", "mail-refused-by-no-policy")]
    for language, expected in told.items():
        for case, words in zip(cases, expected):
            text = " ".join(shown(case / "traffic.pcap", "-m", case / "matrix.yaml", "--lang", language).split())
            assert words in text
    server, = json.loads(shown(cases[0] / "expected.jsonl", "-m", cases[0] / "matrix.yaml", "--json"))["servers"]
    assert (server["messages"], server["refusals"], server["deferrals"]) == (1, 3, 1)


def test_sums_tell_the_same_of_refusals_as_single_flows(tmp_path):
    case = ROOT / "pcaps/mail-refused-and-deferred"
    run("observed", case / "traffic.pcap", "-m", case / "matrix.yaml", "--write", tmp_path / "sums")
    of_sums, of_flows = ([line["from_internet"] for line in json.loads(shown(source, "-m", case / "matrix.yaml", "--json"))["conformity"]
                          if line["recommendation"] == "R36"] for source in (tmp_path / "sums", case / "traffic.pcap"))
    assert of_sums == of_flows == [{"messages": 1, "refusals": 3, "deferrals": 1}]
