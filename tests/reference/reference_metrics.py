"""The metrics that the code writes: name, help, type and labels, read from its sources."""

import ast
import pathlib
import re

STATUS = pathlib.Path(__file__).resolve().parents[2] / "sensor/status"
HEAD = re.compile(r'\{\s*"(mailwarden_\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+),\s*"(gauge|counter)"')
TABLE = re.compile(r"static const struct (?:page|process)_metric (\w+)\[\] = \{(.*?)\n\};", re.DOTALL)
PLACES = re.compile(r'const struct places (\w+) = \{[^}]*?"(\w+)", (?:"(\w+)"|NULL), now_us\}', re.DOTALL)
WRITTEN = re.compile(r"WRITE_TABLE\(out, page, &(\w+), (\w+)\)")
LABEL = re.compile(r"""metrics_(?:label|word)\(\s*out, '[{,]', "(\w+)\"""")
NEXT = re.compile(r'metrics_next_ending\(\s*out, &(\w+), "(\w+)"')
FUNCTION = re.compile(r"^static void \w+\(.*?^\}", re.DOTALL | re.MULTILINE)


def said(literals):
    return "".join(ast.literal_eval(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', literals))


def of_tables(source):
    labels = {name: [one for one in (label, more) if one] for name, label, more in PLACES.findall(source)}
    of_table = {table: labels[places] for places, table in WRITTEN.findall(source)}
    for table, body in TABLE.findall(source):
        for name, text, kind in HEAD.findall(body):
            yield name, kind, of_table.get(table, []), said(text)


def of_function(body, rows):
    """Its own heads, with the labels that it writes, or has another one write."""
    for found in HEAD.finditer(body):
        head = re.search(r"metric_head (\w+) =\s*$", body[:found.start()])
        following = [label for name, label in NEXT.findall(body) if name == head[1]]
        written = LABEL.findall(body) or next((LABEL.findall(row) for name, row in rows.items() if f"{name}(" in body), [])
        yield found[1], found[3], following or list(dict.fromkeys(written)), said(found[2])


def metrics():
    """Of each, in the order of its source: name, type, labels, help."""
    found = []
    for name in ("metrics_text.c", "metrics_mail.c"):
        source = (STATUS / name).read_text(encoding="utf-8")
        bodies = FUNCTION.findall(source)
        rows = {re.match(r"static void (\w+)", body)[1]: body for body in bodies if not HEAD.search(body) and LABEL.search(body)}
        found += of_tables(source)
        for body in bodies:
            found += of_function(body, rows)
    return found
