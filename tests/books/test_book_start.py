"""docs/start.md: an admin's way from a machine with the package to enforcement and back, each command as it stands there."""

import json

import pytest

import book
from sensor import until

PAGE = "start.md"
pytestmark = pytest.mark.skipif(book.WHY_NOT is not None, reason=str(book.WHY_NOT))
GATEWAY = "/var/lib/mailwarden-gateway"


def watched(site, _):
    """The mirror port brings the Monday; it is waited for until it is in the journal and sent out."""
    site.mirror()
    until(lambda: len(site.run("cat", "/var/lib/mailwarden/alerts.log").splitlines()) == 3, "three alerts sent out")


def in_the_path(site, said):
    """A workstation sends past the gateway, and is let by."""
    site.route()
    said["audit"] = site.send_mail()
    until(lambda: "Would have been" in site.run("mailwarden", "status", "--state-dir", GATEWAY), "what would have been blocked")


def enforced(site, said):
    until(lambda: "mode enforce" in site.run("mailwarden", "status", "--state-dir", GATEWAY), "the reload")
    said["enforce"] = site.send_mail()


def backed_out(site, said):
    said["back"] = site.send_mail()


BEHIND = (("enable --now mailwarden\n", watched), ("> /etc/mailwarden/inline-gateway.yaml", in_the_path),
          ("'s/mode: audit/mode: enforce/'", enforced), ("disable --now", backed_out))


def test_an_admin_gets_from_the_package_to_enforcement_and_back_by_the_page_alone(tmp_path):
    site = book.Site(tmp_path)
    said = {}
    try:
        for block in book.blocks(PAGE):
            if block.why_not:
                continue
            printed = site.execute(block.commands)
            assert not book.missing(block, printed), printed
            for words, then in BEHIND:
                if words in block.commands:
                    then(site, said)
    finally:
        site.close()
    assert [json.loads(said[step])["result"] for step in ("audit", "enforce", "back")] == ["sent", "refused", "sent"]
    assert "554 5.7.1" in said["enforce"]


@pytest.mark.parametrize("block", [block for block in book.blocks(PAGE) if block.why_not], ids=lambda block: block.commands.split()[0])
def test_what_is_not_run(block):
    pytest.skip(block.why_not)
