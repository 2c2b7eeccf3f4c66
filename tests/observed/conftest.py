"""Recorded traffic of a small network, to be learnt from."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "mailwarden"))


def record_of(case, tmp_path):
    flows = tmp_path / f"{case}.json"
    subprocess.run([MAILWARDEN, "replay", ROOT / f"pcaps/{case}/traffic.pcap", "-m", ROOT / f"pcaps/{case}/matrix.yaml", "--flows", flows],
                   check=True, capture_output=True, timeout=60)
    return json.loads(flows.read_text().splitlines()[0])


@pytest.fixture(name="traffic")
def made_traffic(tmp_path):
    """Twenty clients read and hand in mail for six days; one reads on one day alone."""
    lines = []
    for case, clients, days in ("imaps-tls13", 20, 6), ("submission-starttls-auth", 12, 6), ("smtp-starttls-tls13", 1, 1):
        record = record_of(case, tmp_path)
        for day in range(days):
            for client in range(clients):
                record["src_ip"] = f"192.0.2.{64 + client}"
                record["flow_id"] = len(lines) + 1
                record["community_id"] = f"1:{len(lines)}"
                start = f"2026-11-{20 + day}T08:00:{client:02}.000000+0000"
                record["timestamp"] = record["flow"]["start"] = record["flow"]["end"] = start
                lines.append(json.dumps(record, separators=(",", ":")))
    path = tmp_path / "eve.json"
    path.write_text("\n".join(lines) + "\n")
    return path
