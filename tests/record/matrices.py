"""The matrices of the cases: one entity, and the rows a case needs."""

WORKSTATION = "192.0.2.70"
SCANNER = "192.0.2.130"
MAILBOX = "192.0.2.10"
SUBMISSION = "192.0.2.20"
RELAY = "192.0.2.25"
MX_OUT = "198.51.100.2"
MX_IN = "198.51.100.3"
BALANCER = "198.51.100.4"
INTERNET_MX = "203.0.113.25"
INTERNET_CLIENT = "203.0.113.70"

HEAD = """schema: 1
profile: anssi
zones:
  internal: [192.0.2.0/24, "2001:db8:1::/48"]
  gateway:  [198.51.100.0/28]
groups:
  workstations: {role: client, service: office, addresses: [192.0.2.64/26, "2001:db8:1:64::/64"]}
  mailboxes:    {role: mailbox, service: office, addresses: [192.0.2.10, "2001:db8:1::10"], names: [mail.example.org]}
  submission:   {role: submission, service: office, addresses: [192.0.2.20], names: [submission.example.org]}
  relay:        {role: relay, service: office, addresses: [192.0.2.25], names: [relay.example.org]}
  mx-out:       {role: outbound, addresses: [198.51.100.2], names: [mx-out.example.org]}
  mx-in:        {role: inbound, addresses: [198.51.100.3], names: [mx-in.example.org]}
  scanners:     {role: application, service: technical, addresses: [192.0.2.128-192.0.2.140]}
"""


def matrix(*rows, groups=(), profile="anssi"):
    """The entity's matrix with these rows, each the inside of a YAML flow mapping."""
    head = HEAD.replace("profile: anssi", f"profile: {profile}")
    text = head + "".join(f"  {group}\n" for group in groups) + "rows:\n"
    return text + "".join(f"  - {{{row}}}\n" for row in rows)


# Rows that many cases share.
MAILBOXES_TO_RELAY = "id: M-02, from: mailboxes, to: relay, protocols: [smtp], tls: starttls"
MAILBOXES_TO_RELAY_ANY = "id: M-02, from: mailboxes, to: relay, protocols: [smtp], tls: optional"
RELAY_TO_GATEWAY = "id: M-03, from: relay, to: mx-out, protocols: [smtp], tls: starttls"
GATEWAY_TO_INTERNET = ("id: M-04, from: mx-out, to: internet, protocols: [smtp], tls: optional, "
                       "owner: postmaster, ticket: NET-12")
INTERNET_TO_GATEWAY = "id: M-05, from: internet, to: mx-in, protocols: [smtp], tls: offered"
SUBMIT = "id: M-06, from: workstations, to: submission, protocols: [submission], tls: required"
ACCESS = ("id: M-01, from: workstations, to: mailboxes, protocols: [imap, imaps, pop3, pop3s, "
          'sieve], tls: required, min_tls: "1.2"')

OFFICE = matrix(ACCESS, MAILBOXES_TO_RELAY, RELAY_TO_GATEWAY, GATEWAY_TO_INTERNET,
                INTERNET_TO_GATEWAY, SUBMIT)
OPTIONAL = matrix(MAILBOXES_TO_RELAY_ANY, GATEWAY_TO_INTERNET, INTERNET_TO_GATEWAY)
