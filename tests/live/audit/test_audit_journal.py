"""What `mailwarden audit` was answered, as records: in the journal, at an output, in the report."""

import html
import json
import subprocess

import pytest

import schema
import zones
from sensor import MAILWARDEN, ROOT
from zones import RESOLVER, Zones

pytestmark = pytest.mark.skipif(zones.why_not_here() is not None, reason=str(zones.why_not_here()))

OUT, IN = "198.51.100.2", "198.51.100.3"
MATRIX = f"""schema: 1
zones: {{internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}}
domains:
  clean.example: {{selectors: [sel]}}
  faulty.example: {{}}
groups:
  relay: {{role: relay, addresses: [192.0.2.25]}}
  mx-out: {{role: outbound, addresses: [{OUT}]}}
  mx-in: {{role: inbound, addresses: [{IN}]}}
rows:
  - {{id: M-01, from: mx-out, to: internet, protocols: [smtp], tls: optional}}
  - {{id: M-02, from: internet, to: mx-in, protocols: [smtp], tls: offered}}
"""
DMARC = '"v=DMARC1; p=reject; rua=mailto:dmarc@{0}"'


def lines(domain, spf, dmarc):
    records = {"": ("MX", f"10 mx.{domain}."), "mx": ("A", IN), "_dmarc": ("TXT", dmarc.format(domain)),
               "_smtp._tls": ("TXT", f'"v=TLSRPTv1; rua=mailto:tls@{domain}"'),
               "_25._tcp.mx": ("TLSA", "3 1 1 " + "ab" * 32)}
    return [f"{place}{'.' if place else ''}{domain}. {kind} {data}" for place, (kind, data) in records.items()] + [f'{domain}. TXT "{spf}"']


def key():
    private = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=private, check=True, capture_output=True).stdout
    text = "v=DKIM1; k=rsa; p=" + "".join(public.decode().splitlines()[1:-1])
    return " ".join(f'"{text[at:at + 255]}"' for at in range(0, len(text), 255))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    (folder / "matrix.yaml").write_text(MATRIX)
    one = Zones(folder, {"example": ("signed", [
        *lines("clean.example", f"v=spf1 ip4:{OUT} -all", DMARC), f"sel._domainkey.clean.example. TXT {key()}",
        *lines("faulty.example", "v=spf1 ip4:203.0.113.8/31 -all", DMARC.replace("reject", "none"))])})
    yield one
    one.close()


def audit(site, *words):
    """The answers, and what this run wrote into the journal."""
    journal = site.folder / "journal"
    before = records_of(journal)
    done = subprocess.run(site.inside(MAILWARDEN, "audit", "-m", site.folder / "matrix.yaml", "--resolver", RESOLVER, "--trust-anchor",
                                      site.anchors, "--json", "--journal", journal, *words),
                          capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)["answers"], records_of(journal)[len(before):]


def records_of(journal):
    return [json.loads(line) for file in sorted(journal.glob("*.jsonl")) for line in file.read_text().splitlines()]


def alerts_of(records):
    return [record for record in records if record["event_type"] == "sensor"]


@pytest.fixture(scope="module")
def first(site):
    return audit(site)


def test_each_fault_and_each_thing_that_could_not_be_asked_is_one_alert(first):
    answers, records = first
    schema.hold(records)
    wanted = [(one["subject"], one["check"], one["answer"], one["severity"] or "low") for one in answers
              if one["severity"] or one["answer"] == "unknown"]
    told = [(*record["audit"].values(), record["alert"]["metadata"]["signature_severity"][0]) for record in alerts_of(records)]
    assert told == wanted
    findings = {(record["audit"]["subject"], record["alert"]["metadata"]["finding"]) for record in alerts_of(records)}
    assert findings == {("faulty.example", "audit.sender-undeclared"), ("faulty.example", "audit.sender-unpublished"),
                        ("faulty.example", "audit.dmarc"), (f"{IN}:25 smtp", "audit.not-asked"),
                        ("clean.example", "audit.tls-policy"), ("faulty.example", "audit.tls-policy")}
    assert next(record["alert"]["metadata"]["detail"] for record in alerts_of(records) if record["audit"]["check"] == "spf.declared") == (
        "faulty.example: who may send by SPF is declared to send to the Internet: no: 203.0.113.8/31, by ip4:203.0.113.8/31: published and not declared")


def test_all_answers_are_kept_those_that_are_well_among_them(first):
    answers, records = first
    kept = [(record["audit"]["subject"], one["check"], one["answer"], one["severity"], one["why"])
            for record in records if record["event_type"] == "stats" for one in record["audit"]["answers"]]
    assert kept == [(one["subject"], one["check"], one["answer"], one["severity"], one["why"]) for one in answers]
    assert all(record["audit"]["whole"] for record in records if record["event_type"] == "stats")


def test_what_did_not_change_is_no_news_and_outputs_get_each_record_once(site, first):
    again = audit(site)[1]
    assert alerts_of(again) == [] and [record["event_type"] for record in again] == ["stats"] * 3
    (site.folder / "ship.yaml").write_text(f"outputs:\n  - {{type: file, name: all, path: {site.folder}/shipped.json}}\n")
    for _ in range(2):
        subprocess.run([MAILWARDEN, "ship", "-c", site.folder / "ship.yaml", "--journal", site.folder / "journal", "--once"], check=True,
                       timeout=30)
    shipped = [json.loads(line) for line in (site.folder / "shipped.json").read_text().splitlines()]
    assert alerts_of(shipped) == alerts_of(first[1]) and len(alerts_of(shipped)) == 6


def report(site, *words):
    done = subprocess.run([MAILWARDEN, "report", ROOT / "pcaps/smtp-bdat/traffic.pcap", "-m", site.folder / "matrix.yaml", *words],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_report_says_what_was_declared_observed_and_audited(site, first):
    code, text = report(site, site.folder / "journal", "--json", "--exit-code", "breached")
    audited = json.loads(text)["audit"]
    assert code == 1 and len(audited["asked"]) == len({one["subject"] for one in first[0]})
    assert {one["subject"]: one["verdict"] for one in audited["conformity"]} == {
        "SPF": "breached", "DKIM": "conform", "DMARC": "breached", "MX": "conform", "DNSSEC, DANE, MTA-STS, TLS-RPT": "conform",
        "R41": "could_not_ask", "R42": "could_not_ask", "certificates": "could_not_ask", "R42+": "could_not_ask"}
    for language, said in (("en", ("who may send by SPF is declared", "could not be asked", "rows that ask for TLS: 1 of 2")),
                           ("fr", ("qui peut émettre selon SPF est déclaré", "n'a pu être demandé", "domaines propres : 2"))):
        for form in ("--html", "--markdown", "--text"):
            shown = " ".join(html.unescape(report(site, site.folder / "journal", form, "--lang", language)[1]).split())
            for words in (*said, "203.0.113.8/31", f"{IN}:25 smtp"):
                assert words in shown, (language, form, words)
    assert "Nothing was asked" in " ".join(report(site, "--text")[1].split())
    shipped = json.loads(report(site, site.folder / "shipped.json", "--json")[1])["audit"]
    assert shipped == audited


def test_a_run_about_one_domain_leaves_what_others_said(site, first):
    audit(site, "--domain", "faulty.example")
    (site.folder / "matrix.yaml").write_text(MATRIX.replace("  faulty.example: {}\n", ""))
    subjects = {one["subject"] for one in json.loads(report(site, site.folder / "journal", "--json")[1])["audit"]["asked"]}
    assert subjects == {one["subject"] for one in first[0]}
    audit(site)
    left = {one["subject"] for one in json.loads(report(site, site.folder / "journal", "--json")[1])["audit"]["asked"]}
    assert left == subjects - {"faulty.example"}
