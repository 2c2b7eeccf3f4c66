"""`mailwarden dmarc` on reports in the shapes of several receivers, on bombs, and on ten thousand."""

import gzip
import io
import json
import os
import pathlib
import re
import resource
import subprocess
import zipfile

import made_reports as made
import pytest
import schema
from made_reports import row

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
MATRIX = str(ROOT / "rules/anssi-reference.yaml")
ROWS = [
    row("198.51.100.2", 8, dkim="pass", spf="pass"),            # mx-out
    row("203.0.113.9", 3, spf="pass"),                          # in SPF, not in the matrix
    row("203.0.113.10", 2, dkim="pass"),                        # signs
    row("203.0.113.11", 1, dkim="pass", reason="forwarded"),
    row("2001:db8::66", 5, disposition="reject"),
]
CLASSES = {"declared": 8, "undeclared-relay": 3, "undeclared-signer": 2, "forwarder": 0, "forwarded": 1, "spoofing": 5}


def dmarc(*words, **options):
    return subprocess.run([MAILWARDEN, "dmarc", "-m", MATRIX, *map(str, words)], capture_output=True, timeout=60, check=False, **options)


def read(answer):
    """Sources by address, and the totals."""
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    return {line["source"]: line for line in lines if "source" in line}, lines[-1]["totals"]


@pytest.mark.parametrize("shape", made.SHAPES)
def test_each_shape_says_the_same(shape, tmp_path):
    (tmp_path / "report").write_bytes(made.SHAPES[shape](ROWS))
    answer = dmarc(tmp_path / "report", "--json", "--exit-code")
    sources, totals = read(answer)
    assert answer.returncode == 1 and not answer.stderr
    assert totals["classes"] == CLASSES and totals["dmarc_reports"] == 1 and totals["messages"] == 19
    assert {source: line["standing"] for source, line in sources.items()} == {
        "198.51.100.2": "declared", "203.0.113.9": "in-spf", "203.0.113.10": "unknown", "203.0.113.11": "unknown", "2001:db8::66": "unknown"}
    assert {line["domain"] for line in sources.values()} == {"example.org"}
    assert sources["198.51.100.2"]["group"] == "mx-out" and sources["2001:db8::66"]["rejected"] == 5
    assert sources["203.0.113.9"]["first"] == "2026-11-01T00:00:00.000000+0000"
    assert sources["203.0.113.9"]["last"] == "2026-11-01T23:59:59.000000+0000"


def test_folders_standard_input_and_repeats(tmp_path):
    for i, (shape, make) in enumerate(made.SHAPES.items()):
        (tmp_path / "cur").mkdir(exist_ok=True)
        (tmp_path / "cur" / shape).write_bytes(make(ROWS, number=str(i), organization=f"r{i % 2}.example"))
    answer = dmarc(tmp_path, "-", "--json", input=made.SHAPES["zip"](ROWS, number="0", organization="r0.example"))
    sources, totals = read(answer)
    assert answer.returncode == 0 and not answer.stderr
    assert totals["dmarc_reports"] == len(made.SHAPES) and totals["repeated_reports"] == 1
    assert sources["203.0.113.9"]["messages"] == 3 * len(made.SHAPES) and sources["203.0.113.9"]["several_reporters"]


def test_each_mail_of_a_mailbox_file_is_read_by_itself(tmp_path):
    def report(number, **names):
        return made.mail(made.gz(made.plain(ROWS, number=number)), **names)
    mails = [report("1"), made.mail(b"x"), b"Subject: none\n\nFrom: nobody, 12:00", report("2"),
             report("3", text="Hi\r\n\r\nFrom the desk of\r\n"), report("1"), bomb_in_mail()]
    for name, end in ("unix", "\n"), ("dos", "\r\n"):
        (tmp_path / name).write_bytes(made.mailbox(*mails, end=end))
        answer = dmarc(tmp_path / name, "--json", preexec_fn=least_memory)
        _, totals = read(answer)
        assert answer.returncode == 0 and (totals["dmarc_reports"], totals["repeated_reports"]) == (3, 1)
        assert totals["classes"]["spoofing"] == 15
        assert answer.stderr.decode().splitlines() == [
            f"{tmp_path}/{name}, mail 2: left out: there is no report in it", f"{tmp_path}/{name}, mail 3: left out: there is no report in it",
            f"{tmp_path}/{name}, mail 7: left out: it unpacks to too much"]
    answer = dmarc("-", "--json", input=(tmp_path / "unix").read_bytes())
    assert read(answer)[1]["dmarc_reports"] == 3 and b"standard input, mail 2: left out" in answer.stderr


def test_a_mailbox_file_may_be_larger_than_what_is_held_of_it(tmp_path):
    def padded(number, mib):
        return made.mail(made.gz(made.plain(ROWS, number=number)), text=("x" * 70 + "\r\n") * (mib * 14564))
    with open(tmp_path / "mailbox", "wb") as file:
        for number, mib in enumerate((9, 9, 0, 40, 0, 17, 9, 0)):
            file.write(made.mailbox(padded(str(number), mib), end="\r\n"))
    answer = dmarc(tmp_path / "mailbox", "--json", preexec_fn=least_memory)
    assert answer.returncode == 0 and read(answer)[1]["dmarc_reports"] == 6
    assert [line.partition(", ")[2] for line in answer.stderr.decode().splitlines()] == [
        "mail 4: left out: it is too large", "mail 6: left out: it is too large"]


def test_forwarders_domains_and_a_site_without_fault(tmp_path):
    (tmp_path / "report").write_bytes(made.plain([*ROWS, row("203.0.113.12", 4, domain="news.example.org", dkim="pass")]))
    answer = dmarc(tmp_path / "report", "--json", "--exit-code", "--domain", "News.example.org.", "--forwarder", "203.0.113.8/29")
    sources, totals = read(answer)
    assert answer.returncode == 0 and set(sources) == {"203.0.113.12"} and totals["other_rows"] == len(ROWS)
    assert sources["203.0.113.12"]["standing"] == sources["203.0.113.12"]["class"] == "forwarder"
    assert dmarc(tmp_path / "report", "--exit-code", "--domain", "example.org").returncode == 1
    for words in (["--domain", "a b"], ["--forwarder", "203.0.113.8/40"]):
        assert dmarc(tmp_path / "report", *words).returncode == 2


def test_the_text_fits_and_names_the_gravest_first(tmp_path):
    rows = [*ROWS, *(row(f"203.0.113.{i}", 1) for i in range(100, 130))]
    (tmp_path / "report").write_bytes(made.plain(rows, organization="Receiver \x1b[31m é".replace("\x1b", "&#x9b;")))
    (tmp_path / "tls").write_bytes(made.gz(made.tls([("example.org", "sts", 1000, 12, [("certificate-expired", "mx1.example.org", "198.51.100.3", 12)])])))
    answer = dmarc(tmp_path)
    text = answer.stdout.decode()
    assert answer.returncode == 0 and max(map(len, text.splitlines())) <= 80
    assert "\x9b" not in text and "Receiver ??[31m é" in text
    headings = ["Undeclared relay:", "Undeclared signer:", "\nDeclared\n", "Forwarder or list", "From elsewhere", "TLS towards"]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places) and "203.0.113.9 as example.org: messages 3, aligned 3 (SPF 3, DKIM 0)" in text
    assert "and 11 more, messages: 11 (--all)" in text and "203.0.113.129" not in text
    assert "certificate-expired at mx1.example.org (mx-in): sessions 12" in text
    assert "203.0.113.129" in dmarc(tmp_path, "--all").stdout.decode()


def test_the_text_is_french_where_that_is_asked_for(tmp_path):
    rows = [*ROWS, *(row(f"203.0.113.{i}", 1) for i in range(100, 130))]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "report").write_bytes(made.plain([*rows, row("203.0.113.9", 1, "example.net"), row("nobody", 1)], organization=""))
    (tmp_path / "in" / "tls").write_bytes(made.tls([("example.org", "sts", 1000, 12, [("certificate-expired", "mx1.example.org", "198.51.100.3", 12)])]))
    english, french = (dmarc(tmp_path / "in", "--lang", language).stdout.decode() for language in ("en", "fr"))
    assert max(map(len, french.splitlines())) <= 80 and english == dmarc(tmp_path / "in").stdout.decode()
    text = " ".join(french.split())
    for words in ("Omises : 1 lignes sans ce dont elles parlent, 1 d'autres domaines.", "Relais non déclaré : le SPF",
                  "203.0.113.9 au nom de example.org : messages 3, alignés 3 (SPF 3, DKIM 0), du 2026-11-01 au 2026-11-01 ; selon quelqu'un sans nom",
                  "refusés 5", "et 11 de plus, messages : 11 (--all)", "sessions en TLS 1000, échecs 12", "sur mx1.example.org (mx-in) : sessions 12"):
        assert words in text
    assert not {line for line in english.splitlines() if re.search("[a-z] [a-z]+ [a-z]", line)} & set(french.splitlines())
    # records are for programs: in English whatever is asked
    assert dmarc(tmp_path / "in", "--lang", "fr", "--journal", tmp_path / "journal").returncode == 0
    assert b"203.0.113.9 as example.org: messages 3" in b"".join(path.read_bytes() for path in (tmp_path / "journal").glob("*.jsonl"))


def test_what_is_at_fault_reaches_outputs_by_the_journal(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "report").write_bytes(made.plain(ROWS))
    (tmp_path / "in" / "tls").write_bytes(made.tls([("example.org", "tlsa", 10, 10, []), ("example.org", "sts", 1000, 1, [])]))
    assert dmarc(tmp_path / "in", "--journal", tmp_path / "journal").returncode == 0
    (tmp_path / "ship.yaml").write_text(f"outputs:\n  - {{type: file, name: all, path: {tmp_path}/shipped.json}}\n")
    shipped = subprocess.run([MAILWARDEN, "ship", "-c", str(tmp_path / "ship.yaml"), "--journal", str(tmp_path / "journal"), "--once"],
                             capture_output=True, text=True, timeout=30, check=False)
    assert shipped.returncode == 0, shipped.stderr
    records = [json.loads(line) for line in (tmp_path / "shipped.json").read_text().splitlines()]
    schema.hold(records)
    told = [(record["alert"]["metadata"]["finding"], record["alert"]["severity"]) for record in records if record["event_type"] == "sensor"]
    assert told == [("audit.relay-undeclared", 2), ("audit.signer-undeclared", 3), ("audit.tls-failing", 3)]
    assert records[0]["alert"]["metadata"]["detail"].startswith("203.0.113.9 as example.org: messages 3,")
    assert "policy tlsa" in records[2]["alert"]["metadata"]["detail"]
    assert [record.get("dmarc", {}).get("source") for record in records[:3]] == ["203.0.113.9", "203.0.113.10", None]
    assert records[1]["dmarc"] == {
        "source": "203.0.113.10", "domain": "example.org", "standing": "unknown", "class": "undeclared-signer", "messages": 2, "aligned": 2,
        "spf_aligned": 0, "dkim_aligned": 2, "forwarded": 0, "quarantined": 0, "rejected": 0, "first": "2026-11-01T00:00:00.000000+0000",
        "last": "2026-11-01T23:59:59.000000+0000", "reporter": "receiver.example", "several_reporters": False}
    assert (records[2]["tlsrpt"]["policy"], records[2]["tlsrpt"]["succeeded"], records[2]["tlsrpt"]["failed"]) == ("tlsa", 10, 10)
    assert records[-1]["stats"]["dmarc"]["messages"] == {
        "declared": 8, "undeclared_relay": 3, "undeclared_signer": 2, "forwarder": 0, "forwarded": 1, "spoofing": 5, "lost": 0}
    assert records[-1]["stats"]["tlsrpt"]["sessions"] == {"succeeded": 1010, "failed": 11}


def bomb(packed_levels=1, size=64 << 20):
    data = made.plain(ROWS).replace(b"</feedback>", b" " * size + b"</feedback>")
    for _ in range(packed_levels):
        data = gzip.compress(data, 9, mtime=0)
    return data


def zip_of(members, **names):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, **names) as archive:
        for i, data in enumerate(members):
            archive.writestr(f"../../{i}.xml", data)
    return held.getvalue()


def bomb_in_mail():
    return made.mail(zip_of([b" " * (64 << 20)]), "application/zip")


GOOD = made.plain(ROWS)
ENTITIES = b'<!DOCTYPE f [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n' + GOOD.replace(b"noreply", b"&b;")
BAD = {
    "gzip-bomb": (bomb, "too much"),
    "gzip-twice": (lambda: bomb(2, 8 << 20), "several times"),
    "small-ratio-bomb": (lambda: made.gz(GOOD + b" " * (2 << 20)), "too much"),
    "zip-bomb": (lambda: zip_of([b" " * (64 << 20)]), "too much"),
    "zip-bomb-in-mail": (bomb_in_mail, "too much"),
    "zip-of-many": (lambda: zip_of([b"x"] * 65), "too many members"),
    "zip-of-nothing": (lambda: zip_of([b"no report"]), "no report"),
    "truncated-gzip": (lambda: made.gz(GOOD)[:-20], "damaged"),
    "truncated-zip": (lambda: made.zipped(GOOD)[:300], "damaged"),
    "truncated-xml": (lambda: GOOD[:-10], "line "),
    "entities": (lambda: ENTITIES, "document type"),
    "deep": (lambda: b"<feedback>" + b"<a>" * 100000, "too deep"),
    "deep-json": (lambda: b'{"a":' + b"[" * 100000, "no JSON"),
    "many-parts": (lambda: b"A: b\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n" * 100, "too many parts"),
    "empty": (lambda: b"", "no report"),
    "large": (lambda: b"<" * ((16 << 20) + 1), "too large"),
    "html": (lambda: b"<html>", "no DMARC report"),
}


def least_memory():
    """Far less than a bomb unpacks to, and enough for the rest; a sanitizer maps more than that."""
    if "san" not in MAILWARDEN:
        resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_report_is_named_and_the_others_count(name, tmp_path):
    make, why = BAD[name]
    (tmp_path / "a-bad").write_bytes(make())
    (tmp_path / "b-good").write_bytes(made.gz(GOOD))
    answer = dmarc(tmp_path, "--json", preexec_fn=least_memory)
    _, totals = read(answer)
    assert answer.returncode == 0 and totals["classes"] == CLASSES
    (line,) = answer.stderr.decode().splitlines()
    assert line.startswith(f"{tmp_path}/a-bad: left out: ") and why in line
    assert dmarc(tmp_path / "a-bad").returncode == 2


def test_names_of_files_steer_no_terminal_and_a_missing_file_is_an_error(tmp_path):
    (tmp_path / "\x1b[31m").write_bytes(b"x")
    answer = dmarc(tmp_path, "--json")
    assert answer.returncode == 2 and b"\x1b" not in answer.stderr
    answer = dmarc(tmp_path / "nowhere", "--json")
    assert answer.returncode == 3 and b"nowhere: No such file" in answer.stderr


def test_ten_thousand_reports_take_seconds_and_no_more_memory_than_a_thousand(tmp_path):
    made.many(tmp_path, 10000, per_file=50)
    (few := tmp_path / "few").mkdir()
    made.many(few, 1000, per_file=50)
    peak = []
    for folder, count in ((few, 1000), (tmp_path, 11000)):
        with subprocess.Popen([MAILWARDEN, "dmarc", "-m", MATRIX, str(folder), "--json"], stdout=subprocess.PIPE) as child:
            lines = child.stdout.read().splitlines()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = status
        totals = json.loads(lines[-1])["totals"]
        # the 1,000 are the first of the 10,000 once more
        assert status == 0 and totals["dmarc_reports"] + totals["repeated_reports"] == count and totals["lost_messages"] == 0
        peak.append((usage.ru_maxrss, usage.ru_utime + usage.ru_stime))
    is_sanitized = "san" in MAILWARDEN  # it keeps what was freed
    assert (is_sanitized or peak[1][0] < peak[0][0] + 8192) and peak[1][1] < (60 if is_sanitized else 10), peak
