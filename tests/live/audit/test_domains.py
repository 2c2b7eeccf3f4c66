"""mailwarden audit of domains, over real name servers: what is right, each planted fault once, what cannot be asked."""
import base64
import json
import os
import pathlib
import re
import subprocess
import time

import pytest

import made_domains
import name_server
import policies
import zones
from made_domains import DIGEST, IN, KEY, MX, OUT, OUT6, POLICY, SPF, dkim, dmarc, lines_of, spf
from policies import Policies
from sensor import MAILWARDEN, until
from zones import RESOLVER, Zones

WHY_NOT = zones.why_not_here() or policies.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

MATRIX = f"""schema: 1
zones: {{internal: [192.0.2.0/24], gateway: [198.51.100.0/28, "2001:db8:1::/64"]}}
groups:
  relay: {{role: relay, addresses: [192.0.2.25]}}
  mx-out: {{role: outbound, addresses: [{OUT}, "{OUT6}"]}}
  mx-in: {{role: inbound, addresses: [{IN}]}}
rows:
  - {{id: M-01, from: relay, to: mx-out, protocols: [smtp]}}
  - {{id: M-02, from: mx-out, to: internet, protocols: [smtp], tls: optional}}
  - {{id: M-03, from: internet, to: mx-in, protocols: [smtp], tls: offered}}
"""
TEN = " ".join(f"a:h{number}.{{0}}" for number in range(11))


RUA = "; rua=mailto:dmarc@{0}"
# fault -> another policy, or what the web server does instead of serving one
POLICIES = {
    "implicit": POLICY.replace("mx.{0}", "{0}").replace("mx: *.{0}\n", ""),
    "sts-long": POLICY + "x: " + "y" * 65536 + "\n",
    "sts-version": POLICY.replace("STSv1", "STSv2"),
    "sts-no-mx": POLICY.replace("mx:", "mix:"),
    "sts-testing": POLICY.replace("enforce", "testing"),
    "sts-none": POLICY.replace("enforce", "none"),
    "sts-day": POLICY.replace("1209600", "86400"),
    "sts-mx": POLICY.replace("mx: *.{0}\n", ""),
    "sts-stranger": POLICY + "mx: old.elsewhere.example\n",
    "sts-right": POLICY.replace("\n", " \r\n") + "\r\nnew: x\r\nmode: none\r\n",
    "sts-one-label": POLICY.replace("mx: mx.{0}\n", "").replace("*.{0}", "*.a.{0}"),
}
DIRECTIVES = {
    "sts-missing": "return 404;",
    "sts-redirect": "return 301 https://mta-sts.clean.example$request_uri;",
    "sts-html": "default_type text/html; return 200 'version: STSv1\nmode: none\nmax_age: 604800\n';",
    "sts-503": "return 503;",
    "sts-503-long": "error_page 503 /long; return 503; } location = /long { internal; alias LONG;",  # a page as long as sts-long's policy
}
# fault -> (what stands in another way, the one question that is answered with no, a part of why)
FAULTS = {
    "null-and-other": ({"": [MX, ("MX", "0 ."), ("TXT", SPF)]}, "mx.found", "null MX beside others"),
    "implicit": ({"": [("A", IN), ("TXT", SPF)], "mx": [], "_25._tcp.mx": [], "_25._tcp": [("TLSA", f"3 1 1 {DIGEST}")]},
                 "mx.found", "no MX record"),
    "no-address": ({"": [MX, ("MX", "20 gone.{0}."), ("TXT", SPF)], "_25._tcp.gone": [("TLSA", f"3 1 1 {DIGEST}")]},
                   "mx.resolves", "gone.no-address.example has no address"),
    "alias": ({"mx": [("CNAME", "real.{0}.")], "real": [("A", IN)]}, "mx.resolves", "CNAME"),
    "mx-stranger": ({"": [MX, ("MX", "20 old.{0}."), ("TXT", SPF)], "old": [("A", "203.0.113.7")],
                     "_25._tcp.old": [("TLSA", f"3 1 1 {DIGEST}")]}, "mx.declared", "old.mx-stranger.example (203.0.113.7)"),
    "no-spf": ({"": [MX]}, "spf.valid", "no SPF record"),
    "two-spf": ({"": [MX, ("TXT", SPF), ("TXT", "v=spf1 -all")]}, "spf.valid", "more than one SPF record"),
    "eleven": ({**spf(f"v=spf1 ip4:{OUT} ip6:{OUT6} {TEN} -all"),
                **{f"h{number}": [("A", OUT), ("AAAA", OUT6)] for number in range(11)}}, "spf.valid", "11 terms look up"),
    "three-void": (spf(f"v=spf1 ip4:{OUT} ip6:{OUT6} a:x1.{{0}} a:x2.{{0}} a:x3.{{0}} -all"), "spf.valid", "find nothing"),
    "misspelt": (spf(f"v=spf1 ip4:{OUT} ip6:{OUT6} inclde:{{0}} -all"), "spf.valid", "inclde"),
    "include-none": (spf(f"v=spf1 ip4:{OUT} ip6:{OUT6} include:mx.{{0}} -all"), "spf.valid", "no SPF record"),
    "plus-all": (spf(f"v=spf1 ip4:{OUT} ip6:{OUT6} +all"), "spf.rest", "pass"),
    "no-all": (spf(f"v=spf1 ip4:{OUT} ip6:{OUT6}"), "spf.rest", "neutral"),
    "not-published": (spf(f"v=spf1 ip4:{OUT} -all"), "spf.published", OUT6),
    "not-declared": (spf(f"{SPF[:-5]} ip4:203.0.113.8/31 -all"), "spf.declared", "203.0.113.8/31, by ip4:203.0.113.8/31"),
    "hidden": ({**spf(f"{SPF[:-5]} include:sub.{{0}} -all"), "sub": [("TXT", "v=spf1 a:crm.{0} -all")],
                "crm": [("A", "203.0.113.9"), ("AAAA", OUT6)]}, "spf.declared", "203.0.113.9, by include:sub.hidden.example > a:crm"),
    "no-key": (dkim("") | {"sel._domainkey": []}, "dkim.found", "sel: no TXT record"),
    "two-keys": ({"sel._domainkey": [("TXT", f"v=DKIM1; p={KEY}"), ("TXT", "v=DKIM1; p=")]}, "dkim.found", "several"),
    "revoked": (dkim("v=DKIM1; k=rsa; p="), "dkim.valid", "revoked"),
    "no-base64": (dkim("v=DKIM1; k=rsa; p=@@@@"), "dkim.valid", "no RSA key"),
    "sha1": (dkim(f"v=DKIM1; k=rsa; h=sha1; p={KEY}"), "dkim.valid", "without sha256"),
    "short-key": (dkim(f"v=DKIM1; k=rsa; p={made_domains.SHORT_KEY}"), "dkim.strong", "RSA of 1024 bits"),
    "tiny-key": (dkim(f"v=DKIM1; k=rsa; p={made_domains.TINY_KEY}"), "dkim.strong", "must not accept"),
    "test-key": (dkim(f"v=DKIM1; k=rsa; t=y; p={KEY}"), "dkim.earnest", "t=y"),
    "no-dmarc": ({"_dmarc": []}, "dmarc.found", "none here"),
    "p-none": (dmarc("v=DMARC1; p=none" + RUA), "dmarc.policy", "p=none"),
    "np-none": (dmarc("v=DMARC1; p=reject; np=none" + RUA), "dmarc.subdomains", "np=none"),
    "dmarc-test": (dmarc("v=DMARC1; p=reject; t=y" + RUA), "dmarc.earnest", "one step milder"),
    "pct": (dmarc("v=DMARC1; p=reject; pct=50" + RUA), "dmarc.current", "pct=50"),
    "no-rua": (dmarc("v=DMARC1; p=reject"), "dmarc.reports", "no rua="),
    "rua-elsewhere": (dmarc("v=DMARC1; p=reject; rua=mailto:x@unwilling.reports.example"), "dmarc.reports",
                      "unwilling.reports.example does not say"),
    "no-tlsrpt": ({"_smtp._tls": []}, "tlsrpt.found", "no such record"),
    "no-mtasts": ({"_mta-sts": []}, "mtasts.found", "no such record"),
    "mtasts-id": ({"_mta-sts": [("TXT", "v=STSv1; id=2026-11-30")]}, "mtasts.found", "no id="),
    "sts-no-address": ({"mta-sts": []}, "mtasts.policy", "mta-sts.sts-no-address.example has no address"),
    "sts-missing": ({}, "mtasts.policy", "answers with status 404"),
    "sts-redirect": ({}, "mtasts.policy", "redirects to https://mta-sts.clean.example/"),
    "sts-name": ({}, "mtasts.policy", "no alternative certificate subject name matches"),
    "sts-authority": ({"mta-sts": [("A", policies.UNKNOWN)]}, "mtasts.policy", "certificate"),
    "sts-long": ({}, "mtasts.policy", "longer than 65536 bytes"),
    "sts-html": ({}, "mtasts.valid", "it is said to be text/html"),
    "sts-version": ({}, "mtasts.valid", "version is STSv2"),
    "sts-no-mx": ({}, "mtasts.valid", "it has no mx"),
    "sts-testing": ({}, "mtasts.mode", "mode: testing"),
    "sts-none": ({}, "mtasts.mode", "mode: none"),
    "sts-day": ({}, "mtasts.max-age", "max_age: 86400 (1 days)"),
    "sts-mx": ({"": [MX, ("MX", "20 mx2.{0}."), ("TXT", SPF)], "mx2": [("A", IN)], "_25._tcp.mx2": [("TLSA", f"3 1 1 {DIGEST}")]},
               "mtasts.mx", "mx2.sts-mx.example is none of its mx"),
    "sts-stranger": ({}, "mtasts.declared", "mx: old.elsewhere.example is neither"),
    "no-tlsa": ({"_25._tcp.mx": []}, "dane.found", "has none"),
    "tlsa-usage": ({"_25._tcp.mx": [("TLSA", f"1 1 1 {DIGEST}")]}, "dane.valid", "neither 2 (DANE-TA) nor 3"),
    "tlsa-length": ({"_25._tcp.mx": [("TLSA", f"3 1 2 {DIGEST}")]}, "dane.valid", "another length"),
    "tlsa-unread": ({"_25._tcp.mx": [("TLSA", f"3 1 1 {DIGEST}"), ("TLSA", "3 1 0 deadbeef")]}, "dane.valid", "it holds no key that can be read"),
}
# near misses: as good as clean
RIGHT = {
    "clean": {},
    "softfail": spf(f"v=spf1 ip4:{OUT} ip6:{OUT6} ~all"),
    "by-a": {**spf("v=spf1 a:out.{0} ?include:x.{0} -all"), "out": [("A", OUT), ("AAAA", OUT6)], "x": [("TXT", "v=spf1 +all")]},
    "ten": {**spf(f"v=spf1 ip4:{OUT} ip6:{OUT6} {TEN.rsplit(' ', 1)[0]} -all"),
            **{f"h{number}": [("A", OUT), ("AAAA", OUT6)] for number in range(11)}},
    "two-void": spf(f"v=spf1 ip4:{OUT} ip6:{OUT6} a:x1.{{0}} a:x2.{{0}} -all"),
    "macro": {**spf("v=spf1 exists:%{{i}}._spf.{0} -all"), f"{OUT}._spf": [("A", "127.0.0.2")],
              ".".join("20010db8000100000000000000000002") + "._spf": [("A", "127.0.0.2")]},
    "null-mx": {"": [("MX", "0 ."), ("TXT", SPF)], "mx": [], "_25._tcp.mx": [], "_smtp._tls": [], "_mta-sts": []},
    "quarantine": dmarc("v=DMARC1; p=quarantine" + RUA),
    "rua-agreed": dmarc("v=DMARC1; p=reject; rua=mailto:x@willing.reports.example!10m"),
    "sub.above": {"_dmarc": []},
    "ed25519": dkim("v=DKIM1; k=ed25519; p=" + "A" * 43 + "="),
    "sts-right": {},
    # what leads the asker other ways: to the other family in vain, to the resolver by TCP
    "sts-ipv6": {"mta-sts": [("AAAA", "2001:db8:1::77"), ("A", policies.GOOD)]},
    "much-txt": {"": [MX, ("TXT", SPF), *(("TXT", f"{number}{'x' * 200}") for number in range(12))]},
    "sts-one-label": {"": [("MX", "10 b.a.{0}."), ("TXT", SPF)], "b.a": [("A", IN)], "mx": [], "_25._tcp.mx": [],
                      "_25._tcp.b.a": [("TLSA", f"3 1 1 {DIGEST}")]},
    "tlsa-whole": {"_25._tcp.mx": [("TLSA", f"3 1 0 {base64.b64decode(KEY).hex()}")]},
    "two-tlsa": {"_25._tcp.mx": [("TLSA", f"3 1 1 {DIGEST}"), ("TLSA", f"2 0 2 {DIGEST}{DIGEST}")]},
}
# whose web server cannot be asked
UNREACHED = {"sts-503": policies.GOOD, "sts-503-long": policies.GOOD, "sts-silent": policies.SILENT, "sts-refused": policies.NOBODY}
EXTRA = [
    "_dmarc.above.example. TXT \"v=DMARC1; p=none; sp=reject; rua=mailto:x@above.example\"",
    "rua-agreed.example._report._dmarc.willing.reports.example. TXT \"v=DMARC1\"",
    "willing.reports.example. A 203.0.113.20", "unwilling.reports.example. A 203.0.113.20",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zones")
    signed = [line for name, fault in FAULTS.items() for line in lines_of(f"{name}.example", fault[0])]
    signed += [line for name, edits in RIGHT.items() for line in lines_of(f"{name}.example", edits)] + EXTRA
    signed += [line for name, address in UNREACHED.items()
               for line in lines_of(f"{name}.example", {"mta-sts": [("A", address)]})]
    signed += [f"{name}.example. NS ns.nic.example." for name in ("unsigned", "spoilt", "away")]
    (folder / "matrix.yaml").write_text(MATRIX)
    one = Zones(folder, {
        "example": ("signed", signed),
        "unsigned.example": ("plain", lines_of("unsigned.example", {})),
        "spoilt.example": ("spoilt", lines_of("spoilt.example", {})),
        "away.example": ("away", []),
    })
    hosts = [*FAULTS, *RIGHT, "unsigned", "spoilt", "away"]
    texts = {f"mta-sts.{name}.example": POLICIES.get(name, POLICY).format(f"{name}.example") for name in hosts if name not in DIRECTIVES}
    long = str(folder / "web" / "mta-sts.sts-long.example" / policies.PATH)
    web = Policies(folder, one.inside, texts, {f"mta-sts.{name}.example": what.replace("LONG", long) for name, what in DIRECTIVES.items()},
                   unnamed=("mta-sts.sts-name.example",))
    one.web = web.authority
    yield one
    web.close()
    one.close()


def audit(site, domains, *options, form="--json"):
    words = [word for domain in domains for word in ("--domain", domain)]
    return subprocess.run(site.inside(MAILWARDEN, "audit", "-m", site.folder / "matrix.yaml", *words, "--selector", "sel",
                                      "--resolver", RESOLVER, "--trust-anchor", site.anchors, "--ca-file", site.web, form, *options),
                          capture_output=True, text=True, timeout=120, check=False)


def answers_of(site, domains, *options):
    """domain -> its answers"""
    done = audit(site, domains, *options)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    answers = {domain: [] for domain in domains}
    for answer in json.loads(done.stdout)["answers"]:
        answers[answer["subject"]].append(answer)
    return answers


def those(answers, state):
    return [(answer["check"], answer["why"]) for answer in answers if answer["answer"] == state]


def test_what_is_right_is_told_so_and_nothing_else_is(site):
    domains = [f"{name}.example" for name in RIGHT]
    for domain, answers in answers_of(site, domains).items():
        assert those(answers, "no") == [], domain
        if not domain.startswith("macro"):
            assert those(answers, "unknown") == [], domain
    clean = dict(those(answers_of(site, ["clean.example"])["clean.example"], "yes"))
    assert clean["spf.published"] == "all of 2" and "signatures hold" in clean["dnssec.signed"]
    assert len(clean) == 31


def test_each_planted_fault_is_told_once(site):
    told = answers_of(site, [f"{name}.example" for name in FAULTS])
    for name, (_, check, part) in FAULTS.items():
        faults = those(told[f"{name}.example"], "no")
        assert [one for one, _ in faults] == [check], (name, faults)
        assert part in faults[0][1], (name, faults)


def test_what_depends_on_who_sends_is_unknown_and_each_declared_address_is_asked(site):
    answers = answers_of(site, ["macro.example"])["macro.example"]
    assert those(answers, "unknown") == [("spf.declared", "exists:%{i}._spf.macro.example: whom it lets send depends on who sends")]
    assert ("spf.published", "all of 2") in those(answers, "yes")


def test_nobody_is_asked_about_who_is_not_declared(site):
    before = site.asked()
    answers_of(site, ["clean.example", "rua-agreed.example"])
    allowed = re.compile(r"(.*\.)?(clean|rua-agreed)\.example|_dmarc\.(willing\.reports\.|reports\.)?example|example|"
                         r"rua-agreed\.example\._report\._dmarc\.willing\.reports\.example")
    asked = site.asked() - before | {"clean.example"}
    assert [name for name in asked if not allowed.fullmatch(name)] == []


def test_what_is_not_signed_is_told_and_its_tlsa_with_it(site):
    faults = dict(those(answers_of(site, ["unsigned.example"])["unsigned.example"], "no"))
    assert sorted(faults) == ["dane.valid", "dnssec.signed"]
    assert "senders ignore TLSA" in faults["dane.valid"]


def test_a_record_changed_behind_its_signature_could_not_be_asked(site):
    answers = answers_of(site, ["spoilt.example"])["spoilt.example"]
    unknown = dict(those(answers, "unknown"))
    assert those(answers, "no") == []
    for check in ("mx.found", "spf.valid", "spf.published", "dnssec.signed"):
        assert "DNSSEC bogus" in unknown[check], check
    assert any(check == "dmarc.found" for check, _ in those(answers, "yes"))


def test_a_server_that_fails_could_not_be_asked(site):
    answers = answers_of(site, ["away.example"])["away.example"]
    assert those(answers, "no") == [] and those(answers, "yes") == []
    assert all("SERVFAIL" in why for _, why in those(answers, "unknown"))


def test_a_web_server_that_cannot_be_asked_is_no_fault(site):
    told = answers_of(site, [f"{name}.example" for name in UNREACHED], "--timeout", "1")
    why = {name: those(told[f"{name}.example"], "unknown") for name in UNREACHED}
    assert all([check for check, _ in answers] == ["mtasts.policy"] for answers in why.values()), why
    for name, part in {"sts-503": "status 503", "sts-503-long": "status 503", "sts-silent": "timed out", "sts-refused": "Failed to connect"}.items():
        assert part in why[name][0][1]
        assert those(told[f"{name}.example"], "no") == []


def status_of(process):
    """Of the one process that it started: what /proc says of its rights, once it is in its cage."""
    def look():
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        lines = [pathlib.Path(f"/proc/{child}/status").read_text().splitlines() for child in children]
        found = [dict(line.split(":\t", 1) for line in one) for one in lines]
        return [one for one in found if one["Seccomp"] == "2"]
    return until(look, "the cage")[0]


def test_a_resolver_that_is_silent_is_given_up_soon_and_who_asks_has_no_rights(site):
    silent = Silent()
    try:
        started = time.monotonic()
        asking = subprocess.Popen(silent.inside(MAILWARDEN, "audit", "-m", site.folder / "matrix.yaml", "--domain", "clean.example",
                                                "--timeout", "1", "--resolver", RESOLVER, "--json"), stdout=subprocess.PIPE, text=True)
        status = status_of(asking)
        answers = json.loads(asking.communicate(timeout=60)[0])
        assert time.monotonic() - started < 20
    finally:
        silent.close()
    assert "0" not in status["Uid"].split() and {status[f"Cap{which}"].strip("0") for which in ("Eff", "Prm", "Bnd")} == {""}
    assert status["NoNewPrivs"] == "1"
    assert (answers["yes"], answers["no"]) == (0, 0)
    assert {answer["why"].split(": ")[-1] for answer in answers["answers"]} <= {"no answer in time", "the resolver does not answer"}


class Silent:
    """A namespace in which a name server hears and says nothing."""

    def __init__(self):
        self.namespace = zones.Namespace()
        self.server = name_server.start(self.namespace, "silent")

    def inside(self, *words):
        return self.namespace.inside(*words)

    def close(self):
        name_server.end(self.server)
        self.namespace.close()


def test_the_exit_code_and_the_text_say_the_same(site):
    assert audit(site, ["clean.example"], "--exit-code").returncode == 0
    done = subprocess.run(site.inside(MAILWARDEN, "audit", "-m", site.folder / "matrix.yaml", "--domain", "P-None.example.",
                                      "--resolver", RESOLVER, "--trust-anchor", site.anchors, "--ca-file", site.web, "--exit-code"),
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert re.search(r"^p-none\.example\n  no +the DMARC policy .*\[medium\]: +p=none$", done.stdout.replace("\n          ", " "), re.M)


@pytest.mark.skipif(os.path.exists("/usr/share/dns/root.key"), reason="the root's anchor is installed: zones of our own hang on none")
def test_without_a_trust_anchor_dnssec_is_unknown(site):
    done = subprocess.run(site.inside(MAILWARDEN, "audit", "-m", site.folder / "matrix.yaml", "--domain", "clean.example",
                                      "--resolver", RESOLVER, "--ca-file", site.web, "--json"), capture_output=True, text=True,
                          timeout=60, check=False)
    answers = json.loads(done.stdout)["answers"]
    assert dict(those(answers, "unknown")) == {"dnssec.signed": "no trust anchor", "dane.valid": "mx.clean.example: no trust anchor"}
    assert those(answers, "no") == []


def test_the_matrix_says_which_domains_are_asked_about_and_who_else_sends_for_them(site):
    owned = site.folder / "owned.yaml"
    owned.write_text(MATRIX + """domains:
  not-declared.example: {selectors: [sel], senders: [203.0.113.8, 203.0.113.9]}
  clean.example: {senders: [203.0.113.10]}
  partner.example: {own: no}
""")
    options = ("--resolver", RESOLVER, "--trust-anchor", site.anchors, "--ca-file", site.web, "--json")
    before = site.asked()
    done = subprocess.run(site.inside(MAILWARDEN, "audit", "-m", owned, "--domain", "clean.example", "--domain",
                                      "not-declared.example", *options), capture_output=True, text=True, timeout=60, check=False)
    answers = json.loads(done.stdout)["answers"]
    of = {name: [one for one in answers if one["subject"] == f"{name}.example"] for name in ("clean", "not-declared")}
    assert those(of["not-declared"], "no") == [] and those(of["not-declared"], "unknown") == []
    assert "dkim.strong" in dict(those(of["not-declared"], "yes"))
    assert [check for check, _ in those(of["clean"], "no")] == ["spf.published"]
    assert "203.0.113.10 (a sender of the domain)" in those(of["clean"], "no")[0][1]
    for stranger in ("partner.example", "by-a.example"):
        done = subprocess.run(site.inside(MAILWARDEN, "audit", "-m", owned, "--domain", stranger, *options), capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 2 and f"{stranger} is none of the matrix's own" in done.stderr
    assert not [name for name in site.asked() - before if re.search(r"partner|by-a", name)]


def test_what_is_no_name_is_refused(site):
    for words in (("--domain", "a..example"), ("--domain", "clean.example", "--selector", "x..y")):
        done = subprocess.run([MAILWARDEN, "audit", "-m", site.folder / "matrix.yaml", *words], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 2 and "is no name" in done.stderr


def test_a_file_that_cannot_be_read_is_told_before_anybody_is_asked(site):
    broken = site.folder / "broken"
    broken.write_text("no record at all\n")
    domain = "not-read-before.clean.example"
    for words in (("--trust-anchor", broken), ("--trust-anchor", site.folder / "missing"), ("--ca-file", site.folder / "missing")):
        done = subprocess.run(site.inside(MAILWARDEN, "audit", "-m", site.folder / "matrix.yaml", "--domain", domain,
                                          "--resolver", RESOLVER, *words), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 3 and str(words[1]) in done.stderr.splitlines()[-1] and done.stdout == ""
    assert domain not in site.asked()
    audit(site, [domain])
    assert domain in site.asked()


def test_a_wrong_word_about_servers_is_told_before_any_domain_is_asked_about(site):
    broken, domain = site.folder / "broken.state", "not-asked-before.example"
    broken.write_text("no state at all\n")
    for words, code in ((("--server", "misspelt"), 2), (("--server", "all", "--observed", broken), 2),
                        (("--server", "all", "--observed", site.folder / "missing"), 3)):
        done = audit(site, [domain], *words)
        assert (done.returncode, done.stdout) == (code, "") and str(words[-1]) in done.stderr
        assert domain not in site.asked()
    assert audit(site, [domain], "--server", "mx-in", "--pause", "0").returncode == 0 and domain in site.asked()


def child_of(process, but=()):
    """The process that it started and that is no other's."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return next((int(child) for child in children if int(child) not in but), None)


def test_what_was_answered_is_given_though_who_asks_servers_is_ended(site):
    journal = site.folder / "ended"
    asking = subprocess.Popen(site.inside(
        MAILWARDEN, "audit", "-m", site.folder / "matrix.yaml", "--domain", "clean.example", "--selector", "sel", "--resolver", RESOLVER,
        "--trust-anchor", site.anchors, "--ca-file", site.web, "--json", "--journal", journal, "--server", "all", "--pause", "60000"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    of_domains = until(lambda: child_of(asking), "who asks about domains", nap=0.001)
    os.kill(until(lambda: child_of(asking, (of_domains,)), "who asks servers", nap=0.001), 9)
    out, said = asking.communicate(timeout=60)
    assert asking.returncode == 3 and "ended by signal 9" in said
    answers = json.loads(out)["answers"]
    assert {one["subject"] for one in answers} == {"clean.example"} and len(answers) == 31
    kept = [json.loads(line) for file in journal.glob("*.jsonl") for line in file.read_text().splitlines()]
    assert [one["check"] for record in kept if record["event_type"] == "stats" for one in record["audit"]["answers"]] == [
        one["check"] for one in answers]
