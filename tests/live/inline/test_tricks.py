"""mailwarden run -q against what any user's process can try: no mail is queued, no login taken, and others are not disturbed."""
import ipaddress
import pathlib
import re

import pytest

import real_site
import trickster
from apart import each_apart
from real_site import MAILBOX, SERVER, Mailflow

WHY_NOT = real_site.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
TRICKSTER = str(pathlib.Path(trickster.__file__).resolve())
FIRST_HOST = 128
FIRST_ADDRESS = ipaddress.ip_address(f"192.0.2.{FIRST_HOST}")
BLOCKING = ("sender.illegitimate", "flow.role-mismatch", "flow.illegitimate", "smtps.implicit",
            "zone.user-access-exposed")
ACTIONS = {"as-is": (), "drop": tuple(word for one in BLOCKING for word in ("--action", f"{one}=drop"))}
# Postfix hangs up on a line that begins with no letter, or like HTTP; Dovecot knows no COMPRESS before the login and takes
# no such tag.
REFUSED_BY_SERVERS = {"early-http", "early-json", "early-redis", "early-tls", "early-proxy-header-2", "starttls-alone",
                      "imap-compress", "imap-long-tag"}
# Off mail's ports all was said in one segment before the server spoke: then the records tell, and that must do. In one with
# what a proxy is asked it is kept back, unless the crowd beside it pushes out what was known of it.
MAY_BE_TOLD_ONLY = {"elsewhere-whole", "elsewhere-early-then-whole", "elsewhere-early-long-then-whole", "connect-at-once"}


class Site(real_site.Site):
    matrix = each_apart(real_site.MATRIX, range(FIRST_HOST, 255))

    def start_servers(self):
        super().start_servers()
        for i in range(len(trickster.MAIL_TRICKS) + len(trickster.LOGIN_TRICKS)):
            self.run(self.client, "ip", "address", "add", f"{FIRST_ADDRESS + i}/24", "dev", "c")
        self.run(self.server, "sysctl", "-qw", "net.core.somaxconn=4096")
        self.processes, routers = self.host_processes, self.processes
        self.mx.start("/usr/bin/python3", TRICKSTER, "proxy", SERVER)
        self.processes = routers
        self.mx.wait_listening(trickster.SILENT)

    def log(self, name):
        return (self.folder / name / "log").read_text(errors="replace")

    def tricks(self):
        """What each was told, and which of them the servers took."""
        mail, logins = len(self.log("postfix-mx")), len(self.log("dovecot-mailbox"))
        run = self.run(self.client, "/usr/bin/python3", TRICKSTER, "try", str(FIRST_ADDRESS), SERVER, MAILBOX)
        tried = {one["trick"]: one for one in real_site.bench.json_lines(run.stdout)}
        self.swaks(real_site.MX_OUT)  # what was taken before it is in the logs behind it
        mail, logins = self.log("postfix-mx")[mail:], self.log("dovecot-mailbox")[logins:]
        queued = {name.lower() for name in re.findall(r"(?i)from=<([\w-]+)@example\.org>, size", mail)} & set(tried)
        sources = set(re.findall(r"Login: user=.*rip=([\d.]+),", logins))
        return tried, queued | {name for name, one in tried.items() if one["address"] in sources}


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


def untold(site, tried):
    """The tricks of whose address there is no alert, with what the records say of it, and of the sensor itself."""
    records = site.records()
    sources = {one["src_ip"] for one in records if "alert" in one and "src_ip" in one}
    return {name: [line for line in records if line.get("src_ip", one["address"]) == one["address"]]
            for name, one in tried.items() if one["address"] not in sources}


@pytest.mark.parametrize("options", ACTIONS.values(), ids=ACTIONS)
def test_no_trick_gets_mail_or_a_login_past_the_gate(site, options):
    run = site.sensor("-q", "0", "--enforce", *options)
    flow = Mailflow(site)
    tried, taken = site.tricks()
    results, _ = flow.end()
    assert site.fetch(f"imaps://{MAILBOX}/INBOX;UID=1") == 0
    site.end(run)
    assert len(tried) == len(trickster.MAIL_TRICKS) + len(trickster.LOGIN_TRICKS)
    assert not taken - MAY_BE_TOLD_ONLY
    assert results == {"sent"}
    assert not untold(site, tried)


def test_what_is_only_audited_is_taken_and_told(site):
    run = site.sensor("-q", "0", "--audit")
    tried, taken = site.tricks()
    site.end(run)
    assert set(tried) - taken == REFUSED_BY_SERVERS
    assert not untold(site, tried)
