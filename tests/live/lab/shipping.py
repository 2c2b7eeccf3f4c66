"""A journal of many alerts, and what ships it."""

import pathlib
import subprocess

from sensor import MAILWARDEN, MATRIX, PATIENCE_S, ROOT, json_lines


def captures():
    """Those in which something is told."""
    return sorted(one.parent / "traffic.pcap" for one in (ROOT / "pcaps").glob("*/expected.jsonl")
                  if '"alert":{' in one.read_text(encoding="utf-8"))


def replay_into(journal, host="replay", files=None):
    """The bundled captures with alerts into a journal."""
    subprocess.run([MAILWARDEN, "replay", *map(str, files or captures()), "-m", str(MATRIX), "--journal", str(journal),
                    "--host", host], check=True, capture_output=True, timeout=60)


def records(journal):
    """Every record of a journal, in order."""
    return [record for segment in sorted(pathlib.Path(journal).glob("*.eve.jsonl")) for record in json_lines(segment.read_text())]


def alert_ids(journal):
    return [record["event_id"] for record in records(journal) if "alert" in record]


def end(journal):
    """The position behind its last record."""
    last = max(pathlib.Path(journal).glob("*.eve.jsonl"))
    return int(last.name.split(".")[0]) + last.stat().st_size


def delivered(journal, name):
    """Where the cursor of that output stands."""
    return max(map(int, (pathlib.Path(journal) / f"output-{name}.cursor").read_text().split()), default=0)


def ship(config, journal, *words, patience=PATIENCE_S):
    return subprocess.run([MAILWARDEN, "ship", "-c", str(config), "--journal", str(journal), *map(str, words)],
                          capture_output=True, text=True, timeout=patience, check=False)


def start_shipping(config, journal, *words, prefix=(), **options):
    return subprocess.Popen([*prefix, MAILWARDEN, "ship", "-c", str(config), "--journal", str(journal), *map(str, words)], **options)
