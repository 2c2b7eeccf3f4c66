"""docs/fr/: the pages in French have the commands of those in English, and show the same of what they print."""

import pytest

import book

PAGES = {"fr/auditeur.md": "auditor.md", "fr/demarrer.md": "start.md"}


@pytest.mark.parametrize("french", PAGES)
def test_both_languages_have_the_same_commands(french):
    here, there = book.blocks(french), book.blocks(PAGES[french])
    assert [block.commands for block in here] == [block.commands for block in there] != []
    assert [block.shown for block in here] == [block.shown for block in there]
    assert [bool(block.why_not) for block in here] == [bool(block.why_not) for block in there]
