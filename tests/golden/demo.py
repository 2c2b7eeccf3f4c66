#!/usr/bin/python3
"""The lines of `make demo` that README.md shows; called by itself it writes them anew, numbers and all."""

import os
import re
import subprocess

from cases import ROOT, sensor

README = ROOT / "README.md"
BLOCK = re.compile(r"(What the demo shows[^\n]*\n\n```\n)(.*?)(```\n)", re.DOTALL)


def screen():
    """The lines that the demo prints."""
    done = subprocess.run([ROOT / "tests" / "demo"], env={**os.environ, "MAILWARDEN": sensor()},
                          capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def report():
    """What it writes, once it was printed."""
    return (ROOT / "build/demo/report.txt").read_text(encoding="utf-8")


def printed():
    """Its lines, and those of the report."""
    return list(dict.fromkeys(screen() + report().splitlines()))


def shown():
    """The lines that README.md shows, empty ones apart."""
    return [line for line in BLOCK.search(README.read_text(encoding="utf-8")).group(2).splitlines() if line]


def form(line):
    """A line without what changes from one set of captures to the next."""
    return re.sub(r"(?<![\w.:-])\d+", "0", " ".join(line.split()))


def renewed(line, lines):
    """As the demo prints it now: the one line of its form; itself where there is none, or more than one."""
    like = [other for other in lines if form(other) == form(line)]
    return line if line in lines or len(like) != 1 else like[0]


def main():
    """The last screen whole; of the report the lines chosen, which begin with the groups of an entry."""
    lines = printed()
    text = README.read_text(encoding="utf-8")
    head, block, tail = BLOCK.search(text).groups()
    block = block.splitlines()
    chosen = next(i for i, line in enumerate(block) if re.match(r" {4}\S+ -> ", line))
    block = screen() + [""] + [renewed(line, lines) if line else "" for line in block[chosen:]]
    README.write_text(BLOCK.sub(lambda _: head + "\n".join(block) + "\n" + tail, text), encoding="utf-8")


if __name__ == "__main__":
    main()
