"""The report, the digest and the page of several sensors in a browser at every width, light, dark and on paper, and in lynx:
lab/look.py finds nothing wrong."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import look
from browser import CHROMIUM, Browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "audit"))

import made_reports as made  # noqa: E402

MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
MATRIX = ROOT / "rules/anssi-reference.yaml"
SOME = [ROOT / "pcaps" / name / "traffic.pcap" for name in (
    "smtp-illegitimate-workstation", "smtp-starttls-stripped-xxxxxxxa", "imaps-tls12", "smtp-starttls-tls12", "relay-chained",
    "user-access-from-internet", "wrapped-gre", "smtp-plain-relay", "imaps-expiring-certificate")]
CUT = ROOT / "pcaps/unseen-cut-at-96"
REMEDIES = [ROOT / "pcaps" / name / "traffic.pcap" for name in ("smtp-port-2525", "ftp-on-25", "smtp-probe")]
ACCEPTED = ROOT / "pcaps/accepted-by-group"

REPORTS = [
    made.plain([made.row("203.0.113.9", 3, spf="pass"), made.row("2001:db8:1234:5678:9abc:def0:1234:5678", 2, "news.example.org", dkim="pass"),
                made.row("203.0.113.66", 5)], organization="Receiver with a long name of its own"),
    made.tls([("example.org", "no-policy-found", 10, 10, [])])]

browser_needed = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def run(*words):
    return subprocess.run([MAILWARDEN, *map(str, words)], stdout=subprocess.PIPE, timeout=60, check=True).stdout


def report(file, *words):
    run("report", *words, "-o", file)
    return file


def digest(file, *words):
    file.write_bytes(run("digest", *words, "-m", MATRIX, "--until", "2026-11-29", "--html"))
    return file


def fleet(file, folder, *words):
    """Of two sensors that saw something else each."""
    for name, captures in ("north", SOME[:4]), ("south", SOME[4:]):
        run("replay", *captures, "-m", MATRIX, "--observed", folder / name)
    run("fleet", "--observed", folder / "north", folder / "south", "-m", MATRIX, "--html", file, *words)
    return file


@pytest.fixture(scope="module", name="folder")
def folder_of_pages(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module", name="browser")
def one_browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="module", name="pages")
def every_kind_of_page(folder):
    """Breached with an earlier report at hand, in both languages; what could not be seen; what is accepted; digests; of several sensors."""
    earlier = report(folder / "earlier.json", SOME[1], SOME[7], "-m", MATRIX, "--json")
    reports = made.journal(MAILWARDEN, MATRIX, folder / "reports", REPORTS)
    told = "--organisation", "Example", "--author", "A. Auditor", "--baseline", earlier
    return {
        "fr": report(folder / "fr.html", *SOME[:-2], reports, "-m", MATRIX, "--html", "--lang", "fr", *told),
        "en": report(folder / "en.html", *SOME, reports, "-m", MATRIX, "--html", *told),
        "cut": report(folder / "cut.html", CUT / "traffic.pcap", "-m", CUT / "matrix.yaml", "--html", "--lang", "fr"),
        "remedies": report(folder / "remedies.html", *REMEDIES, "-m", MATRIX, "--html", "--lang", "fr"),
        "digest": digest(folder / "digest.html", *SOME, reports),
        "digest-fr": digest(folder / "digest-fr.html", *SOME, reports, "--lang", "fr"),
        "fleet": fleet(folder / "fleet.html", folder),
        "fleet-fr": fleet(folder / "fleet-fr.html", folder, "--lang", "fr"),
        "accepted": report(folder / "accepted.html", ACCEPTED / "traffic.pcap", "-m", ACCEPTED / "matrix.yaml", "--html")}


@browser_needed
@pytest.mark.parametrize("kind", ["fr", "en", "cut", "accepted", "remedies", "digest", "digest-fr", "fleet", "fleet-fr"])
def test_nothing_is_wrong_with_the_page(browser, pages, kind):
    assert look.complaints(browser, pages[kind]) == []


@browser_needed
@pytest.mark.parametrize("kind", ["fr", "en", "remedies", "digest", "fleet-fr"])
def test_a_screen_reader_finds_its_way(browser, pages, kind):
    if not look.AXE.exists():
        pytest.skip(f"{look.AXE.relative_to(ROOT)} is missing: make deps installs it from npm")
    assert look.violations(browser, pages[kind]) == []


def test_words_to_be_typed_are_code_and_no_sign_stands_alone_on_a_line(pages):
    text = pages["remedies"].read_text(encoding="utf-8")
    assert "<code>probe: yes</code>" in text and "<code>ports:</code>" in text and "`" not in text
    assert re.search("\\(\\d+\u202f%\\)", text) and "voulu\u202f; sinon" in text and "<p>port.foreign\u00a0: " in text
    assert not re.findall(r"\w [:;%?!][ <)]", text)
    english = pages["en"].read_text(encoding="utf-8")
    assert re.search(r"\(\d+%\)", english) and not set(english) & set("\u202f\u00a0")


PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>t</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'"></head><body><main><h1>t</h1>%s</main></body></html>"""
WRONG = {
    "markup: an element script": "<script>1</script>",
    "markup: an attribute onclick": '<p onclick="x()">a</p>',
    "asked for: http": '<p>a</p><img alt="a" src="http://192.0.2.1/x.png">',
    "refused: ": '<p style="color:red">a</p>',
    "360 dark: wider than the page": "<table><tr><td>" + "word" * 20 + "</td></tr></table>",
    "print: wider than the page": "<pre>" + "word " * 40 + "</pre>",
    "markup: no valid HTML": "<p>a<b>b</p>",
    "800 light: cut: ": "<p>" + "w" * 300 + "</p>",
    None: "<p>a</p><table><tr><td>b</td></tr></table>",
}


@browser_needed
@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_wrong_is_told(browser, tmp_path, wrong):
    file = tmp_path / "page.html"
    text = PAGE % WRONG[wrong]
    if wrong in ("asked for: http", "800 light: cut: "):
        text = re.sub("default-src 'none'", "default-src *; style-src 'unsafe-inline'", text)
        text = text.replace("</head>", "<style>p{overflow-wrap:anywhere}</style></head>")
    file.write_text(text, encoding="utf-8")
    found = [one for one in look.complaints(browser, file) if "A4" not in one]
    assert any(one.startswith(wrong) for one in found) if wrong else found == [], found


@browser_needed
def test_a_violation_is_told_in_the_scheme_that_has_it(browser, tmp_path):
    if not look.AXE.exists():
        pytest.skip(f"{look.AXE.relative_to(ROOT)} is missing: make deps installs it from npm")
    file = tmp_path / "page.html"
    style = "<style>@media(prefers-color-scheme:dark){p{color:#eee;background:#fff}}</style></head>"
    file.write_text((PAGE % "<p>pale</p>").replace("default-src 'none'", "style-src 'unsafe-inline'")
                    .replace("</head>", style), encoding="utf-8")
    found = look.violations(browser, file)
    assert found and all("dark: color-contrast" in one for one in found)


@browser_needed
def test_the_log_of_the_network_has_no_address_of_ours(pages, tmp_path):
    near_miss = tmp_path / "page.html"
    near_miss.write_text('<!DOCTYPE html><title>t</title><img alt="a" src="http://192.0.2.1/x.png">', encoding="utf-8")
    with Browser(tmp_path) as browser:
        for file in pages["fr"], near_miss:
            browser.open(file).print()
    assert browser.loads() == {"http://192.0.2.1/x.png"}


@browser_needed
def test_a_style_of_another_hash_is_refused(browser, pages, tmp_path):
    changed = tmp_path / "changed.html"
    changed.write_text(pages["en"].read_text(encoding="utf-8").replace("body{font", "body{margin:0;font"), encoding="utf-8")
    told = browser.open(changed).console
    assert len(told) == 1 and "Content Security Policy" in told[0]


@pytest.mark.skipif(shutil.which("lynx") is None, reason="lynx is not installed")
def test_a_browser_without_pictures_shows_a_row_a_line(pages):
    text = subprocess.run(["lynx", "-dump", "-nolist", "-width=400", "-display_charset=utf-8", pages["en"]],
                          capture_output=True, text=True, timeout=60, check=True).stdout
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]
    for start in (r"Organisation Example$", r"Recommendation Verdict Flows seen Not far enough Breaches Notices What it asks",
                  r"R35 breached \d+ 0 1 0 Internal relays", r"R42\+ conform \d+ 0 0 0 REQUIRETLS", r"! forbidden and tried \d+$",
                  r"192\.0\.2\.10:993 mailboxes - imaps \d+ ", r"M-01 workstations mailboxes imaps, mapi-http, eas, ews required",
                  r"2026-11-24 \d+ \d+ \d+$"):
        assert [line for line in lines if re.match(start, line)], start
