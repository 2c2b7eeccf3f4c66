"""What the documents say that a source or a run holds: of each kind the names that there are, and which of them no page has; examples of settings."""

import dataclasses
import functools
import re
import subprocess

import reference
from reference_fields import ROOT
from reference_log import causes, lines
from reference_metrics import metrics

MANUALS = sorted((ROOT / "man").glob("mailwarden*.[578]"))
MATRIX_KEYS = re.compile(r'^\t\{"(\w+)", (?:true|false), ', re.MULTILINE)
SECTION_KEYS = re.compile(r'\{\.name = "(\w+)"')
HEADS = re.compile(r"^\.(?:It|BR?|Cm) (.*)$", re.MULTILINE)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
SETTINGS = ("journal:", "outputs:", "metrics:", "page:", "interface:", "matrix:", "mode:", "workers:")


@dataclasses.dataclass(frozen=True)
class Claim:
    kind: str
    name: str
    has_text: bool


@functools.cache
def manual(name=""):
    return "\n".join(page.read_text(encoding="utf-8") for page in MANUALS if page.name.startswith(name or "mailwarden"))


def heads(name):
    """Words of what the lists of a manual are about."""
    return set(re.findall(r"[\w-]+", " ".join(HEADS.findall(manual(name)))))


@functools.cache
def answer(*words):
    return subprocess.run([reference.program(), *words], capture_output=True, text=True, check=True, timeout=20).stdout


def commands():
    return re.findall(r"^  (\S+)", answer("--help").split("\nCommands:\n")[1].split("\n\n")[0], re.MULTILINE)


def options():
    for command in commands():
        for name in re.findall(r"^ {2,6}(?:-\w, )?--([a-z-]+)", answer(command, "--help"), re.MULTILINE):
            yield f"{command} --{name}"


def settings_keys():
    yield from re.findall(r"^    (\w+?)(?:_file)?(?:,| |$)", answer("ship", "--list"), re.MULTILINE)
    yield from SECTION_KEYS.findall((ROOT / "sensor/control/settings_file.c").read_text(encoding="utf-8"))


def matrix_keys():
    for path in sorted((ROOT / "sensor/matrix").glob("load*.c")):
        yield from MATRIX_KEYS.findall(path.read_text(encoding="utf-8"))


def fields():
    for name in ("eve", "status"):
        tops = reference.kinds().values() if name == "eve" else [reference.schema(name)]
        for one in (one for top in tops for one in reference.reader(name).fields(top)):
            yield Claim("fields", f"{name} {one.path}", bool(one.text))


def generated():
    """With a text that its source has; the pages are those sources."""
    yield from fields()
    stats = reference.schema("eve")["$defs"]["stats_event"]["properties"]["stats"]
    yield from (Claim("counters", name, bool(text)) for name, text in reference.leaves(stats))
    yield from (Claim("metrics", name, bool(text)) for name, _, _, text in metrics())
    yield from (Claim("findings", row["id"], all(row[key] for key in ("meaning", "action", "false_positives"))) for row in reference.catalogue())
    yield from (Claim("log lines", line.text, line.text in causes()) for line in lines())


def named():
    """Of the program as it is, in a page by that name."""
    flags = set(re.findall(r"(?:\bFl|,) -([a-z-]+)", manual()))
    yield from (Claim("commands", name, bool(re.search(rf"^\.(?:It )?Cm {name}\b|^\.Nm mailwarden-{name}$", manual(), re.MULTILINE))) for name in commands())
    yield from (Claim("options", name, name.split("--")[1] in flags | {"help"}) for name in options())
    yield from (Claim("keys of settings", name, name in heads("mailwarden.yaml")) for name in settings_keys())
    yield from (Claim("keys of the matrix", name, name in heads("mailwarden-matrix")) for name in matrix_keys())


def examples():
    """Of every page: page and settings that it shows. A key that stands twice shows another way."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for block in YAML.findall(path.read_text(encoding="utf-8")):
            whole = [part for part in re.split(r"^(?=\w)", block, flags=re.MULTILINE) if part.strip()]
            names = [part.split(":")[0] for part in whole]
            if all(part.startswith(SETTINGS) for part in whole):
                yield from ((path.name, text) for text in (whole if len(names) > len(set(names)) else [block]))


def tests():
    return "\n".join(path.read_text(encoding="utf-8") for folder in ("live", "siem", "ship") for path in sorted((ROOT / "tests" / folder).rglob("*.py")))


def executed():
    """What the tests start: receivers, and the mistakes of a start."""
    named_there = tests()
    for folder in ("rsyslog", "syslog-ng", "redis", "logrotate", "prometheus"):
        for path in sorted((ROOT / "docs" / folder).iterdir()):
            yield Claim("receivers and files beside them", f"{folder}/{path.name}", f"{folder}/{path.name}" in named_there or f'"{path.name}"' in named_there)
    table = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8").split("| what it prints | code | do |")[1].split("\n\n")[0]
    # each of these two has a test of its own: test_troubleshooting.py, and here
    yield from (Claim("starts that fail", said, True) for said in re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE))
    yield from (Claim("examples of settings", f"{page}: {text}", True) for page, text in examples())


def all_claims():
    return list(dict.fromkeys([*generated(), *named(), *executed()]))


if __name__ == "__main__":
    for claim in all_claims():
        if not claim.has_text:
            print(claim)
