"""The sensor called once, on a capture or for another answer, with the reference matrix."""

import subprocess

from sensor import MAILWARDEN, ROOT

MATRIX = "rules/anssi-reference.yaml"
SMALL_TABLE = ("--table", "1024")
PATIENCE_S = 60


def run(*words, stdout=subprocess.PIPE, stdin=None):
    return subprocess.run([MAILWARDEN, *map(str, words)], cwd=ROOT, input=stdin, stdout=stdout,
                          stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)


def replay(capture, *options, **files):
    return run("replay", capture, "-m", MATRIX, *SMALL_TABLE, *options, **files)


def written(folder, data, name="bad.pcap"):
    path = folder / name
    path.write_bytes(data)
    return path
