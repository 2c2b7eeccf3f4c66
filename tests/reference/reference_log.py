"""The lines that the code logs: text, level and finding, read from its sources. Their causes and cures are in docs/schema/log-lines.yaml."""

import dataclasses
import functools
import re

import yaml

from reference_fields import ROOT

SENSOR, TEXTS = ROOT / "sensor", ROOT / "docs/schema/log-lines.yaml"
CALLS = {"log_line": 2, "health_alert": 3, "doubt": 1, "tell_fault": 2}  # which argument is the text
CALL = re.compile(rf"^\t+(?:return )?({'|'.join(CALLS)})(\()", re.MULTILINE)
LEVEL = re.compile(r"LOG_LEVEL_(\w+)")
LEVELS = {"health_alert": "WARNING", "doubt": "WARNING", "tell_fault": "ERROR"}
LOSS = re.compile(r'const struct loss_kind \w+ = \{(FINDING_\w+),\s*"([^"]+)"\}')
PASSED_ON = {'"%s (%s)"', '"%" PRIu64 " %s"'}  # in health_alert and look_for_loss: what others say
TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|\bPRI([ud])\d+\b|\b([A-Z][A-Z_]+)\b')
CONVERSION = re.compile(r"%[-.\d]*z?[sdu]")
CHOICE = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^"?:])+)')


@dataclasses.dataclass(frozen=True)
class Line:
    text: str
    level: str
    finding: str  # of an alert that says the same, as the catalogue has it


@functools.cache
def sources(kind="c"):
    return [path.read_text(encoding="utf-8") for path in sorted(SENSOR.rglob(f"*.{kind}"))]


def arguments(source, at):
    """Of the call whose parenthesis opens at this place."""
    found, depth, start, in_text = [], 0, at + 1, False
    for i in range(at, len(source)):
        in_text ^= source[i] == '"' and source[i - 1] != "\\"
        depth += 0 if in_text else (source[i] in "({[") - (source[i] in ")}]")
        if not in_text and (depth == 0 or depth == 1 and source[i] == ","):
            found.append(source[start:i].strip())
            start = i + 1
        if depth == 0:
            break
    return found


@functools.cache
def macro(name, first):
    pattern = re.compile(rf"^#define {name}\s((?:.*\\\n)*.*)", re.MULTILINE)
    return next((found[1] for text in (first, *sources(), *sources("h")) if (found := pattern.search(text))), "")


def pieces(expression, source):
    for text, conversion, name in TOKEN.findall(expression):
        if name:
            yield from pieces(macro(name, source), source)
        else:
            yield text + conversion


def texts(expression, source):
    """What it may say: one text, or each of a choice. What stands for a value is `…`, and so is what a variable says."""
    if "?" in re.sub(r'"[^"]*"', "", expression):
        return [text for part in CHOICE.findall(expression)[1:] for text in texts(part, source)]
    text = CONVERSION.sub("…", "".join(pieces(expression, source)) or "%s").replace('\\"', '"')
    return [re.sub(r"…(?: ?…)+", "…", text)]


def id_of(finding):
    room, name = finding.removeprefix("FINDING_").lower().split("_", 1)
    return f"{room}.{name.replace('_', '-')}"


def area_of(name, parts):
    if name == "tell_fault" or parts[1].startswith('"'):
        return parts[1].strip('"') if name == "log_line" else "reporter"
    return "OUTPUT" if name == "doubt" or "output" in parts[1] else "PROCESS"


def of_call(name, parts, source):
    """A line that says nothing of itself is named by its area: `gate: …`."""
    at, finding = CALLS[name], id_of(parts[1]) if name == "health_alert" else ""
    levels = LEVEL.findall(parts[0]) or (["ERROR", "WARNING"] if name == "log_line" else [LEVELS[name]])
    said = parts[at + 1] if parts[at] == '"%s"' and macro(parts[at + 1], source) else parts[at]
    for text in texts(said, source):
        shown = f"{area_of(name, parts)}: {text}" if text == "…" and not finding else text
        yield Line(shown + (f" ({finding})" if finding else ""), " or ".join(levels).lower(), finding)


def of_source(source):
    for found in CALL.finditer(source):
        parts = arguments(source, found.start(2))
        if parts[CALLS[found[1]]] not in PASSED_ON:
            yield from of_call(found[1], parts, source)
    for finding, said in LOSS.findall(source):
        yield Line(f"… {said} ({id_of(finding)})", "warning", id_of(finding))


def lines():
    """All, sorted; those of one text are one."""
    found = {line.text: line for source in sources() for line in of_source(source)}
    return [found[text] for text in sorted(found)]


@functools.cache
def causes():
    """Of each line: cause and cure."""
    return yaml.safe_load(TEXTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for one in lines():
        print(one.level, "|", one.text)
