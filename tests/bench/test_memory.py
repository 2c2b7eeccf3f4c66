"""bench/memory on fewer flows: what each that is open adds to the sensor, and that what all share has its bound."""

import os
import re
import subprocess

import pytest

from sensor import MAILWARDEN, ROOT, SANITIZED

MB = 1 << 20
PAGES_MB = 6  # of 2 MB each: one begun for each pool and the buckets

pytestmark = pytest.mark.skipif(SANITIZED, reason="sanitizers take memory of their own")


def memory(*words):
    command = [ROOT / "bench" / "memory", "--build", os.path.dirname(MAILWARDEN), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def peak(flows, undecided):
    answer = memory("--flows", flows, "--undecided", undecided)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return int(re.search(r"peak (\d+) MB", answer.stdout)[1]) * MB


@pytest.fixture(name="start", scope="module")
def fixture_start():
    return peak(1, 0)


def test_a_flow_that_is_looked_into_takes_4_kb_all_told(start):
    flows = 16384
    taken = peak(flows, flows) - start
    assert flows * 3072 < taken <= flows * 4096 + PAGES_MB * MB, taken / flows


def test_a_decided_flow_takes_an_entry_and_its_bucket(start):
    flows = 262144
    taken = peak(flows, 0) - start
    assert flows * 64 < taken <= flows * 132 + PAGES_MB * MB, taken / flows


def test_what_all_share_is_bounded():
    answer = memory("--flows", 1, "--undecided", 0, "--hostile")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "2048 undecided" in answer.stdout
