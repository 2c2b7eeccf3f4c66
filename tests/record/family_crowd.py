"""Many hosts that do the same, and hosts that only look whether a server is there: how often somebody is told, and of what."""

from case import Family
from family_opening import MAIL, talk
from frames import save

FAMILY = Family()
CASE = FAMILY.case

SITE = """schema: 1
zones: {internal: [192.0.2.0/24, 198.51.100.0/24]}
groups:
  mx-out: {role: outbound, addresses: [192.0.2.25]}
  workstations: {role: client, addresses: [192.0.2.64/26]}
rows:
  - {id: G-01, from: mx-out, to: internet, protocols: [smtp], tls: optional}
"""


def mail(client, at):
    return talk(25, *MAIL, client=client, source=43000 + at, at=at * 2)


@CASE("a-subnet-that-sends", SITE, """Nine hosts of one subnet that the matrix does not declare send to the Internet, one
      after the other: one alert, told again when the hosts have doubled, and once more for those behind. A host of
      another subnet and a declared workstation that do the same have alerts of their own.""",
      findings=("sender.illegitimate",), flows=("smtp illegitimate",) * 11)
def subnet():
    hosts = [f"192.0.2.{last}" for last in range(130, 139)] + ["198.51.100.7", "192.0.2.70"]
    return save([frame for at, host in enumerate(hosts) for frame in mail(host, at)])


PROBE = (*MAIL[:3], ">NOOP\r\n", "<250 2.0.0 Ok\r\n", *MAIL[-2:])


@CASE("smtp-probe", SITE, """A monitoring host says EHLO, NOOP and QUIT to a server of the Internet, and another one of the
      same subnet takes its greeting and goes: attempts, in one alert that is told again with the second host.""",
      findings=("sender.attempt",), absent=("sender.illegitimate",), flows=("smtp illegitimate",) * 2)
def probe():
    return save(talk(25, *PROBE, client="192.0.2.130") + talk(25, MAIL[0], client="192.0.2.131", source=40001, at=5))


@CASE("smtp-probe-that-asks", SITE, """The same hello, and then VRFY, or a sender that the server refuses: that is mail, tried.""",
      findings=("sender.illegitimate",), absent=("sender.attempt",), flows=("smtp illegitimate",) * 2)
def asking():
    return save(talk(25, *MAIL[:3], ">VRFY bob\r\n", "<252 2.0.0 who knows\r\n", *MAIL[-2:], client="192.0.2.130") +
                talk(25, *MAIL[:4], "<550 5.7.1 not you\r\n", *MAIL[-2:], client="198.51.100.7", source=40001, at=5))


WATCHED = SITE.replace("rows:\n", "rows:\n  - {id: P-01, from: watcher, to: internet, protocols: [smtp], probe: yes}\n").replace(
    "groups:\n", "groups:\n  watcher: {role: application, service: technical, addresses: [192.0.2.130]}\n")


@CASE("smtp-probe-declared", WATCHED, """The monitoring host has a row for its probes.""", absent=("sender.attempt",),
      flows=("smtp legitimate P-01",))
def declared():
    return save(talk(25, *PROBE, client="192.0.2.130"))


@CASE("smtp-probe-that-sends", WATCHED, """The monitoring host has a row for its probes, and sends a message: that row
      is none for mail.""", findings=("sender.illegitimate",), absent=("sender.attempt",), flows=("smtp illegitimate",))
def sending():
    return save(talk(25, *MAIL, client="192.0.2.130"))
