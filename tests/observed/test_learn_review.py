"""learn --review on a terminal, and its answers without one."""

import os
import pathlib
import pty
import re
import select
import subprocess
import time

ROOT = pathlib.Path(__file__).parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "mailwarden"))
ZONES = ["--internal", "192.0.2.0/24", "--gateway", "198.51.100.0/28"]
PROMPT = b"[q]uit? "


class Terminal:
    """The program with a terminal as its input and standard error."""

    def __init__(self, *words):
        self.end, theirs = pty.openpty()
        self.process = subprocess.Popen([MAILWARDEN, *map(str, words)], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True)
        os.close(theirs)

    def question(self):
        """What it says until it asks, or ends."""
        said, until = b"", time.monotonic() + 20
        while not said.endswith(PROMPT) and time.monotonic() < until:
            if select.select([self.end], [], [], 1)[0]:
                try:
                    said += os.read(self.end, 4096)
                except OSError:  # it ended
                    break
        return said.decode()

    def answer(self, letter):
        os.write(self.end, f"{letter}\n".encode())

    def result(self):
        text = self.process.communicate(timeout=20)[0]
        assert self.process.returncode == 0
        os.close(self.end)
        return text


def test_one_row_at_a_time_and_most_traffic_first(traffic, tmp_path):
    answers = tmp_path / "answers"
    terminal = Terminal("learn", traffic, *ZONES, "--review", "--answers", answers)
    first = terminal.question()
    assert "192.0.2.64/28,192.0.2.80/30 > 192.0.2.10 imaps" in first or "192.0.2.64/27 > 192.0.2.10 imaps" in first
    assert "120 flows of 20 clients to 1 server on 6 days" in first and "proposed" in first
    terminal.answer("e")
    assert "192.0.2.64 > 192.0.2.10:993 imaps, 6 flows" in terminal.question()
    terminal.answer("x")
    assert "a, d, i, w, n, e or q" in terminal.question()
    terminal.answer("w")  # the next fill makes the same prefix: nothing is said of it, and nothing kept
    assert "it cannot be made wider" in terminal.question() and not answers.exists()
    terminal.answer("n")
    narrower = terminal.question()
    assert "prefixes of which 75 % were seen" in narrower and "192.0.2.64/28,192.0.2.80/30 > 192.0.2.10 imaps" in narrower
    terminal.answer("w")
    assert "192.0.2.64/27 > 192.0.2.10 imaps" in terminal.question()
    terminal.answer("a")
    second = terminal.question()
    assert "72 flows of 12 clients to 1 server" in second and "submission" in second
    terminal.answer("d")
    assert "No row is left to be asked about." in terminal.question()
    proposal = terminal.result()
    assert "protocols: [imaps]" in proposal and "protocols: [submission]" not in proposal
    assert "an answer denies it" in proposal.split("# Refused:")[1]
    assert answers.read_text().splitlines()[1:] == ["accept 192.0.2.64/27 > 192.0.2.10 imaps", "deny 192.0.2.64/27 > 192.0.2.20 submission",
                                                   "fill 192.0.2.64 50"]


def test_what_widens_nothing_is_not_kept(traffic, tmp_path):
    answers = tmp_path / "answers"
    terminal = Terminal("learn", traffic, *ZONES, "--review", "--answers", answers)
    terminal.question()
    terminal.answer("w")
    assert "it cannot be made wider" in terminal.question()
    terminal.answer("a")
    terminal.question()
    terminal.answer("q")
    terminal.result()
    assert answers.read_text().splitlines()[1:] == ["accept 192.0.2.64/27 > 192.0.2.10 imaps"]


def test_what_was_answered_is_not_asked_again(traffic, tmp_path):
    answers = tmp_path / "answers"
    answers.write_text("accept 192.0.2.64/27 > 192.0.2.10 imaps\nignore 192.0.2.64/27 > 192.0.2.20 submission\n")
    terminal = Terminal("learn", traffic, *ZONES, "--review", "--answers", answers)
    assert terminal.question().split("\r\n")[1:] == ["No row is left to be asked about.", "1 pair of hosts no row can be learnt for: why stands "
                                                    "below the matrix.", ""]
    assert "protocols: [imaps]" in terminal.result()


def test_the_end_of_input_ends_the_questions(traffic, tmp_path):
    done = subprocess.run([MAILWARDEN, "learn", traffic, *ZONES, "--review", "--answers", tmp_path / "answers"], input="a\n", text=True,
                          capture_output=True, timeout=20, check=True)
    assert done.stderr.count(PROMPT.decode()) == 2
    assert "\n1 without an answer; what was proposed of them is in the matrix.\n" in done.stderr
    assert max(map(len, done.stderr.splitlines())) <= 80
    assert (tmp_path / "answers").read_text().count("accept") == 1
    assert re.search(r"^rows:$", done.stdout, re.M)


def test_answers_that_are_none_are_told_by_their_line(traffic, tmp_path):
    (tmp_path / "answers").write_text("accept x > y smtp\nmaybe\n")
    done = subprocess.run([MAILWARDEN, "learn", traffic, *ZONES, "--answers", tmp_path / "answers"], text=True, capture_output=True,
                          timeout=20, check=False)
    assert done.returncode == 3 and "line 2" in done.stderr and not done.stdout
    missing = subprocess.run([MAILWARDEN, "learn", traffic, *ZONES, "--answers", tmp_path / "none"], text=True, capture_output=True,
                             timeout=20, check=False)
    assert missing.returncode == 3 and "none" in missing.stderr


def test_a_review_needs_a_place_for_its_answers(traffic):
    done = subprocess.run([MAILWARDEN, "learn", traffic, *ZONES, "--review"], text=True, capture_output=True, timeout=20, check=False)
    assert done.returncode == 2 and "--answers" in done.stderr


def test_a_curve_trades_rows_against_what_they_admit(traffic):
    done = subprocess.run([MAILWARDEN, "learn", traffic, *ZONES, "--curve"], text=True, capture_output=True, timeout=20, check=True)
    points = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [point[0] for point in points] == ["100%", "75%", "50%", "25%", "12%"]
    permissive = [float(point[3]) for point in points]
    assert permissive == sorted(permissive) and permissive[0] < permissive[-1]
    narrow = subprocess.run([MAILWARDEN, "learn", traffic, *ZONES, "--max-permissiveness", "1"], text=True, capture_output=True,
                            timeout=20, check=True).stdout
    assert "192.0.2.64/27" not in narrow
