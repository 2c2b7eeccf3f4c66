"""Real captures of others, with their truth per flow, where they lie beside the checkout (../shared/corpus)."""

import json
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


SPOOFED, FOREIGN = "sender.own-domain-outside", "sender.foreign-domain-out"
OWN = "own.example"  # nobody's in the corpus


def mails(folder, groups, domains):
    """Flows of the corpus in which mail crossed in clear, by capture and ends: domain of the sender, findings."""
    matrix = folder / "matrix.yaml"
    matrix.write_text("schema: 1\nzones: {gateway: [192.0.2.0/28]}\ngroups:\n  relay: {role: relay, addresses: [192.0.2.1]}\n"
                      + "".join(f"  {name}: {{role: {name}, addresses: {json.dumps(sorted(hosts))}}}\n" for name, hosts in groups.items())
                      + "rows: [{id: M-1, from: relay, to: internet, protocols: [smtp]}]\n"
                      + "domains:\n" + "".join(f"  {domain}: {{own: {own}}}\n" for domain, own in domains.items()), encoding="utf-8")
    captures = sorted(map(str, (SCORE.parent / "dev").glob("*.pcap*")))
    done = subprocess.run([BINARY, "replay", *captures, "-m", str(matrix), "--json"], capture_output=True, text=True, timeout=600,
                          check=False)
    records = [record for record in map(json.loads, done.stdout.splitlines()) if record["event_type"] == "mail"]
    return {(record["pcap_filename"], record["src_ip"], record["dest_ip"], record["src_port"]): record["mail"] for record in records
            if record["mail"]["mail_from_domain"] and record["mail"]["messages"] > 0}


def told(flows, finding):
    return {flow for flow, mail in flows.items() if finding in mail.get("findings", ())}


@pytest.mark.skipif(not SCORE.exists(), reason="the corpus ../shared/corpus is not here")
def test_mail_in_nobody_s_name_of_ours_is_no_spoofing_and_mail_in_ours_is(tmp_path):
    """Once every server of the corpus is an inbound one of ours, once every client an outbound one."""
    flows = mails(tmp_path, {}, {OWN: "yes"})
    domains = sorted({mail["mail_from_domain"].lower() for mail in flows.values()})
    assert len(flows) > 40 and len(domains) > 15 and not any(domain.endswith("own.example") for domain in domains)
    ours = {"inbound": {flow[2] for flow in flows}}
    assert told(mails(tmp_path, ours, {OWN: "yes"}), SPOOFED) == set()
    spoofed = told(mails(tmp_path, ours, dict.fromkeys(domains, "yes")), SPOOFED)
    half = domains[::2]
    assert len(spoofed) > 25
    assert told(mails(tmp_path, ours, dict.fromkeys(half, "yes")), SPOOFED) == {
        flow for flow in spoofed if any(f".{flows[flow]['mail_from_domain'].lower()}".endswith(f".{domain}") for domain in half)}
    ours = {"outbound": {flow[1] for flow in flows}}
    assert told(mails(tmp_path, ours, {OWN: "yes", **dict.fromkeys(domains, "no")}), FOREIGN) == set()
    assert len(told(mails(tmp_path, ours, {OWN: "yes"}), FOREIGN)) > 25
