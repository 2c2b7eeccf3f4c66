"""Saved objects for Kibana and OpenSearch Dashboards: the searches of docs/siem/searches.md and a dashboard, over the form ecs and
over the form eve. Run by `make docs`: writes both files."""

import json
import re

from searches import SIEM, of_the_page, tokens

# The newest forms that OpenSearch Dashboards knows; Kibana 8 and 9 take them further.
FORMS = {"index-pattern": "7.6.0", "search": "7.9.3", "visualization": "7.10.0", "dashboard": "7.9.3"}
# Of each form of a record: the file, what its objects are called, the index, and its name of what the panels show.
ECS = {
    "file": SIEM / "elastic" / "saved-objects.ndjson", "name": "mailwarden", "index": "logs-mailwarden-*", "time": "@timestamp",
    "severity": "event.severity", "finding": "mail.finding", "source": "source.ip", "from": "mail.group.source",
    "destination": "destination.ip", "port": "destination.port", "to": "mail.group.destination", "reason": "event.reason",
    "row": "mail.matrix.row", "protocol": "network.protocol", "verdict": "mail.verdict", "tls": "mail.tls", "until": "tls.server.not_after",
    "flows": "event.dataset: mailwarden.mail", "alerts": "event.dataset: mailwarden.alert",
}
EVE = {
    "file": SIEM / "elastic" / "saved-objects-eve.ndjson", "name": "mailwarden-eve", "index": "mailwarden-eve-*", "time": "timestamp",
    "severity": "alert.severity", "finding": "alert.metadata.finding", "source": "src_ip", "from": "mail.from_group",
    "destination": "dest_ip", "port": "dest_port", "to": "mail.to_group", "reason": "alert.metadata.detail",
    "row": "mail.row", "protocol": "mail.protocol", "verdict": "mail.verdict", "tls": "mail.tls", "until": "tls.notafter",
    "flows": "event_type: mail", "alerts": "event_type: alert",
}
COLUMNS = ["severity", "finding", "source", "from", "destination", "port", "to", "reason"]
TIME, LATEST = "over time", "latest"  # what is no field: the records' time, and the last day of what is shown
# Of each panel: title, how it is drawn, which records ({name}: as the form calls it), by what they are counted; the dashboard's order.
PANELS = [
    ("Flows by verdict", "histogram", "{flows}", [TIME, "verdict"]),
    ("Findings over time", "histogram", "{alerts}", [TIME, "finding"]),
    ("Flows that no row allows, from group to group", "heatmap", "{flows} and {verdict}: illegitimate", ["to", "from"]),
    ("Flows that a row allows, from group to group", "heatmap", "{flows} and {verdict}: legitimate", ["to", "from"]),
    ("Illegitimate senders", "table", "{flows} and {verdict}: illegitimate", ["source", "from", "to", "protocol"]),
    ("TLS by group of the server", "horizontal_bar", "{flows} and not {tls}: unknown", ["to", "tls"]),
    ("Last days of certificates", "table", "{flows} and {until}: *", ["destination", "port", LATEST]),
    ("Flows by row", "table", "{flows} and {verdict}: legitimate", ["row", "protocol"]),
    ("Findings", "table", "{alerts}", ["finding", "severity"]),
]


def kql_of(spl):
    """The words of a Splunk search up to its first pipe, in Kibana's language; the source type goes, it is the index here."""
    said, was_whole = [], False
    for token in tokens(spl.split("|")[0]):
        if isinstance(token, tuple):
            key, sign, value = token
            if key == "sourcetype":
                continue
            word = f"{key.replace('{}', '')}: {value}" if sign == "=" else f"{key} {sign} {value}"
        else:
            word = token
        if was_whole and (isinstance(token, tuple) or token in ("not", "(")):
            said.append("and")
        said.append(word)
        was_whole = isinstance(token, tuple) or token == ")"
    return " ".join(said).replace("( ", "(").replace(" )", ")")


def name_of(form, title):
    return f"{form['name']}-" + re.sub(r"\W+", "-", title.lower())


def saved(kind, name, attributes, references):
    return {"type": kind, "id": name, "attributes": attributes, "references": references, "migrationVersion": {kind: FORMS[kind]}}


def source(form, query):
    """What an object searches, and the reference to the index that belongs to it."""
    name = "kibanaSavedObjectMeta.searchSourceJSON.index"
    text = json.dumps({"query": {"query": query, "language": "kuery"}, "filter": [], "indexRefName": name})
    return {"searchSourceJSON": text}, [{"name": name, "type": "index-pattern", "id": form["name"]}]


def search(form, title, answers, query):
    meta, references = source(form, query)
    return saved("search", name_of(form, title), {
        "title": f"{form['name']}: {title}", "description": answers, "hits": 0, "columns": [form[one] for one in COLUMNS],
        "sort": [[form["time"], "desc"]], "version": 1, "kibanaSavedObjectMeta": meta}, references)


def counted(form, kind, by):
    """The count, and what it is split by: along the axis first, then within; a table has one column for each."""
    aggs = [{"id": "1", "enabled": True, "type": "count", "schema": "metric", "params": {}}]
    for at, one in enumerate(by):
        schema = "bucket" if kind == "table" else "segment" if at == 0 else "group"
        if one == TIME:
            agg, params = "date_histogram", {"field": form["time"], "interval": "auto", "min_doc_count": 1, "extended_bounds": {}}
        elif one == LATEST:
            agg, schema, params = "max", "metric", {"field": form["until"]}
        else:
            agg, params = "terms", {"field": form[one], "size": 20, "order": "desc", "orderBy": "1"}
        aggs.append({"id": str(at + 2), "enabled": True, "type": agg, "schema": schema, "params": params})
    return aggs


def axis(name, kind, position, scale):
    return {"id": name, "type": kind, "position": position, "show": True, "style": {}, "scale": scale,
            "labels": {"show": True, "filter": True, "truncate": 100}, "title": {}}


def drawn(kind):
    """What each kind of picture wants to know beside its data."""
    if kind == "table":
        return {"perPage": 10, "showTotal": False}
    shown = {"type": kind, "addTooltip": True, "addLegend": True, "legendPosition": "right", "times": []}
    if kind == "heatmap":
        return shown | {"enableHover": False, "colorsNumber": 5, "colorSchema": "Blues", "setColorRange": False, "colorsRange": [],
                        "invertColors": False, "percentageMode": False,
                        "valueAxes": [{"id": "ValueAxis-1", "type": "value", "show": False, "scale": {"type": "linear", "defaultYExtents": False},
                                       "labels": {"show": True, "rotate": 0, "overwriteColor": False, "color": "black"}}]}
    lies = kind == "horizontal_bar"
    mode = "percentage" if lies else "normal"
    return shown | {
        "grid": {"categoryLines": False},
        "categoryAxes": [axis("CategoryAxis-1", "category", "left" if lies else "bottom", {"type": "linear"})],
        "valueAxes": [axis("ValueAxis-1", "value", "bottom" if lies else "left", {"type": "linear", "mode": mode}) | {"name": "LeftAxis-1"}],
        "seriesParams": [{"show": True, "type": "histogram", "mode": "stacked", "data": {"label": "Count", "id": "1"}, "valueAxis": "ValueAxis-1"}],
        "addTimeMarker": False, "labels": {"show": False},
        "thresholdLine": {"show": False, "value": 10, "width": 1, "style": "full", "color": "#E7664C"}}


def panel(form, title, kind, query, by):
    meta, references = source(form, query.format(**form))
    state = {"title": f"{form['name']}: {title}", "type": kind, "params": drawn(kind), "aggs": counted(form, kind, by)}
    return saved("visualization", name_of(form, title), {
        "title": f"{form['name']}: {title}", "description": "", "visState": json.dumps(state), "uiStateJSON": "{}", "version": 1,
        "kibanaSavedObjectMeta": meta}, references)


def dashboard(form, shown):
    """Two panels in a row."""
    panels, references = [], []
    for at, one in enumerate(shown):
        panels.append({"version": "7.10.2", "panelIndex": str(at), "panelRefName": f"panel_{at}", "embeddableConfig": {},
                       "gridData": {"x": at % 2 * 24, "y": at // 2 * 15, "w": 24, "h": 15, "i": str(at)}})
        references.append({"name": f"panel_{at}", "type": one["type"], "id": one["id"]})
    return saved("dashboard", form["name"], {
        "title": form["name"], "description": "Who sends mail to whom, what is wrong with it, and what ends.", "hits": 0,
        "panelsJSON": json.dumps(panels), "optionsJSON": "{}", "timeRestore": True, "timeFrom": "now-24h", "timeTo": "now", "version": 1,
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps({"query": {"query": "", "language": "kuery"}, "filter": []})}},
        references)


def objects(form):
    index = saved("index-pattern", form["name"], {"title": form["index"], "timeFieldName": form["time"]}, [])
    searches = [search(form, title, answers, kql if form is ECS else kql_of(spl)) for title, answers, spl, kql in of_the_page()]
    panels = [panel(form, *one) for one in PANELS]
    return [index, *searches, *panels, dashboard(form, [*panels, searches[0]])]


def file_of(form):
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects(form))


if __name__ == "__main__":
    for written in (ECS, EVE):
        written["file"].write_text(file_of(written), encoding="utf-8")
