"""mailwarden run -q against a TCP client of its own making: what its server does not take ends nothing, what we end stays ended."""
import re

import pytest

import raw_client
import real_site
from real_site import MX_OUT, SERVER, WORKSTATION, Mailflow
from test_tricks import ACTIONS

WHY_NOT = real_site.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
# The server itself hangs up on them, or nothing of theirs ever reached it.
REFUSED_BY_SERVER = {"go-on", "go-on-late"}
NEVER_HEARD = {"reset-ahead-early", "fin-early"}


@pytest.fixture(scope="module")
def servers():
    with real_site.built() as made:
        made.run(made.client, *raw_client.KEEP_QUIET)
        yield made


@pytest.fixture
def site(servers):
    yield servers
    servers.forget()


def try_all(site):
    """What each was told, and which of them the server took."""
    log = site.folder / "postfix-mx" / "log"
    before = len(log.read_text())
    run = site.run(site.client, "/usr/bin/python3", raw_client.__file__, WORKSTATION, SERVER)
    tried = {one["trick"]: one for one in real_site.bench.json_lines(run.stdout)}
    site.swaks(MX_OUT)  # what was taken before it is in the log behind it
    taken = re.findall(r"from=<([\w-]+)@example\.org>, size", log.read_text()[before:])
    assert set(tried) == set(raw_client.TRICKS)
    return tried, set(taken) & set(tried)


def connected(site, tried):
    """The tricks that the server still talks with."""
    listing = site.run(site.server, "ss", "-Htn", "state", "established", "sport", "=", ":25").stdout
    ports = {int(port) for port in re.findall(rf"{WORKSTATION}:(\d+)", listing)}
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
    verdicts = {one["src_port"]: one["mail"]["verdict"] for one in site.records("mail") if one["src_ip"] == WORKSTATION}
    assert "sensor.table-full" in {finding for finding, _, _ in site.alerts()}
    assert {verdicts.get(one["port"]) for one in tried.values()} == {"illegitimate"}


def test_without_a_gate_the_same_gets_through(site):
    run = site.sensor("-q", "0", "--audit")
    tried, taken = try_all(site)
    site.end(run)
    assert set(tried) - taken == REFUSED_BY_SERVER
