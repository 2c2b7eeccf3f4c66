"""Names that a peer chose to become more than text on a page of ours, in records of mail flows."""

import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
MATRIX = ROOT / "rules/anssi-reference.yaml"
STRANGER = ROOT / "pcaps/smtp-illegitimate-workstation/traffic.pcap"
SERVER = ROOT / "pcaps/imaps-tls12/traffic.pcap"
NAMES = {
    "markup": '<script>alert(1)</script>"\'><svg onload=alert(1)>&lt;</style>{}|`[x](javascript:1)\u202egnp.exe\u0007\x1b[31m',
    "long": "x" * 10000, "bidi": "\u202e" * 300, "lines": "a|b|c\\d|\n# e", "title": "</title><script>",
    "style": "</style><style>*{background:url(//x)}</style>", "comment": "<!--", "svg": "]]></svg><svg/onload=1>",
    "code": "`a` ``b`` : ; %"}


def shown(name):
    """How it begins on a page."""
    return re.split(r"[\\\n]", name.replace("\u202e", "?"))[0][:20]


def records_with(name, alert=False):
    """Of a stranger who calls himself so, and of a client that asks a server of ours for that name."""
    for capture, change in (STRANGER, lambda record: record["mail"].update(helo=name)), (
            SERVER, lambda record: record["tls"].update(sni=name, subject=name, issuerdn=name, subjectaltname=[name])):
        lines = subprocess.run([MAILWARDEN, "replay", capture, "-m", MATRIX, "--json"], text=True, capture_output=True,
                               timeout=60, check=True).stdout.splitlines()
        for record in map(json.loads, lines):
            if record["event_type"] == "mail":
                change(record)
            if record["event_type"] == "mail" or alert and record["event_type"] == "alert":
                record["community_id"] = record["pcap_filename"] = name
                yield record


def flows_with(folder, name):
    """A file of them."""
    folder.mkdir()
    file = folder / "eve.json"
    file.write_text("".join(json.dumps(record) + "\n" for record in records_with(name)), encoding="utf-8")
    return file
