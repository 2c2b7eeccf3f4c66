"""mailwarden run -q against a TCP client of its own making: what its server does not take ends nothing, what we end stays ended."""
import re

import pytest

import raw_client
import real_site
import trickster
from real_site import MX_OUT, SERVER, WORKSTATION, Mailflow
from router import SERVER6, WORKSTATION6
from test_tricks import ACTIONS

WHY_NOT = real_site.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
# The server itself hangs up on them, or nothing of theirs ever reached it.
REFUSED_BY_SERVER = {name for name in raw_client.ALL if name.startswith("go-on")}
NEVER_HEARD = {"reset-ahead-early", "fin-early"}


@pytest.fixture
def site():
    """Anew for each test: Postfix waits for those that were let vanish, and talks with so many at most."""
    with real_site.built() as made:
        for tool in ("iptables", "ip6tables"):
            made.run(made.client, tool, *raw_client.KEEP_QUIET)
        made.mx.start("/usr/bin/python3", trickster.__file__, "proxy", SERVER)
        made.mx.wait_listening(trickster.SILENT)
        yield made


def try_all(site, source=WORKSTATION, names=raw_client.ALL):
    """What each was told, and which of them the server took."""
    log = site.folder / "postfix-mx" / "log"
    before = len(log.read_text())
    run = site.run(site.client, "/usr/bin/python3", raw_client.__file__, source, SERVER, WORKSTATION6, SERVER6, *names)
    tried = {one["trick"]: one for one in real_site.bench.json_lines(run.stdout)}
    site.swaks(MX_OUT)  # what was taken before it is in the log behind it
    taken = re.findall(r"from=<([\w-]+)@example\.org>, size", log.read_text()[before:])
    assert set(tried) == set(names)
    return tried, set(taken) & set(tried)


def connected(site, tried):
    """The tricks that the server still talks with."""
    listing = site.run(site.server, "ss", "-Htn", "state", "established", "sport", "!=", ":3128").stdout
    ports = {int(port) for port in re.findall(rf"(?:{WORKSTATION}|\[{WORKSTATION6}\]):(\d+)", listing)}
    return {name for name, one in tried.items() if one["port"] in ports}


@pytest.mark.parametrize("options", ACTIONS.values(), ids=ACTIONS)
def test_nothing_gets_past_by_ends_that_are_none(site, options):
    run = site.sensor("-q", "0", "--enforce", *options)
    flow = Mailflow(site)
    tried, taken = try_all(site)
    results, _ = flow.end()
    still = connected(site, tried)
    site.end(run)
    assert not taken
    assert results == {"sent"}
    assert options or still <= NEVER_HEARD, "our resets are taken"
    verdicts = {one["src_port"]: one["mail"]["verdict"] for one in site.records("mail")
                if one["src_ip"] in (WORKSTATION, WORKSTATION6)}
    assert "sensor.table-full" in {finding for finding, _, _ in site.alerts()}
    assert {name for name, one in tried.items() if verdicts.get(one["port"]) != "illegitimate"} == set()


@pytest.mark.parametrize("options", [(), ("--hold", "64", "--ban", "300")], ids=["as-is", "hold-and-ban"])
def test_an_honest_client_is_never_cut(site, options):
    run = site.sensor("-q", "0", "--enforce", *options)
    tried, taken = try_all(site, MX_OUT, raw_client.HONEST)
    assert site.status()["bans"] == []
    site.end(run)
    assert taken == set(tried)
    assert {name: one["resets"] for name, one in tried.items() if one["resets"]} == {}
    assert {action for _, action, _ in site.alerts()} <= {"allowed"}


def test_without_a_gate_the_same_gets_through(site):
    run = site.sensor("-q", "0", "--audit")
    tried, taken = try_all(site)
    site.end(run)
    assert set(tried) - taken == REFUSED_BY_SERVER
