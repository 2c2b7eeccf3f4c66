"""docs/siem/searches.md: each search finds what it says, the same in both languages; Splunk's file is written from it."""

import configparser
import json
import re
import subprocess

import pytest

import searches
from boolean_search import Search
from receivers import paths, records
from sensor import MAILWARDEN

PAGE = searches.of_the_page()
each_search = pytest.mark.parametrize("found", PAGE, ids=[title for title, *_ in PAGE])


@each_search
def test_both_languages_find_the_same_and_not_everything(found):
    _, _, spl, kql = found
    by_splunk, by_kibana = Search(spl), Search(kql)
    splunk = [by_splunk.finds(record | {"sourcetype": "mailwarden:eve"}) for record in records("eve")]
    assert splunk == [by_kibana.finds(record) for record in records("ecs")]
    assert 0 < sum(splunk) < len(splunk)


@each_search
def test_every_field_is_one_that_records_have(found):
    _, _, spl, kql = found
    behind = spl.split("|", 1)[1]
    named = set(re.findall(r"\b[a-z_]+(?:\.[a-z_{}]+)+", behind)) | set(re.findall(r"\b(?:src|dest)_\w+", behind))
    named |= Search(spl).keys - {"sourcetype"}
    assert {name.replace("{}", "") for name in named} <= paths("eve")
    assert Search(kql).keys <= paths("ecs")


def test_every_finding_named_is_in_the_catalogue():
    catalogue = subprocess.run([MAILWARDEN, "catalogue", "--json"], capture_output=True, timeout=10, check=True).stdout
    known = {row["id"] for row in json.loads(catalogue)}
    for _, _, spl, kql in PAGE:
        for text, sign in ((spl, "="), (kql, ": ")):
            for name in re.findall(rf"finding{sign}([\w.*-]+)", text):
                assert any(re.fullmatch(name.replace(".", r"\.").replace("*", ".*"), one) for one in known), name


def test_a_search_for_a_finding_asks_for_what_is_told_by_another():
    for _, _, spl, kql in PAGE:
        for text, first, other in ((spl, r"metadata\.finding=", r"also\{\}\.finding="), (kql, r"mail\.finding: ", r"also\.finding: ")):
            asked = [set(re.findall(rf"{key}(?!sensor)([\w.*-]+)", text)) for key in (first, other)]
            assert asked[0] == asked[1]


def test_the_file_is_that_of_the_page():
    assert searches.SPLUNK.read_text(encoding="utf-8") == searches.splunk(), "make docs"


def test_splunk_has_each_search_in_one_line():
    found = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",))
    found.read_string(searches.SPLUNK.read_text(encoding="utf-8"))
    assert [found[f"mailwarden: {title}"]["search"] for title, *_ in PAGE] == [spl.replace("\n", " ") for _, _, spl, _ in PAGE]
