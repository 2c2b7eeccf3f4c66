"""Pages of docs/ whose commands are run as they stand there, and the links of all of them."""

import re

import pytest

import book
import sensor

ROOT = sensor.ROOT
PAGES = ("analyst.md", "audit.md", "networks.md", "privacy.md", "security.md", "upgrade.md")
ERASED = r"\b192\.0\.2\.70\b"  # in the command of privacy.md that blanks the records of a host
KEPT = """cd /var/lib/mailwarden
install -d -o mailwarden -g mailwarden dmarc
cp journal/*.eve.jsonl dmarc
cp journal/*.eve.jsonl ../mailwarden-audit/journal/9999999999999999.eve.jsonl
printf '{"entry":"%s"}\\n' 192.0.2.70 192.0.2.71 > list-drop.json"""
MIRRORED = "enable --now mailwarden\n"  # the command of start.md behind which a sensor watches eth1
BRIDGED = "net.bridge.bridge-nf-call-iptables"
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)


@pytest.fixture(name="site")
def watching_site(tmp_path):
    """A sensor that start.md set up has seen the Monday."""
    site = book.Site(tmp_path)
    try:
        for block in book.blocks("start.md"):
            if not block.why_not:
                site.execute(block.commands)
            if MIRRORED in block.commands:
                break
        site.mirror()
        sensor.until(lambda: len(site.run("cat", "/var/lib/mailwarden/alerts.log").splitlines()) == 3, "three alerts sent out")
        yield site
    finally:
        site.close()


@pytest.mark.skipif(book.WHY_NOT is not None, reason=str(book.WHY_NOT))
def test_the_commands_of_each_page_print_what_it_shows(site):
    for page in PAGES:
        for block in book.blocks(page):
            if block.why_not:
                continue
            if ERASED in block.commands:
                site.execute(KEPT)
            printed = site.execute(block.commands)
            assert not book.missing(block, printed), (page, printed)
            if ERASED in block.commands:
                assert re.findall(r"192[.]0[.]2[.]7.", site.run("sh", "-c", "cat /var/lib/mailwarden/list-*.json")) == ["192.0.2.71"]
                assert len(re.findall("^.*jsonl:0$", printed, re.M)) >= 4 and set(re.findall(":[0-9]+$", printed, re.M)) == {":0"}, printed


@pytest.mark.skipif(book.WHY_NOT is not None, reason=str(book.WHY_NOT))
def test_the_unit_of_the_audit_sends_to_the_outputs_and_has_done_where_there_are_none(site):
    for block in book.blocks("audit.md"):
        site.execute(block.commands)
    sent = site.run("cat", "/var/lib/mailwarden/alerts.log").splitlines()
    assert len(sent) > 3 and {line.split()[1] for line in sent[3:]} == {"finding=audit.not-asked"}
    site.execute("sed -i '/^outputs:/,$d' /etc/mailwarden/mailwarden.yaml")
    assert "no outputs in /etc/mailwarden/mailwarden.yaml, nothing to send" in site.execute("systemctl start mailwarden-audit.service")
    assert site.run("cat", "/var/lib/mailwarden/alerts.log").splitlines() == sent


@pytest.mark.skipif(book.WHY_NOT is not None, reason=str(book.WHY_NOT))
def test_a_bridge_blocks_as_its_page_says(tmp_path):
    site = book.Site(tmp_path)
    try:
        site.bridge()
        if not site.run("sysctl", "-n", BRIDGED, may_fail=True).isdigit():
            pytest.skip("no br_netfilter in this kernel")
        for block in book.blocks("start.md"):  # groups, rows, the matrix; then what is inline
            if block.commands.startswith("cat > ") and "mailwarden.yaml" not in block.commands:
                site.execute(block.commands.replace("mode: audit", "mode: enforce"))
            if "import flows.csv" in block.commands:
                site.execute("install -m 640 -g mailwarden matrix.yaml /etc/mailwarden/matrix.yaml")
        site.execute("ip route add 192.0.2.70 dev br0; ip route add 203.0.113.5 dev br0")
        assert "554 5.7.1" in site.send_mail()
        site.run("sysctl", "-qw", f"{BRIDGED}=0")
        assert '"sent"' in site.send_mail()
    finally:
        site.close()


def test_what_a_page_shows_is_held_against_what_is_printed():
    block = book.Block({"text": "", "why": None})
    printed = "  R37  breached   9   2  M-10 (1)\n192.0.2.70 -> 203.0.113.25:25 at 2026-11-30 11:40:40 UTC, 0.3 s"
    block.shown = ["R37 breached 7 1 M-10 (3)", "192.0.2.70 -> 203.0.113.25:25 at 2027-01-01 00:00:00 UTC, 12.5 s"]
    assert book.missing(block, printed) == []
    block.shown = ["R36 breached 7 1 M-10 (3)", "R37 breached 7 1 M-11 (3)", "192.0.2.71 -> 203.0.113.25:25 at 2026-11-30 11:40:40 UTC, 0.3 s",
                   "192.0.2.70 -> 203.0.113.25:26 at 2026-11-30 11:40:40 UTC, 0.3 s"]
    assert book.missing(block, printed) == block.shown


def anchors(page):
    """Those that a reader of GitHub or GitLab finds: headings in lower case, words joined, signs left out."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).strip().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.M)}


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")) + [ROOT / "README.md"], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    broken = []
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_every_page_stands_in_the_index():
    index = set(LINK.findall((ROOT / "docs/README.md").read_text(encoding="utf-8")))
    pages = {str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/*.md")} - {"README.md"}
    assert pages - index == set()
