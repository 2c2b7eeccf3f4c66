"""docs/auditor.md: from a capture to a report in French, each command as it stands there."""

import pytest

import book

pytestmark = pytest.mark.skipif(book.WHY_NOT is not None, reason=str(book.WHY_NOT))


def test_an_auditor_gets_from_a_capture_to_a_report_by_the_page_alone(tmp_path):
    site = book.Site(tmp_path)
    try:
        site.put("audit.pcap", book.monday())
        site.put("later.pcap", book.monday(book.MONDAY[:-2]))
        for block in book.blocks("auditor.md"):
            if block.why_not:
                continue
            printed = site.execute(block.commands)
            assert not book.missing(block, printed), printed
        page = site.run("cat", "/root/books/rapport.html")
    finally:
        site.close()
    assert '<html lang="fr"' in page and "A. Auditrice" in page and "non conforme" in page and "mailwarden" in page
