#!/usr/bin/python3
"""Write pcaps/README.md anew: every case by what is found in it and by the protocols it speaks; and the tables
of docs/evasion.md, each below a comment that lists its cases: `cases: NAME... nearly: NAME...`."""

import re
import sys

from cases import PCAPS, ROOT, case_folders, findings_of, promise_of, records

INDEX = PCAPS / "README.md"
TRICKS = ROOT / "docs" / "evasion.md"
TABLE_OF_TRICKS = re.compile(r"(<!-- cases: ([^>]*?) ?nearly: ?([^>]*?) ?-->\n).*?(<!-- end -->\n)", re.DOTALL)
HEAD = """# The bundled captures

Each folder is one case: a capture, the matrix it is judged by, what is expected of it and a README that says what it shows.

    cd pcaps/smtp-auth-plain-clear
    mailwarden replay traffic.pcap -m matrix.yaml

All addresses, names and passwords are made up for documentation; `tests/README.md` says how a case is added, and
`tests/record` records them. This page is written by `make docs`.
"""


def shown_by(folder):
    """The README's paragraph below its title, on one line."""
    paragraphs = (folder / "README.md").read_text(encoding="utf-8").split("\n\n")
    return " ".join(paragraphs[1].split()).replace("|", "\\|")


def link(name):
    return f"[{name}]({name}/)"


class Case:
    """What the index says of one folder."""

    def __init__(self, folder):
        found = records((folder / "expected.jsonl").read_bytes())
        self.name, self.shows = folder.name, shown_by(folder)
        self.findings = {finding for record in found if "alert" in record for finding in findings_of(record)}
        self.absent = promise_of(folder).absent
        self.protocols = {record["mail"]["protocol"] for record in found if record["event_type"] == "mail"}


def table(title, cases, words_of, below=lambda word: ()):
    """One row a case under each of its words; the word stands in the first of them."""
    lines = [f"| {title} | case | shows |", "|---|---|---|"]
    for word in sorted(set().union(*map(words_of, cases))):
        rows = [f"{link(case.name)} | {case.shows}" for case in cases if word in words_of(case)]
        rows += below(word)
        lines += [f"| {f'`{word}`' if index == 0 else ''} | {row} |" for index, row in enumerate(rows)]
    return lines


def text():
    cases = [Case(folder) for folder in case_folders() if (folder / "expected.jsonl").exists()]
    quiet = [case for case in cases if not case.protocols]

    def near_misses(finding):
        names = [link(case.name) for case in cases if finding in case.absent]
        return [f"*nearly, and not* | {', '.join(names)}"] if names else []
    return "\n".join([
        HEAD, "## By finding", "", *table("finding", cases, lambda case: case.findings, near_misses), "",
        "## By protocol", "", *table("protocol", cases, lambda case: case.protocols), "",
        "No flow of mail is in these:", "", *(f"- {link(case.name)}: {case.shows}" for case in quiet)]) + "\n"


def trick_row(name, word):
    case = Case(PCAPS / name)
    said = ", ".join(f"`{finding}`" for finding in sorted(case.findings)) or "nothing"
    return f"| {word}[{name}](../pcaps/{name}/) | {case.shows} | {said} |"


def tricks():
    """docs/evasion.md with its tables as the cases are now."""
    def filled(place):
        rows = [trick_row(name, "") for name in place[2].split()]
        rows += [trick_row(name, "*nearly:* ") for name in place[3].split()]
        return "\n".join([place[1] + "| case | what is done | said |", "|---|---|---|", *rows, place[4]])
    return TABLE_OF_TRICKS.sub(filled, TRICKS.read_text(encoding="utf-8"))


def write():
    INDEX.write_text(text(), encoding="utf-8")
    TRICKS.write_text(tricks(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(write())
