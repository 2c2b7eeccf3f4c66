"""The report's page in a browser: nothing is refused, nothing is asked for, it prints on A4."""

import os
import pathlib
import re
import shutil
import struct
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
CAPTURES = sorted(ROOT.glob("pcaps/*/traffic.pcap"))
CHROMIUM = shutil.which("chromium")
A4_POINTS = (595, 842)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module", name="page")
def page_of_all_captures(tmp_path_factory):
    page = tmp_path_factory.mktemp("page") / "report.html"
    subprocess.run([MAILWARDEN, "report", *CAPTURES, "-m", ROOT / "rules/anssi-reference.yaml", "--html", "-o", page],
                   timeout=60, check=True)
    return page


def browse(page, tmp_path, *options):
    """What the browser says of the page on its console."""
    done = subprocess.run(
        [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
         f"--user-data-dir={tmp_path}/profile", *options, page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True)
    return [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("width", [500, 800, 1600])
def test_the_browser_refuses_nothing(page, tmp_path, width):
    picture = tmp_path / "page.png"
    assert browse(page, tmp_path, f"--window-size={width},900", f"--screenshot={picture}") == []
    assert struct.unpack(">II", picture.read_bytes()[16:24]) == (width, 900)


def test_a_style_of_another_hash_is_refused(page, tmp_path):
    changed = tmp_path / "changed.html"
    changed.write_text(page.read_text(encoding="utf-8").replace("body{font", "body{margin:0;font"), encoding="utf-8")
    told = browse(changed, tmp_path, f"--screenshot={tmp_path}/page.png")
    assert len(told) == 1 and "Content Security Policy" in told[0]


def test_it_prints_on_a4(page, tmp_path):
    printed = tmp_path / "report.pdf"
    assert browse(page, tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={printed}") == []
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed.read_bytes())
    assert len(boxes) > 3
    assert {(round(float(wide)), round(float(high))) for wide, high in boxes} == {A4_POINTS}
