"""The saved objects of docs/siem/elastic, over both forms of a record: every field and query on all golden records."""

import ipaddress
import json
import re

import pytest

import kibana
import searches
from boolean_search import Search
from receivers import SIEM, leaves, paths, records, values

FORMS = {"ecs": kibana.ECS, "eve": kibana.EVE}
TEMPLATES = {"ecs": "index-template.json", "eve": "index-template-eve.json"}
each_form = pytest.mark.parametrize("form", sorted(FORMS))
# The date formats of the template over form eve, as what they take.
DATES = {"uuuu-MM-dd'T'HH:mm:ss.SSSSSSZ": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}",
         "uuuu-MM-dd'T'HH:mm:ss": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}


def in_file(form, kind):
    found = [json.loads(line) for line in FORMS[form]["file"].read_text(encoding="utf-8").splitlines()]
    return [one for one in found if one["type"] == kind]


def query_of(one):
    return json.loads(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"]["query"]


def fields_of(one):
    state = json.loads(one["attributes"].get("visState", '{"aggs": []}'))
    return [count["params"]["field"] for count in state["aggs"] if count["type"] != "count"] + one["attributes"].get("columns", [])


def mapped(form, path):
    """Type and format that the index has for it; a string that nobody named is a keyword."""
    here = json.loads((SIEM / "elastic" / TEMPLATES[form]).read_text())["template"]["mappings"]
    for key in path.split("."):
        here = here.get("properties", {}).get(key, {})
        if here.get("enabled") is False:
            return None, None
    return here.get("type", "dynamic"), here.get("format")


@each_form
def test_the_file_is_what_is_made_of_the_page(form):
    assert FORMS[form]["file"].read_text(encoding="utf-8") == kibana.file_of(FORMS[form]), "make docs"


@each_form
def test_objects_refer_to_each_other_and_hold_together(form):
    objects = [json.loads(line) for line in FORMS[form]["file"].read_text(encoding="utf-8").splitlines()]
    known = {(one["type"], one["id"]) for one in objects}
    assert len(known) == len(objects)
    for one in objects:
        assert {(reference["type"], reference["id"]) for reference in one["references"]} <= known
        for text in [value for key, value in one["attributes"].items() if key.endswith(("JSON", "State"))]:
            json.loads(text)
    panels = json.loads(objects[-1]["attributes"]["panelsJSON"])
    assert [panel["panelRefName"] for panel in panels] == [reference["name"] for reference in objects[-1]["references"]]
    assert len(panels) == len(kibana.PANELS) + 1


def test_no_object_of_one_form_takes_the_place_of_one_of_the_other():
    ids = [{(one["type"], one["id"]) for kind in kibana.FORMS for one in in_file(form, kind)} for form in FORMS]
    assert not ids[0] & ids[1] and len(ids[0]) == len(ids[1])


@each_form
def test_every_field_named_is_one_that_records_have_and_can_be_counted_by(form):
    objects = in_file(form, "search") + in_file(form, "visualization")
    for one in objects:
        named = set(fields_of(one))
        assert named and named | Search(query_of(one)).keys <= paths(form)
        assert not [field for field in named if mapped(form, field)[0] in (None, "text")] or one["type"] == "search"
    assert in_file(form, "index-pattern")[0]["attributes"]["timeFieldName"] in paths(form)


@each_form
def test_every_panel_finds_records_not_all_of_them_and_what_it_counts_by(form):
    for one in in_file(form, "visualization"):
        search = Search(query_of(one))
        found = [record for record in records(form) if search.finds(record)]
        assert 0 < len(found) < len(records(form)), query_of(one)
        for field in fields_of(one):
            assert any(value is not None for record in found for value in values(record, field)), (query_of(one), field)


@pytest.mark.parametrize("found", searches.of_the_page(), ids=[title for title, *_ in searches.of_the_page()])
def test_a_search_over_the_form_eve_finds_what_splunk_finds(found):
    _, _, spl, _ = found
    by_splunk, by_kibana = Search(spl), Search(kibana.kql_of(spl))
    assert by_kibana.keys == {key.replace("{}", "") for key in by_splunk.keys} - {"sourcetype"}
    assert [by_kibana.finds(record) for record in records("eve")] == \
        [by_splunk.finds(record | {"sourcetype": "mailwarden:eve"}) for record in records("eve")]


@pytest.mark.parametrize("spl, kql", [
    ('sourcetype="x" a=1 b=2 OR c=3', "a: 1 and b: 2 or c: 3"),
    ("a=1 NOT b=2", "a: 1 and not b: 2"),
    ("(a=1 OR b{}.c=x*) d<=2 | stats count", "(a: 1 or b.c: x*) and d <= 2"),
    ("NOT (a=1 b=2)", "not (a: 1 and b: 2)"),
])
def test_words_of_splunk_become_words_of_kibana(spl, kql):
    assert kibana.kql_of(spl) == kql


def test_both_forms_count_the_same_flows_and_alerts():
    """Panel by panel: the same number of records, since both are forms of the same."""
    counts = [[sum(map(Search(query_of(one)).finds, records(form))) for one in in_file(form, "visualization")] for form in ("ecs", "eve")]
    assert counts[0] == counts[1]


def test_the_index_of_the_form_eve_takes_every_value_of_every_record():
    kinds = {}
    for record in records("eve"):
        for path, value in leaves(record):
            kind, format_ = mapped("eve", path)
            if kind == "ip":
                ipaddress.ip_address(value)
            elif kind == "date":
                assert re.fullmatch(DATES[format_], value), (path, value)
            elif kind == "long":
                assert isinstance(value, int) and not isinstance(value, bool), (path, value)
            elif kind == "dynamic":
                kinds.setdefault(path, set()).add(type(value).__name__)
    assert {path: found for path, found in kinds.items() if len(found) > 1} == {}
