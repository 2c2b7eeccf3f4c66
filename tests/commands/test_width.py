"""Text for people keeps to the width of its terminal, to 80 columns elsewhere, and loses nothing by that."""

import fcntl
import os
import pathlib
import pty
import struct
import subprocess
import termios

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "build/plain/mailwarden"))
REFERENCE = "rules/anssi-reference.yaml"
BROKEN = "rules/broken-architecture.yaml"
REPLAY = ("replay", "pcaps/named-by-dns/traffic.pcap", "pcaps/unseen-beside-esp/traffic.pcap", "-m", REFERENCE)
COMMANDS = [REPLAY, (*REPLAY, "--summary"), (*REPLAY, "--verbose"), ("check", REFERENCE), ("explain", "-m", REFERENCE, "scanners", "relay", "smtp"),
            ("diff", "tests/matrix/diff/old.yaml", "tests/matrix/diff/new.yaml"),
            ("catalogue",), ("catalogue", "tls.certificate-name-mismatch"), ("ship", "--list")]
HELPED = ["run", "replay", "check", "explain", "diff", "import", "export", "catalogue", "observed", "learn", "grid", "unused", "servers",
          "status", "ship", "fleet", "unban", "list", "report"]


def words_of(*words):
    """What the command prints into a pipe."""
    return subprocess.run([MAILWARDEN, *words], cwd=ROOT, text=True, capture_output=True, timeout=30, check=True).stdout


def on_terminal(columns, *words):
    """The same at a terminal of so many columns, without its colours."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen([MAILWARDEN, *words], cwd=ROOT, stdout=its, stderr=subprocess.DEVNULL,
                          env={**environment, "NO_COLOR": "1"}) as process:
        os.close(its)
        read = b""
        try:
            while part := os.read(ours, 65536):
                read += part
        except OSError:  # the other end is closed
            pass
        assert process.wait(timeout=30) == 0
    os.close(ours)
    return read.decode().replace("\r\n", "\n")


def widest(text):
    return max(map(len, text.splitlines()))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_text_is_as_wide_as_its_terminal_and_has_the_same_words(words):
    piped = words_of(*words)
    assert widest(piped) <= 80
    for columns in (80, 120):
        shown = on_terminal(columns, *words)
        assert widest(shown) <= columns
        assert sorted(shown.split()) == sorted(piped.split())


def test_what_a_wider_terminal_holds_is_not_broken():
    assert widest(on_terminal(120, "check", REFERENCE)) > 80


@pytest.mark.parametrize("command", HELPED)
def test_help_keeps_to_80_columns(command):
    assert widest(words_of(command, "--help")) <= 80


def test_what_check_finds_is_one_line_each_for_whoever_searches_it_and_broken_for_people():
    found = [line for line in words_of("check", "--quiet", BROKEN).splitlines() if line.startswith(BROKEN)]
    assert len(found) > 20 and widest("\n".join(found)) > 80
    assert widest(on_terminal(80, "check", "--quiet", BROKEN)) <= 80
