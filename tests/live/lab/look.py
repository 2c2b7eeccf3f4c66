#!/usr/bin/env python3
"""A page of ours as a browser shows it: what a person, a screen reader and a printer would stumble over.

    python3 tests/live/lab/look.py FILE.html... [--pictures FOLDER]

Any file in HTML may be given: it says what is wrong with each, and writes pictures of it at every width.
"""

import argparse
import json
import pathlib
import re
import sys
import tempfile

import html5lib

from browser import Browser

TESTS = pathlib.Path(__file__).resolve().parents[2]
AXE = TESTS / "node_modules/axe-core/axe.min.js"
WIDTHS = 360, 800, 1600
SCHEMES = "light", "dark"
A4_POINTS = 595, 842
A4_INSIDE = 687  # pixels between the margins of the page, 182 mm

OVERFLOW = """(() => {
  const wide = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > wide + 1 && !(SCROLLED && one.closest(".wide")))
    .map(one => one.tagName + " " + one.textContent.slice(0, 40));
})()"""

# a word on two lines, outside of what says that its words may break
CUT_WORDS = """(() => {
  const cut = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walk.nextNode()) {
    const text = walk.currentNode;
    if (text.parentElement.closest(".code, th + td:last-child, svg")) continue;
    for (const word of text.data.matchAll(/[\\p{L}\\p{N}._]{2,}/gu)) {
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(one => Math.round(one.top))).size > 1) cut.add(word[0]);
    }
  }
  return [...cut];
})()"""

AXE_RUN = """axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(one =>
  one.id + ": " + one.help + ": " + one.nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join(" ")))"""


def tree(text):
    """The elements of a page that no browser has to mend, in their order, each with its attributes and its depth."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False)
    found = []

    def walk(element, depth):
        found.append((depth, element.tag, sorted(element.attrib.items())))
        for child in element:
            walk(child, depth + 1)
    walk(parser.parse(text), 0)
    return found


def markup(text):
    """What is wrong in the text itself."""
    try:
        found = tree(text)
    except html5lib.html5parser.ParseError as error:
        return [f"no valid HTML: {error}"]
    names = [tag for _, tag, _ in found]
    attributes = [name for _, _, pairs in found for name, _ in pairs]
    return ([f"an element {tag}" for tag in sorted(set(names)) if tag in ("script", "iframe", "object", "embed", "link")]
            + [f"an attribute {name}" for name in sorted(set(attributes)) if name.startswith("on") or name in ("src", "style")])


def on_screen(browser, file, width, scheme):
    """What is wrong at this width, light or dark."""
    view = browser.open(file, width, scheme)
    found = [f"refused: {line}" for line in view.console]
    found += [f"asked for: {address}" for address in view.requests if address != file.as_uri()]
    if view.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("wider than the screen: " + "; ".join(view.evaluate(OVERFLOW.replace("SCROLLED", "true"))[:3]))
    found += [f"cut: {word}" for word in view.evaluate(CUT_WORDS)]
    if AXE.exists():
        view.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        found += view.evaluate(AXE_RUN)
    view.close()
    return found


def on_paper(browser, file):
    """What is wrong in print."""
    view = browser.open(file, A4_INSIDE)
    view.call("Emulation.setEmulatedMedia", media="print")
    found = [f"wider than the paper: {one}" for one in view.evaluate(OVERFLOW.replace("SCROLLED", "false"))[:3]]
    found += [f"cut: {word}" for word in view.evaluate(CUT_WORDS)]
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", view.print())
    if {(round(float(wide)), round(float(high))) for wide, high in boxes} != {A4_POINTS}:
        found.append(f"not on A4: {boxes[:1]}")
    view.close()
    return found


def complaints(browser, file):
    """All that is wrong with a page, and where; none is the answer wanted."""
    found = [f"markup: {one}" for one in markup(file.read_text(encoding="utf-8"))]
    for width in WIDTHS:
        for scheme in SCHEMES:
            found += [f"{width} {scheme}: {one}" for one in on_screen(browser, file, width, scheme)]
    return found + [f"print: {one}" for one in on_paper(browser, file)]


def pictures(browser, file, folder):
    """Of the whole page, at each width, light and dark, and as it is printed."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            view = browser.open(file, width, scheme)
            (folder / f"{file.stem}-{width}-{scheme}.png").write_bytes(view.screenshot(whole=True))
            view.close()
    view = browser.open(file)
    (folder / f"{file.stem}.pdf").write_bytes(view.print())
    view.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path, help="write pictures of every page there")
    words = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder, Browser(pathlib.Path(folder)) as browser:
        for file in map(pathlib.Path.resolve, words.files):
            found[str(file)] = complaints(browser, file)
            if words.pictures:
                pictures(browser, file, words.pictures)
    print(json.dumps(found, indent=1, ensure_ascii=False))
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
