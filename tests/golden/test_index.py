"""pcaps/README.md and docs/evasion.md tell of the cases as they are."""

import index
from cases import case_folders


def test_the_index_is_up_to_date():
    assert index.INDEX.read_text(encoding="utf-8") == index.text(), "run make docs"


def test_every_case_is_in_the_index():
    page = index.INDEX.read_text(encoding="utf-8")
    assert [folder.name for folder in case_folders() if f"[{folder.name}]({folder.name}/)" not in page] == []


def test_the_tables_of_tricks_are_up_to_date():
    assert index.TRICKS.read_text(encoding="utf-8") == index.tricks(), "run make docs"


def test_every_case_of_a_finding_about_tricks_is_in_a_table_of_tricks():
    page = index.TRICKS.read_text(encoding="utf-8")
    about = {"evasion.ambiguous", "smtp.smuggling", "tunnel.mail", "sensor.blind"}
    named = [folder.name for folder in case_folders() if about & index.Case(folder).findings]
    assert named and [name for name in named if f"(../pcaps/{name}/)" not in page] == []
