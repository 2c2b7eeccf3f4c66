"""What `replay` says of decoys: how many segments no receiver was sure to take, and what came of them."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))


def replay(case, *options):
    folder = ROOT / "pcaps" / case
    done = subprocess.run([MAILWARDEN, "replay", str(folder / "traffic.pcap"), "-m", str(folder / "matrix.yaml"), *options],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_decoys_are_told_at_the_end_to_the_verbose():
    told = "Decoys: 1 segments were set aside, of which 1 were not taken; reported as ambiguous 1."
    assert told in replay("decoy-few-hops", "--verbose").replace("as\nambiguous", "as ambiguous").splitlines()
    assert "Decoys" not in replay("imap-login-clear", "--verbose")
    assert "Decoys" not in replay("decoy-few-hops")
    assert "Decoys" not in replay("decoy-few-hops", "--json", "--verbose")


def test_decoys_are_counted_where_there_are_any():
    stats = [json.loads(line)["stats"]["tcp"] for line in replay("decoy-few-hops", "--json").splitlines() if '"stats"' in line]
    assert (stats[-1]["set_aside"], stats[-1]["not_taken"], stats[-1]["ambiguous"]) == (1, 1, 1)
    none = [json.loads(line)["stats"]["tcp"] for line in replay("imap-login-clear", "--json").splitlines() if '"stats"' in line]
    assert "set_aside" not in none[-1]
