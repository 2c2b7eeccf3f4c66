"""What the pages say is so: links, numbers beside their `#define`, tables beside what the program does."""

import functools
import json
import re
import subprocess

import pytest

import reference
from cases import PCAPS, findings_of
from claims import answer, commands, options
from reference_fields import ROOT
from reference_metrics import metrics

PAGES = [path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "rules/README.md", ROOT / "tests/README.md",
                           ROOT / "bench/README.md")]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
ABOVE = re.compile(r"\*([A-Z][^*\n]+)\* (?:above|below)")


@functools.cache
def page(path):
    return path.read_text(encoding="utf-8")


def headings(text):
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def dead(path, text):
    """Links and mentions of sections that lead nowhere."""
    for name, place in LINK.findall(text):
        target = path.parent / name if name else path
        if not target.exists():
            yield name
        elif place and target.suffix == ".md" and place not in map(anchor, headings(page(target) if name else text)):
            yield f"{name}#{place}"
    yield from (f"*{title}*" for title in ABOVE.findall(text) if not any(heading.startswith(title) for heading in headings(text)))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_every_section_that_is_spoken_of_is_there(path):
    assert list(dead(path, page(path))) == []


def test_a_dead_link_is_found():
    text = "# One\n[a](nowhere.md) [b](#two) [c](#one) *One* above, *Two* below"
    assert list(dead(ROOT / "README.md", text)) == ["nowhere.md", "#two", "*Two*"]


def test_files_that_the_code_page_speaks_of_are_there():
    named = set(re.findall(r"`((?:[a-z]+)/[a-z_]+\.[ch])`", page(ROOT / "docs/code.md")))
    assert len(named) > 30 and [name for name in sorted(named) if not (ROOT / "sensor" / name).exists()] == []


CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?:^ *(?:\$ |sudo )?|`|[|;(&] *)(?:\./)?mailwarden ([a-z]+)\b([^`\n|;#&]*)", re.MULTILINE)


@functools.cache
def options_of(command):
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", answer(command, "--help")))


def wrong_calls(text):
    """Commands and options that the program has not."""
    for command, rest in (call for code in CODE.findall(text) for call in CALL.findall(code)):
        if command not in commands() and command not in ("help", "complete"):
            yield command
        else:
            yield from (f"{command} {option}" for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest) if option not in options_of(command))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_page_shows_is_one_with_these_options(path):
    assert [wrong for wrong in wrong_calls(page(path))] == []


def test_a_wrong_command_is_found():
    text = "`mailwarden chek m.yaml`\n    sudo mailwarden replay - -m x --jsn\n$ mailwarden run -i eth0 | mailwarden grid --json"
    assert list(wrong_calls(text)) == ["chek", "replay --jsn"]
    assert len([one for path in PAGES for code in CODE.findall(page(path)) for one in CALL.findall(code)]) > 60


WORDS = {"four": 4}
# of each: the page, what it says there, and the file and names whose values these are
NUMBERS = [
    ("README.md", r"mail flows the first (\w+) are asked about, then one in (\d+)", "engine/private.h", ["OPINIONS_ASKED_FIRST", "OPINIONS_ASKED_EVERY"]),
    ("docs/deploy.md", r"There is room for (?:at most )?(\d+) bans", "status/bans.h", ["BANS_PLACES"]),
    ("docs/outputs.md", r"has room\s+for (\d+) groups and zones and ([\d,]+) cells", "status/cells.h", ["CELLS_ENDS", "CELLS_MAX"]),
    ("docs/outputs.md", r"worker remembers (\d+) alerts whose repeats", "engine/alerts.c", ["FOLD_KEYS"]),
    ("docs/policy.md", r"It remembers (\d+) relays and the last (\d+) messages that each was given, and (\d+) servers of a sender",
     "judge/structure.h", ["STRUCTURE_RELAYS", "STRUCTURE_GIFTS", "STRUCTURE_REACHED"]),
    ("docs/policy.md", r"knows up to (\d+) servers", "engine/engine.c", ["STRUCTURE_HOSTS"]),
    ("docs/policy.md", r"The past of (\d+) servers", "engine/engine.h", ["ENGINE_LEDGER_SERVERS"]),
    ("docs/deploy.md", r"group: (\d+) \+ the queue's number", "control/gate.h", ["GATE_LOG_GROUP"]),
]


def test_forms_of_files_are_those_of_the_code():
    texts = dict(re.findall(r'^#define (\w+_FIRST_LINE\w*)\s+"(mailwarden-\w+ \d)\\n"', page(ROOT / "sensor/observed/observed_file.h"), re.MULTILINE))
    row = re.search(r"^\| `observed` \| begins with `(.+?)`; (\d) is read, too \|", page(ROOT / "docs/upgrade.md"), re.MULTILINE)
    assert texts == {"OBSERVED_FILE_FIRST_LINE": row[1], "OBSERVED_FILE_FIRST_LINE_1": f"mailwarden-observed {row[2]}"}


def french(path):
    """The words of a table of words: English, French."""
    rows = [row.strip("|").split(" | ") for row in page(path).splitlines() if row.startswith("| ") and row.count(" | ") == 2][1:]
    for english, words, _ in rows:
        english, words = (re.sub(r" \([^)]*\)", "", one.strip()).split(", ") for one in (english, words))
        yield from zip(english, words if len(words) == len(english) else [", ".join(words)] * len(english))


def test_the_page_in_french_has_the_words_of_the_glossary():
    glossary, here = dict(french(ROOT / "docs/glossary.md")), dict(french(ROOT / "docs/fr/LISEZMOI.md"))
    shared = {word: (here[word], glossary[word]) for word in here if word in glossary}
    assert len(shared) > 20 and {"inline", "enforce", "finding", "breach"} <= set(shared)
    assert [(word, *both) for word, both in shared.items() if both[0] != both[1]] == []


def value(file, name):
    found = re.search(rf"^#define {name}\b(?:\(\w+\))?\s+(.*?)(?:/\*.*)?$", (ROOT / "sensor" / file).read_text(encoding="utf-8"), re.MULTILINE)
    return int(re.search(r"\b(0x[0-9a-f]+|\d+)\b", found[1].replace("uint16_t", ""))[1], 0)


@pytest.mark.parametrize("name, said, file, constants", NUMBERS, ids=lambda one: one[0] if isinstance(one, list) else "")
def test_a_number_is_that_of_the_code(name, said, file, constants):
    found = re.search(said, page(ROOT / name))
    assert found, f"{name} says nothing like {said}"
    assert [WORDS.get(one) or int(one.replace(",", "")) for one in found.groups()] == [value(file, constant) for constant in constants]


def test_the_marks_are_those_of_the_gate():
    marks = {name: value("control/gate.h", f"GATE_MARK_{name}") for name in ("PASSED", "INJECTED", "ENDED", "TOLD", "SILENT", "OPENED", "COPIED")}
    text = page(ROOT / "docs/deploy.md")
    assert [name for name, mark in marks.items() if not re.search(rf"\b{mark:#x}\b", text)] == []
    example = re.search(r"of queue (\d+) that goes on as copies has the mark (0x\w+)", text)
    assert int(example[2], 16) == marks["COPIED"] | int(example[1]) << 20


def test_own_ports_are_those_of_the_code():
    source = page(ROOT / "sensor/classify/protocol.c").split("ROWS[PROTOCOL_COUNT]")[1].split("\n};")[0]
    rows = re.findall(r'\.name = "([\w-]+)",((?:(?!\.name).)*)', source, re.DOTALL)
    mail = {name: re.findall(r"\d+", (re.search(r"\.ports = \{([\d, ]+)\}", more) or [""])[0]) or ["any"] for name, more in rows if ".is_mail" in more}
    table = page(ROOT / "docs/policy.md").split("| protocols | ports |\n|---|---|\n")[1].split("\n\n")[0]
    told = {name: ports.split(", ") for names, ports in re.findall(r"^\| (.*) \| (.*) \|$", table, re.MULTILINE) for name in re.findall(r"`([^`]+)`", names)}
    assert mail.pop("attempt") == ["any"] and told == mail


def test_health_is_told_as_its_metric_has_it():
    row = re.search(r"^\| `/healthz` \| 200 while (.*); else 503 and why \|$", page(ROOT / "docs/outputs.md"), re.MULTILINE)
    assert next(text for name, _, _, text in metrics() if name == "mailwarden_healthy") == f"1: {row[1]}."


def test_columns_of_status_are_those_that_it_prints():
    source = (ROOT / "sensor/commands/status.c").read_text(encoding="utf-8")
    heads = [head for names in re.findall(r'printf\("(?:\\n)?%-\d+s[^;]*?\\n",\s*("process"[^;]*|"output"[^;]*)\)', source)
             for head in re.findall(r'"([^"]+)"', names)]
    table = page(ROOT / "docs/troubleshooting.md").split("| column or line | means |")[1].split("\n\n")[0]
    named = {word for line in table.splitlines() for word in re.findall(r"`([^`]+)`", line.split("|")[1] if "|" in line else "")}
    assert len(heads) == 17 and set(heads) - named == {"process", "output"}


def test_the_reference_matrix_uses_the_roles_that_its_page_says():
    roles = set(re.findall(r'\{"(\w+)", MATRIX_ROLE_', (ROOT / "sensor/matrix/words.c").read_text(encoding="utf-8")))
    used = set(re.findall(r"role: (\w+)", page(ROOT / "rules/anssi-reference.yaml")))
    assert len(roles) > 8 and roles - used == set(re.findall(r"every role but `(\w+)`", page(ROOT / "rules/README.md")))


def jumps(*options_of_export):
    text = answer("export", "--inline", *options_of_export)
    return set(re.findall(r"^-A (INPUT|OUTPUT|FORWARD) -j", text, re.MULTILINE)) | set(re.findall(r"hook (input|output|forward) ", text))


def test_traffic_of_the_host_itself_is_queued_with_local_alone():
    assert (jumps("--to", "iptables"), jumps("--to", "nftables")) == ({"FORWARD"}, {"forward"})
    assert jumps("--to", "iptables", "--local") == {"FORWARD", "INPUT", "OUTPUT"} and jumps("--to", "nftables", "--local") == {"forward", "input", "output"}
    assert "are not in it. With `--local` they are" in page(ROOT / "docs/deploy.md").replace("\n", " ")


UNUSED = "tls.starttls-unused"


def found_with(case, tls, folder):
    """What a case raises where the row of its flow has this condition."""
    matrix = page(PCAPS / case / "matrix.yaml")
    row = {"smtp-starttls-unused": "M-02", "smtp-starttls-unused-to-the-internet": "M-04"}[case]
    (folder / "matrix.yaml").write_text(re.sub(rf"(id: {row}, .*tls: )\w+", rf"\g<1>{tls}", matrix), encoding="utf-8")
    answer = subprocess.run([reference.program(), "replay", str(PCAPS / case / "traffic.pcap"), "-m", str(folder / "matrix.yaml"), "--json"],
                            capture_output=True, text=True, check=True, timeout=20)
    return {one for record in map(json.loads, answer.stdout.splitlines()) if record["event_type"] == "alert" for one in findings_of(record)}


@pytest.mark.parametrize("tls, unused", re.findall(r"^\| `(starttls|offered|optional)`.*?\| (?:yes|no) \| (yes|no)", page(ROOT / "docs/policy.md")
                                                   .replace("`required`, ", ""), re.MULTILINE))
def test_starttls_left_unused_is_raised_as_the_table_says(tls, unused, tmp_path):
    assert (UNUSED in found_with("smtp-starttls-unused", tls, tmp_path)) == (unused == "yes")
    assert UNUSED in found_with("smtp-starttls-unused-to-the-internet", tls, tmp_path)


def is_known(name, folder):
    (folder / "settings.yaml").write_text(f"{name}: 1\n", encoding="utf-8")
    answer = subprocess.run([reference.program(), "check", "--config", str(folder / "settings.yaml")], capture_output=True, text=True, check=False,
                            timeout=20)
    return "unknown setting" not in answer.stderr


def test_an_option_of_run_is_a_key_where_it_takes_a_value_and_is_not_config(tmp_path):
    text = answer("run", "--help")
    names = [name.removeprefix("run --") for name in options() if name.startswith("run --")]
    with_value = {name for name in names if re.search(rf"--{name} (?=\S)(?!  )[\[A-Za-z]", text)}
    assert len(with_value) > 30 and {name for name in names if is_known(name, tmp_path)} == with_value - {"config"}


@pytest.mark.parametrize("profile, code", [("anssi", 0), ("rfc8314", 2)])
def test_files_of_a_matrix_have_one_profile(profile, code, tmp_path):
    (tmp_path / "more.yaml").write_text(f"schema: 1\nprofile: {profile}\n", encoding="utf-8")
    words = [reference.program(), "check", "--quiet", str(ROOT / "rules/anssi-reference.yaml"), str(tmp_path / "more.yaml")]
    answer = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    assert answer.returncode == code and ("differs from" in answer.stderr) == (code == 2)
