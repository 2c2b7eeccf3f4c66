"""Words that read badly for users whose English is fair: alert, log, report, restart, reopen stand in their place."""

import pathlib
import re

import pytest

from test_options import COMMANDS, completed, help_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = re.compile(r"\b(?:told|anew|tells|telling|by (?:itself|himself|themselves))\b", re.I)
LITERAL = re.compile(r'/\*.*?\*/|//[^\n]*|"((?:\\.|[^"\\])*)"|\'(?:\\.|[^\'\\])*\'', re.S)
FOR_USERS = sorted(str(path.relative_to(ROOT)) for path in [
    *(ROOT / "man").glob("*.[578]"), ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md", *(ROOT / "completions").iterdir(),
    *(ROOT / "docs/schema").iterdir(), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/siem").glob("*.md"), ROOT / "dashboards/prometheus-alerts.yml"])


def test_the_words_are_found():
    assert WORDS.findall("Each is told with its line; it tells by itself, and starts Anew.") == ["told", "tells", "by itself", "Anew"]
    assert not WORDS.findall("too young to tell; told_us; a renewed one")
    assert literals('a("it is " /* told */ "told"); // anew') == ["it is told"]
    assert literals("""x = '"'; y("one", "by");""") == ["one", "by"]
    assert WORDS.search(prose("In `told` it is told.")) and not WORDS.search(prose("In `told` it is.")) and WORDS.search("In `told` it is.")
    assert not prose("| [case](../pcaps/case/) | It is told. |") and prose("| [page](page.md) | It is told. |")


def prose(line):
    """What a line of a page says: no names in `code`, nothing of the tables that come from the READMEs of cases."""
    return "" if "](../pcaps/" in line or line.startswith("<!-- cases:") else re.sub("`[^`]*`", "", line)


def literals(source):
    """The texts of a source: what stands in quotes, neighbours joined; no comment."""
    found, end = [], -1
    for match in LITERAL.finditer(source):
        if match.group(1) is None:
            continue
        is_next = end >= 0 and not re.sub(r"/\*.*?\*/|\s", "", source[end:match.start()], flags=re.S)
        if is_next:
            found[-1] += match.group(1)
        else:
            found.append(match.group(1))
        end = match.end()
    return found


@pytest.mark.parametrize("path", FOR_USERS)
def test_no_text_for_users_has_them(path):
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    assert not [(place, line) for place, line in enumerate(lines, 1) if WORDS.search(prose(line) if path.endswith(".md") else line)]


def test_no_log_line_and_no_message_has_them():
    texts = [(path.name, text) for path in sorted((ROOT / "sensor").rglob("*.[ch]")) for text in literals(path.read_text(encoding="utf-8"))]
    assert len(texts) > 4000
    assert not [(name, text) for name, text in texts if WORDS.search(text)]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_help_and_no_completion_has_them(command):
    assert not WORDS.search(help_of(command)) and not WORDS.search(" ".join(completed(command, "-")))


def test_the_glossary_has_the_french_words_of_the_reports():
    rows = [row.strip("|").split(" | ") for row in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines() if row.startswith("| ")][1:]
    french = {term.strip(): words for english, words, _ in rows for term in re.split(", ", english)}
    pairs = re.findall(r'\{"([^"]+)",\s*"([^"]+)"\}', (ROOT / "sensor/dossier/texts.c").read_text(encoding="utf-8"))
    shared = {english.lower(): words.lower() for english, words in pairs if english.lower() in french}
    assert len(rows) > 60 and len(shared) > 12
    assert not [(english, words) for english, words in shared.items() if words not in french[english].lower()]
