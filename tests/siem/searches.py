"""The saved searches of docs/siem/searches.md, as Splunk and as Kibana and OpenSearch Dashboards import them. Run by
`make docs`: writes both files."""

import json
import pathlib
import re

SIEM = pathlib.Path(__file__).resolve().parents[2] / "docs" / "siem"
SPLUNK = SIEM / "splunk" / "savedsearches.conf"
KIBANA = SIEM / "elastic" / "saved-objects.ndjson"
INDEX = "logs-mailwarden-*"
COLUMNS = ["event.severity", "mail.finding", "source.ip", "mail.group.source", "destination.ip", "destination.port",
           "mail.group.destination", "event.reason"]
# The newest forms that OpenSearch Dashboards knows; Kibana 8 and 9 take them further.
FORMS = {"index-pattern": "7.6.0", "search": "7.9.3", "visualization": "7.10.0", "dashboard": "7.9.3"}
TABLES = [("Findings", ["mail.finding", "event.severity"]), ("Sources", ["source.ip", "mail.group.source"]),
          ("Flows by row", ["mail.matrix.row", "network.protocol"])]


def of_the_page():
    """Of each search: title, what it answers, SPL, KQL."""
    text = (SIEM / "searches.md").read_text(encoding="utf-8")
    form = re.compile(r"## (.+)\n\n(.+)\n\n```spl\n(.+?)\n```\n```kql\n(.+)\n```\n", re.S)
    found = [form.fullmatch(f"## {part.rstrip()}\n").groups() for part in text.split("\n## ")[1:]]
    assert found
    return found


def splunk():
    lines = ["# Written by `make docs` from searches.md."]
    for title, answers, spl, _ in of_the_page():
        lines += ["", f"[mailwarden: {title}]", f"description = {answers}", "search = " + spl.replace("\n", " "),
                  "dispatch.earliest_time = -24h"]
    return "\n".join(lines) + "\n"


def name_of(title):
    return "mailwarden-" + re.sub(r"\W+", "-", title.lower())


def saved(kind, name, attributes, references):
    return {"type": kind, "id": name, "attributes": attributes, "references": references, "migrationVersion": {kind: FORMS[kind]}}


def source(query):
    """What an object searches, and the reference to the index that belongs to it."""
    name = "kibanaSavedObjectMeta.searchSourceJSON.index"
    text = json.dumps({"query": {"query": query, "language": "kuery"}, "filter": [], "indexRefName": name})
    return {"searchSourceJSON": text}, [{"name": name, "type": "index-pattern", "id": "mailwarden"}]


def search(title, answers, query):
    meta, references = source(query)
    return saved("search", name_of(title), {
        "title": f"mailwarden: {title}", "description": answers, "hits": 0, "columns": COLUMNS, "sort": [["@timestamp", "desc"]],
        "version": 1, "kibanaSavedObjectMeta": meta}, references)


def table(title, fields):
    """How many records there are of each value of the fields."""
    meta, references = source("")
    counts = [{"id": "1", "enabled": True, "type": "count", "schema": "metric", "params": {}}]
    counts += [{"id": str(at + 2), "enabled": True, "type": "terms", "schema": "bucket",
                "params": {"field": field, "size": 20, "order": "desc", "orderBy": "1"}} for at, field in enumerate(fields)]
    state = {"title": f"mailwarden: {title}", "type": "table", "params": {"perPage": 10, "showTotal": False}, "aggs": counts}
    return saved("visualization", name_of(title), {
        "title": f"mailwarden: {title}", "description": "", "visState": json.dumps(state), "uiStateJSON": "{}", "version": 1,
        "kibanaSavedObjectMeta": meta}, references)


def dashboard(shown):
    """Two panels in a row."""
    panels, references = [], []
    for at, one in enumerate(shown):
        panels.append({"version": "7.10.2", "panelIndex": str(at), "panelRefName": f"panel_{at}", "embeddableConfig": {},
                       "gridData": {"x": at % 2 * 24, "y": at // 2 * 15, "w": 24, "h": 15, "i": str(at)}})
        references.append({"name": f"panel_{at}", "type": one["type"], "id": one["id"]})
    return saved("dashboard", "mailwarden", {
        "title": "mailwarden", "description": "", "hits": 0, "panelsJSON": json.dumps(panels), "optionsJSON": "{}",
        "timeRestore": True, "timeFrom": "now-24h", "timeTo": "now", "version": 1,
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps({"query": {"query": "", "language": "kuery"}, "filter": []})}},
        references)


def kibana():
    searches = [search(title, answers, kql) for title, answers, _, kql in of_the_page()]
    tables = [table(title, fields) for title, fields in TABLES]
    objects = [saved("index-pattern", "mailwarden", {"title": INDEX, "timeFieldName": "@timestamp"}, []), *searches, *tables,
               dashboard([*tables, searches[0]])]
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)


if __name__ == "__main__":
    SPLUNK.write_text(splunk(), encoding="utf-8")
    KIBANA.write_text(kibana(), encoding="utf-8")
