"""What the golden test and `accept.py` share: the cases, the sensor's call, the dummies."""

import base64
import dataclasses
import importlib.util
import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PCAPS = ROOT / "pcaps"
PATIENCE_S = 60


def sensor():
    """$MAILWARDEN, or the plain build; relative to the top of the tree."""
    return str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))


def case_folders():
    """Every folder with a capture, or with anything else a case is made of."""
    return sorted(path for path in PCAPS.iterdir() if not path.name.startswith(".")
                  and path.is_dir() and any(inside.is_file() for inside in path.iterdir()))


def replay(folder, *options):
    """The sensor's output on one case. Exit code, standard output, standard error."""
    done = subprocess.run([sensor(), "replay", "traffic.pcap", "-m", "matrix.yaml", *options],
                          cwd=folder, capture_output=True, timeout=PATIENCE_S, check=False)
    return done.returncode, done.stdout, done.stderr


def records(output):
    return [json.loads(line) for line in output.decode("utf-8").splitlines()]


@dataclasses.dataclass(frozen=True)
class Promise:
    """What the README of a case says the sensor finds."""

    findings: frozenset
    absent: frozenset
    flows: tuple


def promise_of(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")

    def words(label):
        line = re.search(rf"^{label}: (.*)$", text, re.MULTILINE)
        return re.findall(r"`([^`]+)`", line[1]) if line else []
    return Promise(frozenset(words("Findings")), frozenset(words("Absent")),
                   tuple(sorted(words("Flows"))))


def findings_of(record):
    """What an alert tells: its finding, and the others of the same cause."""
    metadata = record["alert"]["metadata"]
    return [metadata["finding"], *(other["finding"] for other in metadata.get("also", []))]


def broken_promises(folder, found):
    """In words, where the records differ from what the README promises."""
    promise = promise_of(folder)
    findings = {finding for record in found if "alert" in record for finding in findings_of(record)}
    differences = [f"`{name}` is promised and not found" for name in promise.findings - findings]
    differences += [f"`{name}` is found and not promised" for name in findings - promise.findings]
    flows = []
    for record in found:
        if record["event_type"] == "mail":
            mail = record["mail"]
            row = [mail["row"]] if mail["verdict"] == "legitimate" and mail.get("row") else []
            flows.append(" ".join([mail["protocol"], mail["verdict"], *row]))
    if promise.flows and tuple(sorted(flows)) != promise.flows:
        differences.append(f"flows are {sorted(flows)}, promised are {list(promise.flows)}")
    return sorted(differences)


def secrets():
    """Every dummy password the recording scripts know, plain and as it looks in base64."""
    spec = importlib.util.spec_from_file_location("dummies", ROOT / "tests" / "record" / "dummies.py")
    dummies = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(dummies)
    return set().union(*map(forms, dummies.SECRETS))


def forms(secret):
    """A secret stands at any of three offsets in base64; the ends depend on neighbours."""
    found = {secret.encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret.encode())
        found.add(encoded[4 if shift else 0:].rstrip(b"=")[:-1])
    return found
