"""mailwarden run -q against odd first words at every place: no mail of a forbidden sender is queued, no login is taken.

VARIANTS=all tries each trick at each place, in each of ALL_ACTIONS; VARIANTS=as-is in that one alone.
"""
import collections
import os
import re

import pytest

import real_site
import trickster
import variant_client
import variants
from real_site import MAILBOX, MX_OUT, SERVER
from router import SERVER6
from test_tricks import ACTIONS, BLOCKING

WHY_NOT = real_site.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
ASKED = os.environ.get("VARIANTS", "")
AT_ONCE = 80
FIRST, FIRST6, MX_OUT6, READER = "192.0.2.128", "2001:db8:1:100::70", "2001:db8:2::2", "192.0.2.71"
ALL_ACTIONS = ACTIONS | {
    "reject": tuple(word for one in BLOCKING for word in ("--action", f"{one}=reject")),
    "hold": ("--hold", "64"),
    "ban": ("--ban", "300"),
}
TRIED_IN = {name: options for name, options in ALL_ACTIONS.items() if ASKED in ("all", name) or not ASKED and name == "as-is"}
MATRIX = """
schema: 1
zones:
  internal: [192.0.2.0/24, "2001:db8:1::/48"]
  gateway:  [198.51.100.0/28, "2001:db8:2::/48"]
groups:
  workstations: {role: client, service: office, addresses: [192.0.2.128/25, "2001:db8:1::/48"]}
  readers:      {role: client, service: office, addresses: [192.0.2.71]}
  mailboxes:    {role: mailbox, service: office, addresses: [192.0.2.10], names: [mail.example.org]}
  mx-out:       {role: outbound, addresses: [198.51.100.2, "2001:db8:2::2"]}
rows:
  - {id: M-01, from: readers, to: mailboxes, protocols: [imaps], tls: required}
  - {id: M-04, from: mx-out, to: internet, protocols: [smtp], tls: optional, ports: [25, 2525]}
"""
HONEST_PLACES = ("25", "25-v6", "2525")
# What the server's own kernel or program takes from nobody: overlaps of fragments, junk in front of TLS or of a request, an
# urgent byte in three of SOCKS; and where small answers wait for an acknowledgement, or come by four bytes, TLS comes to
# nothing.
REFUSED_BY_SERVERS = {
    "fragments-overlapping": variant_client.BY_IPV4, "fragments-overlapping-reversed": variant_client.BY_IPV4,
    "opened-with-junk": ("465", "993", "connect", "socks"), "server-is-foreign-early": ("465", "993", "connect", "socks"),
    "urgent-second": ("socks",), "never-acknowledging": ("starttls",), "window-of-4": ("starttls", "465", "993"),
}


class Site(real_site.Site):
    """Behind the gate are hops, and a server that takes the words of TCP Fast Open; the proxies are of both families."""

    matrix = MATRIX
    postfix_options = ("smtpd_timeout = 40s", "default_process_limit = 400")  # many let it wait

    def start_servers(self):
        self.run(self.router, "ip", "route", "add", "2001:db8:1::/48", "dev", "cr")
        self.run(self.router, "ip", "route", "add", "2001:db8:2::/48", "dev", "cr")
        own = [f"192.0.2.{128 + i}/24" for i in range(AT_ONCE)] + [f"2001:db8:1:{0x100 + i:x}::70/128" for i in range(AT_ONCE)]
        for address in own + [f"{READER}/24", f"{MX_OUT6}/128"]:
            self.run(self.client, "ip", "address", "add", address, "dev", "c", *(("nodad",) if ":" in address else ()))
        for tool in ("iptables", "ip6tables"):
            self.run(self.client, tool, *variants.raw_client.KEEP_QUIET)
        for tool, match in (("iptables", ("ttl", "--ttl-lt")), ("ip6tables", ("hl", "--hl-lt"))):
            self.run(self.server, tool, "-t", "mangle", "-A", "PREROUTING", "-p", "tcp", "-m", *match, str(variants.HOPS), "-j",
                     "DROP")
        # without a cookie, as the server takes them
        self.run(self.client, "sysctl", "-qw", "net.ipv4.tcp_fastopen=5")
        self.run(self.server, "sysctl", "-qw", f"net.ipv4.tcp_fastopen={0x603}")
        # the router's own redirects, for what a neighbour sent in the server's name, would turn the answers away
        self.run(self.server, "sysctl", "-qw", "net.ipv6.conf.s.accept_redirects=0", "net.ipv6.conf.all.accept_redirects=0",
                 "net.ipv4.conf.s.accept_redirects=0", "net.ipv4.conf.all.accept_redirects=0")
        super().start_servers()
        self.processes, routers = self.host_processes, self.processes
        for address in (SERVER, SERVER6):
            self.mx.start("/usr/bin/python3", trickster.__file__, "proxy", address)
        self.processes = routers
        self.mx.wait_listening(trickster.SILENT)

    def log(self, name):
        return (self.folder / name / "log").read_text(errors="replace")

    def tried(self, names, source=FIRST, server=SERVER, source6=FIRST6):
        """What each was told, and which of them the servers took."""
        mail, logins = len(self.log("postfix-mx")), len(self.log("dovecot-mailbox"))
        hop = self.run(self.router, "cat", "/sys/class/net/cr/address").stdout.strip()
        run = self.run(self.client, "/usr/bin/python3", variants.__file__, hop, source, server, source6, SERVER6, *names)
        tried = {one["variant"]: one for one in real_site.bench.json_lines(run.stdout)}
        assert set(tried) == set(names), run.stderr
        self.swaks(MX_OUT)  # what was taken before it is in the logs behind it
        queued = re.findall(r"from=<([\w-]+)@example\.org>, size", self.log("postfix-mx")[mail:])
        sources = set(re.findall(r"Login: user=.*rip=([\da-f.:]+),", self.log("dovecot-mailbox")[logins:]))
        return tried, set(queued) & set(names) | {name for name, one in tried.items()
                                                  if "_993" in name and one["address"] in sources}


@pytest.fixture(scope="module")
def servers():
    made = Site()
    try:
        made.build()
        yield made
    finally:
        made.close()


@pytest.fixture
def site(servers):
    yield servers
    servers.forget()


def batches():
    names = list(variants.ALL if ASKED else dict.fromkeys(variants.SHORT))
    return [names[i:i + AT_ONCE] for i in range(0, len(names), AT_ONCE)]


def honest():
    names = variants.HONEST | (variants.LONG_HONEST if ASKED else {})
    return [f"{trick}_{place}" for trick in names for place in HONEST_PLACES]


def refused_anyway():
    return {f"{trick}_{place}{family}" for trick, places in REFUSED_BY_SERVERS.items() for place in places
            for family in ("", "-v6")}


def is_nothing_known(name, one):
    """A proxy was not asked, or did not answer; or a server behind it or off mail's ports did not greet."""
    return (("_connect" in name or "_socks" in name) and "220 " not in one["heard"]) or ("_2525" in name and not one["heard"])


def told(site):
    """The ends of clients that a record or an alert calls forbidden."""
    return {(one["src_ip"], one["src_port"]) for one in site.records() if one.get("mail", {}).get("verdict") == "illegitimate"}


def show(families):
    for name, counts in sorted(families.items()):
        print(f"{name:32} tried {counts['tried']:3}  taken {counts['taken']:3}  told {counts['told']:3}")


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("options", TRIED_IN.values(), ids=TRIED_IN)
def test_no_variant_gets_mail_or_a_login_past_the_gate(site, options):
    taken, untold, families = set(), {}, collections.defaultdict(collections.Counter)
    for names in batches():
        run = site.sensor("-q", "0", "--enforce", *options)
        tried, through = site.tried(names)
        site.end(run)
        known = told(site)
        for name, one in tried.items():
            is_told = (one["address"], one["port"]) in known
            families[name.partition("_")[0]].update(tried=1, taken=name in through, told=is_told)
            if not is_told and not is_nothing_known(name, one):
                untold[name] = one
        taken |= through
        site.forget()
    show(families)
    assert not taken
    assert not untold


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("options", TRIED_IN.values(), ids=TRIED_IN)
def test_what_is_honest_is_never_cut(site, options):
    run = site.sensor("-q", "0", "--enforce", *options)
    tried, taken = site.tried(honest(), MX_OUT, SERVER, MX_OUT6)
    read, is_read = site.tried([f"{trick}_993" for trick in ("honest", "in-small-fragments")], READER, MAILBOX)
    bans = site.status()["bans"]
    site.end(run)
    assert taken == set(tried) and is_read == set(read)
    assert {name: one["resets"] for name, one in tried.items() if one["resets"]} == {}
    assert bans == []
    # servers may still say things again to those of the test before
    assert [one for one in site.records("alert") if one["src_ip"] in (MX_OUT, MX_OUT6, READER)
            and one["alert"]["action"] != "allowed"] == []


@pytest.mark.skipif(not ASKED, reason="of the long form: VARIANTS=all")
@pytest.mark.timeout(3000)
def test_without_a_gate_the_variants_are_taken(site):
    refused = set()
    run = site.sensor("-q", "0", "--audit")
    for names in batches():
        tried, taken = site.tried(names)
        refused |= set(tried) - taken
    site.end(run)
    assert refused - refused_anyway() == set()
