"""learn --json says what the matrix and its comments say."""

import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "mailwarden"))
ZONES = ["--internal", "192.0.2.0/24", "--gateway", "198.51.100.0/28"]


def learn(*words):
    done = subprocess.run([MAILWARDEN, "learn", *map(str, words), "--date", "2026-11-29"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def both(*words):
    return learn(*words), json.loads(learn(*words, "--json"))


def evidence_of(row, group):
    """As the comment has it."""
    seen = row["evidence"]
    part = f"; {seen['clients']} of {group['count']} addresses took part" if group else ""
    ends = ["the Internet" if row[end] == "internet" else f"{seen[what]} {what[:len(what) - (seen[what] == 1)]}"
            for end, what in (("from", "clients"), ("to", "servers"))]
    return (f"{seen['flows']} flow{'s' * (seen['flows'] != 1)} of {ends[0]} to {ends[1]} on {seen['days']} "
            f"day{'s' * (seen['days'] != 1)}, {seen['first']} to {seen['last']}{part}; admits {seen['permissiveness']:.1f} times the pairs seen")


def count_of(addresses):
    return sum(2 ** ((128 if ":" in network else 32) - int((network + "/").split("/")[1] or (128 if ":" in network else 32)))
               for network in addresses)


def assert_same(text, told):
    groups = {group["name"]: {**group, "count": count_of(group["addresses"])} for group in told["groups"]}
    assert re.findall(r"^  (\S+): \{role: (\S+), addresses: \[(.*)\]\}$", text, re.M) == [
        (group["name"], group["role"], ", ".join(f'"{word}"' if ":" in word else word for word in group["addresses"]))
        for group in told["groups"] if group["proposed"]]
    proposed = [row for row in told["rows"] if row["basket"] == "proposed"]
    asked = [row for row in told["rows"] if row["basket"] == "ask"]
    assert re.findall(r"^  - \{(id: .*)\}$", text, re.M) == [
        f"id: {row['id']}, from: {row['from']}, to: {row['to']}, protocols: [{', '.join(row['protocols'])}], tls: {row['tls']}"
        + (f", min_tls: \"{row['min_tls']}\"" if "min_tls" in row else "")
        + f", mode: {row['mode']}, learned: {row['learned']}, expires: {row['expires']}" for row in proposed]
    assert re.findall(r"^  # (\d.*)$", text, re.M) == [evidence_of(row, groups.get(row["from"])) for row in proposed]
    assert re.findall(r"^#   (\S+ > \S+ [a-z0-9, -]+)\n#     (.*)\n#     (.*)$", text, re.M) == [
        (row["answer_to"], row["reason"], evidence_of(row, groups.get(row["from"]))) for row in asked]
    assert re.findall(r"^#   (\S+) > (\S+):(\d+) (\S+), (\d+) flows?: (?:(\S+), )?(.*)$", text, re.M) == [
        (pair["client"], pair["server"], str(pair["port"]), pair["protocol"], str(pair["flows"]), pair.get("recommendation", ""),
         pair["reason"]) for pair in told["pairs"]]
    head = re.match(r"# Proposed by mailwarden learn from (\d+) flows, (\S+) to ([0-9-]+).*\n# With a row: (\S+) % of them before, (\S+) % "
                    r"with these; (\d+) to be asked about, (\d+) refused", text).groups()
    share = [f"{100 * number / told['flows']:.1f}" for number in (told["covered"], told["covered"] + told["proposed"])]
    assert head == (str(told["flows"]), told["first"], told["last"], *share, str(told["ask"]), str(told["refused"]))
    return proposed, asked


def test_all_that_the_comments_say_is_in_it(traffic):
    proposed, asked = assert_same(*both(traffic, *ZONES))
    assert [row["from"] for row in proposed] == ["clients-1", "clients-1"] and asked == []
    told = both(traffic, *ZONES)[1]
    assert told["zones"] == [{"name": "internal", "addresses": ["192.0.2.0/24"]}, {"name": "gateway", "addresses": ["198.51.100.0/28"]}]
    assert [(pair["basket"], pair["flows"], pair["server"]) for pair in told["pairs"]] == [("ask", 1, "192.0.2.25")]
    assert told["flows"] == 193 == told["proposed"] + told["ask"] + told["refused"] and told["partial"] is False


def test_rows_to_be_asked_about_name_their_groups(traffic):
    proposed, asked = assert_same(*both(traffic, *ZONES, "--min-days", "7"))
    assert proposed == [] and [row["reason"] for row in asked] == ["young: too few days"] * 2
    told = both(traffic, *ZONES, "--min-days", "7")[1]
    assert {row["from"] for row in asked} <= {group["name"] for group in told["groups"] if not group["proposed"]}


def test_with_a_matrix_what_it_covers_is_counted(traffic, tmp_path):
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text("schema: 1\nzones: {internal: [192.0.2.0/24]}\ngroups:\n  people: {role: client, addresses: [192.0.2.64/27]}\n"
                      "  store: {role: mailbox, addresses: [192.0.2.10]}\nrows:\n"
                      "  - {id: M-01, from: people, to: store, protocols: [imaps]}\n")
    text, told = both(traffic, "-m", matrix)
    proposed, _ = assert_same(text, told)
    assert told["covered"] == 120 and told["zones"] == [] and [row["from"] for row in proposed] == ["people"]


def test_every_bundled_capture_says_the_same_both_ways(tmp_path):
    cases = sorted(path.parent for path in ROOT.glob("pcaps/*/matrix.yaml"))
    flows = tmp_path / "observed"
    subprocess.run([MAILWARDEN, "observed", *[case / "traffic.pcap" for case in cases], "-m", ROOT / "rules/anssi-reference.yaml",
                    "--write", flows], check=True, capture_output=True, timeout=120)
    text, told = both(flows, *ZONES, "--min-days", "1", "--min-sessions", "1")
    kept = []
    for basket in "ask", "refused":  # in the order of the comments, which stop at 200
        pairs = [pair for pair in told["pairs"] if pair["basket"] == basket]
        assert pairs and (f"#   and {len(pairs) - 200} more pairs" in text) == (len(pairs) > 200)
        kept += pairs[:200]
    assert_same(text, {**told, "pairs": kept})
    assert sum(pair["flows"] for pair in told["pairs"] if pair["basket"] == "refused") == told["refused"] > 0


def test_a_curve_is_no_json(traffic):
    done = subprocess.run([MAILWARDEN, "learn", traffic, "--curve", "--json"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and "--curve" in done.stderr and not done.stdout
