"""One page as Markdown and as a manual (mdoc): made of paragraphs, tables, lists and examples."""

import dataclasses
import re
import textwrap

SENTENCE = re.compile(r"(?<=[.?:])\s+(?=[A-Z`0-9])")
WIDTH = 120


@dataclasses.dataclass(frozen=True)
class Section:
    title: str
    level: int = 1


@dataclasses.dataclass(frozen=True)
class Text:
    words: str


@dataclasses.dataclass(frozen=True)
class Table:
    """Of each row: what it is about, then what is said of it, the last being sentences."""

    heads: tuple
    rows: tuple


@dataclasses.dataclass(frozen=True)
class Example:
    text: str


def quoted(text):
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def markdown(blocks):
    lines = []
    for block in blocks:
        match block:
            case Section():
                lines += ["#" * (block.level + 1) + " " + block.title, ""]
            case Text():
                lines += [*textwrap.wrap(block.words, WIDTH, break_long_words=False, break_on_hyphens=False), ""]
            case Table():
                lines += ["| " + " | ".join(block.heads) + " |", "|---" * len(block.heads) + "|"]
                lines += ["| " + " | ".join([quoted(row[0]), *(part.replace("|", "\\|") for part in row[1:])]) + " |" for row in block.rows]
                lines += [""]
            case Example():
                lines += ["```", block.text, "```", ""]
    return "\n".join(lines)


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def spoken(text):
    """A sentence: what stands in backquotes is bold."""
    parts = re.split(r"(`[^`]*`)", text)
    line = "".join(f"\\fB{escaped(part[1:-1])}\\fR" if part.startswith("`") else part.replace("\\", "\\e") for part in parts)
    return re.sub(r"^([.'])", r"\\&\1", line)


def sentences(text):
    return [spoken(part) for part in SENTENCE.split(text) if part]


def item(text):
    """One argument of a macro, whatever words it has."""
    text = escaped(text.replace("…", "...")).replace('"', "\\(dq")
    return f'"{text}"' if " " in text else text


def manual_table(table):
    lines = [".Bl -tag -width Ds"]
    for name, *middle, last in table.rows:
        lines.append(f".It Sy {item(name)}" + "".join(f" Pq {escaped(part)}" for part in [", ".join(filter(None, middle))] if part))
        lines += sentences(last)
    return [*lines, ".El"]


def manual(blocks):
    lines = []
    for block in blocks:
        match block:
            case Section():
                lines.append((".Sh " + block.title.upper()) if block.level == 1 else (".Ss " + escaped(block.title)))
            case Text():
                lines += ([".Pp"] if lines and not lines[-1].startswith((".Sh", ".Ss")) else []) + sentences(block.words)
            case Table():
                lines += manual_table(block)
            case Example():
                lines += [".Bd -literal -offset indent", *(escaped(line) for line in block.text.splitlines()), ".Ed"]
    return "\n".join(lines) + "\n"
