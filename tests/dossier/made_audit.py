"""Records as audits write them, of every check that docs/audit.md has."""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = {"timestamp": "2026-11-24T06:00:00.000000+0000", "event_id": "made-1", "event_type": "stats", "host": "north.example.org",
        "stats": {"audit": {"yes": 1, "no": 1, "unknown": 1}}, "sensor": {"process": "audit"}}
STATES = [("yes", None), ("no", "high"), ("no", "low"), ("no", None), ("unknown", None)]


def checks():
    rows = re.findall(r"^\| (`[a-z]+\.[^|]+) \|", (ROOT / "docs/audit.md").read_text(encoding="utf-8"), re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([a-z]+\.[a-z0-9.-]+)`", row)]


def record(subject, kind, answers):
    return json.dumps({**HEAD, "audit": {"subject": subject, "kind": kind, "whole": True, "answers": answers}}, separators=(",", ":"))


def lines(why="203.0.113.9, by include:_spf.example.net > ip4:203.0.113.0/24: published and not declared", name="example.org"):
    """Each check in each state that it may have."""
    made = []
    for place, (state, severity) in enumerate(STATES):
        for kind, subject in ("domain", f"{place}.{name}"), ("server", f"192.0.2.{place}:25 smtp, RSA"):
            those = [check for check in checks() if check.startswith("server.") == (kind == "server")]
            made.append(record(subject, kind, [{"check": check, "question": f"asked of {check}", "answer": state, "severity": severity,
                                                "why": why} for check in those]))
    return "\n".join(made) + "\n"
