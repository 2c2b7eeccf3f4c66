"""The saved searches of docs/siem/searches.md, as Splunk imports them (as Kibana does: kibana.py). Run by `make docs`: writes the
file."""

import pathlib
import re

SIEM = pathlib.Path(__file__).resolve().parents[2] / "docs" / "siem"
SPLUNK = SIEM / "splunk" / "savedsearches.conf"
TOKEN = re.compile(r'\s*(?:([()])|(AND|OR|NOT|and|or|not)\b|([\w.@{}]+)\s*(=|:|<=|>=)\s*("[^"]*"|[^\s()]+))')


def of_the_page():
    """Of each search: title, what it answers, SPL, KQL."""
    text = (SIEM / "searches.md").read_text(encoding="utf-8")
    form = re.compile(r"## (.+)\n\n(.+)\n\n```spl\n(.+?)\n```\n```kql\n(.+)\n```\n", re.S)
    found = [form.fullmatch(f"## {part.rstrip()}\n").groups() for part in text.split("\n## ")[1:]]
    assert found
    return found


def tokens(text):
    """Of a search up to its first pipe: brackets, words that join, and terms as (key, sign, value)."""
    at, found = 0, []
    while at < len(text.rstrip()):
        token = TOKEN.match(text, at)
        if not token:
            raise ValueError(f"not understood: {text[at:]}")
        at = token.end()
        found.append(token[1] or (token[2].lower() if token[2] else token.groups()[2:]))
    return found


def splunk():
    lines = ["# Written by `make docs` from searches.md."]
    for title, answers, spl, _ in of_the_page():
        lines += ["", f"[mailwarden: {title}]", f"description = {answers}", "search = " + spl.replace("\n", " "),
                  "dispatch.earliest_time = -24h"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    SPLUNK.write_text(splunk(), encoding="utf-8")
