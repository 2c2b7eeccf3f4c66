"""Each key of the settings stands in mailwarden.yaml(5) with the bounds and the default that the sources give it."""

import functools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPERATORS = re.compile(r"[\d\s()*<+-]+")


@functools.cache
def defines():
    """Every #define of a number."""
    found = {"UINT32_MAX": "4294967295"}
    for header in sorted((ROOT / "sensor").rglob("*.h")):
        found |= dict(re.findall(r"^#define (\w+) +(\d+)\b", header.read_text(encoding="utf-8"), re.M))
    return found


def number(text):
    """Of an expression of the source: "UINT32_C(1) << 26", "30 * 24 * 3600", "KEPT_PAIRS_MOST"."""
    text = re.sub(r"U?INT\d\d_C\((\w+)\)", r"\1", text)
    text = re.sub(r"[A-Z]\w+", lambda name: defines()[name.group()], text)
    assert OPERATORS.fullmatch(text), text
    return eval(text)  # pylint: disable=eval-used


def options():
    """Of settings.c: key -> least, most, default; of those that are numbers."""
    source = (ROOT / "sensor/control/settings.c").read_text(encoding="utf-8")
    start = source.split("void settings_start(")[1].split("\n}\n")[0]
    standards = dict(re.findall(r"\.(\w+) = ([^,{}]+)(?:,|})", start))
    keys = re.findall(r'\{\{"([\w-]+)", [^{}]*\},\s*set_number,\s*FIELD\(([\w.]+)\),\s*([^,{}]+),\s*([^{}]+)\}', source)
    return {key: (number(least), number(most), number(standards.get(field.split(".")[-1], "0"))) for key, field, least, most in keys}


def sections():
    """Of tables of keys: (source, key) -> least, most, default; of those that are numbers."""
    found = {}
    for source in [ROOT / "sensor/control/settings_file.c", *sorted((ROOT / "sensor/ship").glob("*.[ch]"))]:
        text = source.read_text(encoding="utf-8").replace("\\\n", "\n")
        for name, body in re.findall(r'\.name = "(\w+)",((?:(?!\.name =).)*?\.most = \w+)', text, re.S):
            parts = dict(re.findall(r"\.(standard|least|most) = \"?(\w+)", body))
            found[source.name, name, parts["most"]] = tuple(number(parts[key]) for key in ("least", "most", "standard"))
    return found


def items(page):
    """Of each ".It Cm a , b": (section, a) and (section, b) -> its text, in the last list that has it."""
    found = {}
    for part in page.split("\n.Ss ")[1:]:
        section = part.split("\n")[0]
        kind = ""
        for block in re.split(r"\n(?=\.It |\.Cm type: )", part):
            kind = next(iter(re.findall(r"^\.Cm type: (\S+)", block)), kind)
            heads = re.findall(r"^\.It Cm (.+)", block)
            for key in (heads[0].split(" , ") if heads else []):
                found[section, kind, key] = " ".join(block.split("\n.El")[0].split("\n")[1:])
    return found


@functools.cache
def page():
    return items((ROOT / "man/mailwarden.yaml.5").read_text(encoding="utf-8"))


def test_the_sources_were_read():
    assert options()["table"] == (1024, 67108864, 262144) and options()["fold"] == (1, 2592000, 300) and len(options()) > 12
    assert sections()["settings_file.c", "age", "87600"] == (0, 87600, 0) and len(sections()) > 14


@pytest.mark.parametrize("key, bounds", options().items(), ids=list(options()))
def test_the_manual_has_the_bounds_and_the_default_of_an_option(key, bounds):
    text = page()["Options of run", "", key]
    assert re.search(r"(?<!\d){} to {}(?: \w+)?, default {}(?!\d)".format(*bounds), text), (text, bounds)


@pytest.mark.parametrize("place, bounds", sections().items(), ids=["-".join(place) for place in sections()])
def test_the_manual_has_the_bounds_and_the_default_of_a_key(place, bounds):
    wanted = r"(?<!\d){} to {}(?: \w+)?, default {}(?!\d)".format(*bounds)
    assert any(re.search(wanted, text) for (_, _, key), text in page().items() if key == place[1]), (place, bounds)


def test_the_manual_has_the_bounds_of_alert_rate():
    assert f"0 to {number('CEILING_MAX')} alerts, default {number('CEILING_STANDARD')}." in page()["Options of run", "", "alert-rate"]


UNLESS = ("efault", "Required", "in place of", "Sx Secrets", "As for", "iles in PEM")


def test_every_key_has_a_default_or_says_why_not():
    silent = [key for key, text in page().items() if not any(word in text for word in UNLESS)]
    assert len(page()) > 70 and not silent


LIMITS = [("mailwarden-matrix.5", "at most {} of these", "sensor/matrix/load_rows.c", "ENDS_MAX"), ("mailwarden-matrix.5", "have at most {} bytes", "sensor/matrix/loader.c", "NAME_BYTES_MAX"),
          ("mailwarden-matrix.5", "in at most {} bytes", "sensor/matrix/acceptance.h", "ACCEPTANCE_REASON_MAX"), ("mailwarden-matrix.5", "At most {} files", "sensor/matrix/matrix.h", "MATRIX_LISTS_MAX"),
          ("mailwarden-matrix.5", "{} levels of nesting", "sensor/base/yaml.h", "YAML_DEPTH_MAX"), ("mailwarden-matrix.5", "{:,} values", "sensor/base/yaml.h", "YAML_NODES_MAX"),
          ("mailwarden.yaml.5", "a list of at most {} values", "sensor/control/settings.h", "SETTINGS_LIST_MAX"), ("mailwarden.yaml.5", "A list of at most {}.", "sensor/ship/output.h", "OUTPUTS_MAX"),
          ("mailwarden-servers.8", "room for {} servers", "sensor/engine/engine.h", "ENGINE_LEDGER_SERVERS"), ("mailwarden-replay.8", "room for {} such entries", "sensor/report/human_findings.c", "ENTRIES")]


@pytest.mark.parametrize("name, text, source, define", LIMITS, ids=[limit[-1] for limit in LIMITS])
def test_the_manual_has_the_limit_of_the_source(name, text, source, define):
    value = re.search(rf"^#define {define} +\(?(\d+)u?\b", (ROOT / source).read_text(encoding="utf-8"), re.M).group(1)
    assert text.format(int(value)) in " ".join((ROOT / "man" / name).read_text(encoding="utf-8").split())
