"""Every bundled capture: under the proposal, what no row allows is what was asked about or refused."""

import ipaddress
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "mailwarden"))
CASES = sorted(path.parent for path in ROOT.glob("pcaps/*/matrix.yaml"))
ZONES = ["--internal", "192.0.2.0/24", "--internal", "2001:db8:1::/48", "--gateway", "198.51.100.0/28", "--gateway", "2001:db8:2::/64"]

# A matrix must have a row: this one allows nothing that there is.
NOTHING = """schema: 1
zones:
  internal: [192.0.2.0/24, "2001:db8:1::/48"]
  gateway: [198.51.100.0/28, "2001:db8:2::/64"]
rows:
  - {id: none, from: internal, to: internal, protocols: sieve, ports: 1}
"""


def run(*words):
    done = subprocess.run([MAILWARDEN, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def replay(case, matrices, to):
    run("replay", case / "traffic.pcap", *[word for path in matrices for word in ("-m", path)], "--flows", to)
    return [json.loads(line) for line in to.read_text().splitlines()]


def pairs_of(text):
    """The pairs that stand below as comments: (client, server, protocol)."""
    return set(re.findall(r"^#   (\S+) > (\S+):\d+ (\S+), \d+ flow", text, re.M))


def rows_of(text):
    """The rows to be asked about."""
    return re.findall(r"^#   (\S+ > \S+ [a-z0-9, -]+)$", text, re.M)


def is_of(address, ends):
    """A declared group's name is taken for any address."""
    networks = ends.split(",")
    if not re.match(r"[0-9a-f]*[.:]", networks[0]):
        return True
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks)


def is_left(flow, text):
    """It is among what is asked about or refused. "internet" stands for any address."""
    mail = flow["mail"]
    client, server = mail.get("judged_src_ip", flow["src_ip"]), mail.get("judged_dest_ip", flow["dest_ip"])
    for source, target, protocol in pairs_of(text):
        if protocol == mail["protocol"] and source in (client, "internet") and target in (server, "internet"):
            return True
    for row in rows_of(text):
        source, target, protocols = re.fullmatch(r"(\S+) > (\S+) (.+)", row).groups()
        if mail["protocol"] in protocols.removesuffix(" in clear").split(", ") and is_of(client, source) and is_of(server, target):
            return True
    return False


def learn(case, tmp_path, *words, with_answers=True):
    """What is proposed once every row that is asked about was accepted."""
    words = [case / "traffic.pcap", *words, "--min-days", 1, "--min-sessions", 1, "--date", "2026-11-29"]
    text = run("learn", *words)
    if not with_answers or not rows_of(text):
        return text
    answers = tmp_path / "answers"
    answers.write_text("".join(f"accept {row}\n" for row in rows_of(text)))
    return run("learn", *words, "--answers", answers)


def left_under(case, matrices, proposal, tmp_path):
    """Flows that neither the matrices nor the proposal allow."""
    if "\nrows:\n" in proposal:
        path = tmp_path / "proposal.yaml"
        path.write_text(proposal)
        matrices = [*matrices, path]
        run("check", "--quiet", *matrices)
    if not matrices:
        matrices = [tmp_path / "nothing.yaml"]
        matrices[0].write_text(NOTHING)
    return [flow for flow in replay(case, matrices, tmp_path / "flows.json") if flow["mail"]["verdict"] != "legitimate"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_the_proposal_leaves_was_asked_about_or_refused(case, tmp_path):
    declared = case / "matrix.yaml"
    for matrices, words in ([declared], ["-m", declared]), ([], ZONES):
        proposal = learn(case, tmp_path, *words)
        for flow in left_under(case, matrices, proposal, tmp_path):
            assert is_left(flow, proposal), (flow, proposal)


def test_the_same_capture_gives_the_same_bytes(tmp_path):
    case = ROOT / "pcaps/imaps-tls13"
    texts = {learn(case, tmp_path, *ZONES, with_answers=False) for _ in range(3)}
    assert len(texts) == 1 and rows_of(texts.pop())


def test_an_honest_capture_is_proposed_once_its_row_is_accepted(tmp_path):
    proposal = learn(ROOT / "pcaps/imaps-tls13", tmp_path, *ZONES)
    assert re.search(r"^  - \{id: L-01, from: clients-1, to: mailboxes-1, protocols: \[imaps\], tls: implicit,", proposal, re.M)
    assert "0 to be asked about, 0 refused" in proposal
