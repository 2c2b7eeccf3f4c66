"""Many hosts that do the same: how often somebody is told."""

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
