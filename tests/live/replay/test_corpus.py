"""Real captures of others, with their truth per flow, where they lie beside the checkout (../shared/corpus)."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCORE = ROOT.parent / "shared" / "corpus" / "score"
BINARY = os.environ.get("MAILWARDEN", str(ROOT / "build" / "plain" / "mailwarden"))


@pytest.mark.skipif(not SCORE.exists(), reason="the corpus ../shared/corpus is not here")
def test_the_truth_of_real_captures_is_met():
    done = subprocess.run([str(SCORE), "--dev", "--binary", BINARY],
                          capture_output=True, text=True, timeout=900, cwd=ROOT)
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
