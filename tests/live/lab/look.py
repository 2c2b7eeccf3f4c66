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

# what sticks out where the page as a whole does
OVERFLOW = """(() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const out = [...document.querySelectorAll("body *")].filter(one => one.getBoundingClientRect().right > wide + 1);
  return out.slice(0, 3).map(one => one.tagName + " " + one.textContent.slice(0, 40)).concat("the page");
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


def loaded(view):
    """What was wrong as it was loaded."""
    return ([f"refused: {line}" for line in view.console]
            + [f"asked for: {address}" for address in view.requests if address != view.address])


def laid_out(view):
    return ([f"wider than the page: {one}" for one in view.evaluate(OVERFLOW)]
            + [f"cut: {word}" for word in view.evaluate(CUT_WORDS)])


def on_paper(view):
    """What is wrong in print."""
    view.show(A4_INSIDE, media="print")
    found = laid_out(view)
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", view.print())
    if {(round(float(wide)), round(float(high))) for wide, high in boxes} != {A4_POINTS}:
        found.append(f"not on A4: {boxes[:1]}")
    return found


def complaints(browser, file):
    """All that is wrong with a page, and where; none is the answer wanted."""
    found = [f"markup: {one}" for one in markup(file.read_text(encoding="utf-8"))]
    view = browser.open(file)
    for width in WIDTHS:
        for scheme in SCHEMES:
            view.show(width, scheme)
            found += [f"{width} {scheme}: {one}" for one in laid_out(view)]
    found += [f"print: {one}" for one in on_paper(view)] + loaded(view)
    view.close()
    return found


def violations(browser, file):
    """What axe-core says of a page, as small and as large as it gets, light and dark."""
    found = []
    view = browser.open(file)
    view.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    for width in WIDTHS[0], WIDTHS[-1]:
        for scheme in SCHEMES:
            view.show(width, scheme)
            found += [f"{width} {scheme}: {one}" for one in view.evaluate(AXE_RUN)]
    view.close()
    return found


def pictures(browser, file, folder):
    """Of the whole page, at each width, light and dark, and as it is printed."""
    view = browser.open(file)
    for width in WIDTHS:
        for scheme in SCHEMES:
            view.show(width, scheme)
            (folder / f"{file.stem}-{width}-{scheme}.png").write_bytes(view.screenshot(whole=True))
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
            found[str(file)] = complaints(browser, file) + (violations(browser, file) if AXE.exists() else [])
            if words.pictures:
                pictures(browser, file, words.pictures)
    print(json.dumps(found, indent=1, ensure_ascii=False))
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
