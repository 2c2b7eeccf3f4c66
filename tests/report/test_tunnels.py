"""A capture that is wholly inside a tunnel: what `replay` says of it, and what it proposes to declare."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
TOLD = "All is inside a tunnel"


def replay(case, matrix, *options):
    done = subprocess.run([MAILWARDEN, "replay", str(ROOT / "pcaps" / case / "traffic.pcap"), "-m", str(matrix), *options],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_proposed_declaration_is_one_that_works(tmp_path):
    case = "tunnel-not-declared"
    matrix = ROOT / "pcaps" / case / "matrix.yaml"
    text = replay(case, matrix)
    assert TOLD in text and "tunnel.mail" in text
    proposed = next(line for line in text.splitlines() if line.startswith("tunnels:"))
    declared = tmp_path / "matrix.yaml"
    declared.write_text(matrix.read_text() + proposed + "\n")
    text = replay(case, declared)
    assert TOLD not in text and "tunnel.mail" not in text and "tls.credentials-clear" in text


def test_nothing_is_said_of_a_declared_tunnel_nor_of_one_among_other_traffic():
    for case in ("wrapped-vxlan", "tunnel-ends-no-flow-outside"):
        assert TOLD not in replay(case, ROOT / "pcaps" / case / "matrix.yaml")


def test_json_is_records_alone():
    assert TOLD not in replay("tunnel-not-declared", ROOT / "pcaps/tunnel-not-declared/matrix.yaml", "--json")
