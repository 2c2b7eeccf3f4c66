"""pcaps/README.md tells of the cases as they are."""

import index
from cases import case_folders


def test_the_index_is_up_to_date():
    assert index.INDEX.read_text(encoding="utf-8") == index.text(), "run make docs"


def test_every_case_is_in_the_index():
    page = index.INDEX.read_text(encoding="utf-8")
    assert [folder.name for folder in case_folders() if f"[{folder.name}]({folder.name}/)" not in page] == []
