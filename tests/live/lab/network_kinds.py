"""What happens in the test network (network.py): kinds of mail as they should be, and kinds that are to be found.

A legitimate kind: its name, the host whose client does it, the order to that client (network_client.py), and behind how many
seconds it is done again. One that is to be found: its name, host and order likewise, then whom the one alert about it must
accuse (source, destination, port) and of what: all findings that the alert may tell, the first being what it is about.
"""
import collections

Legitimate = collections.namedtuple("Legitimate", "name host order again")
Illegitimate = collections.namedtuple("Illegitimate", "name host order ends findings")

RELAY, MAILBOX, UNDECLARED, MONITORING, CRM = "192.0.2.25", "192.0.2.10", "192.0.2.30", "192.0.2.60", "192.0.2.40"
MX_OUT, MX_IN = "198.51.100.2", "198.51.100.3"
MX, GREY_MX, OTHER_MX, STRANGER, PROXY = "203.0.113.5", "203.0.113.6", "203.0.113.7", "203.0.113.50", "203.0.113.80"
OFFICE365_SUBMISSION, NEWSLETTER = "203.0.113.11", "203.0.113.15"
INNER = ("198.51.100.129", "198.51.100.130")  # of the tunnel: at the stranger's, at the undeclared host

IN_CLEAR = ["--login-options", "AUTH=PLAIN"]

OURS, THEIRS = "alice@example.org", "bob@example.net"


def message(server, sender, to, **more):
    return {"do": "mail", "server": server, "sender": sender, "to": to, "tls": "starttls", **more}


def clear(order):
    return {**order, "tls": None}


INWARD = message(MX_IN, THEIRS, OURS, source=STRANGER, helo="mx.example.net")
OUTWARD = message(RELAY, OURS, THEIRS, helo="crm.example.org")

LEGITIMATE = (
    Legitimate("from the Internet, to a mailbox by relay and LMTP", "world", INWARD, 2),
    Legitimate("from the Internet, with a big attachment", "world", {**INWARD, "kilobytes": 3000}, 9),
    Legitimate("from the Internet, to nobody: a bounce goes out", "world", {**INWARD, "to": "nobody@example.org"}, 8),
    Legitimate("to the Internet by the gateway", "crm", OUTWARD, 2),
    Legitimate("to the Internet, greylisted and tried again", "crm", {
        **OUTWARD, "to": "bob@grey.example.net", "sender": "alice+{number}@example.org"}, 7),
    Legitimate("to a provider known by name", "crm", {**OUTWARD, "to": "bob@example.com"}, 3),
    Legitimate("submission to Microsoft 365 by name", "desk", message(
        "smtp.office365.com", OURS, THEIRS, port=587, login=True), 3),
    Legitimate("submissions to Google by name", "desk", message(
        "smtp.gmail.com", OURS, THEIRS, port=465, login=True, tls="implicit"), 3),
    Legitimate("IMAPS", "desk", {"do": "read", "url": f"imaps://{MAILBOX}/INBOX?ALL"}, 4),
    Legitimate("IMAP with STARTTLS", "desk", {"do": "read", "url": f"imap://{MAILBOX}/INBOX?ALL", "options": ["--ssl-reqd"]}, 4),
    Legitimate("POP3S", "desk", {"do": "read", "url": f"pop3s://{MAILBOX}/"}, 4),
    Legitimate("ManageSieve", "desk", {"do": "sieve", "server": MAILBOX}, 6),
    Legitimate("IMAPS of Microsoft 365 by name", "desk", {"do": "read", "url": "imaps://outlook.office365.com/INBOX?ALL"}, 5),
    Legitimate("IMAPS of Google by name", "desk", {"do": "read", "url": "imaps://imap.gmail.com/INBOX?ALL"}, 6),
    Legitimate("monitoring asks the gateway", "monitoring", {"do": "probe", "server": MX_IN}, 5),
    Legitimate("monitoring asks the relay", "monitoring", {"do": "probe", "server": RELAY}, 5),
)

ILLEGITIMATE = (
    Illegitimate("a workstation sends on port 25", "desk", message(MX, OURS, THEIRS),
                 ("192.0.2.70", MX, 25), ("sender.illegitimate",)),
    Illegitimate("an application sends on port 465", "crm", message(MX, OURS, THEIRS, port=465, tls="implicit"),
                 (CRM, MX, 465), ("sender.illegitimate", "smtps.implicit")),
    Illegitimate("an undeclared host sends on port 2525", "undeclared", message(MX, OURS, THEIRS, port=2525),
                 (UNDECLARED, MX, 2525), ("sender.illegitimate", "port.unusual")),
    Illegitimate("monitoring sends, and calls itself the gateway", "monitoring", message(
        MX, OURS, THEIRS, helo="mx-out.example.org"), (MONITORING, MX, 25), ("sender.illegitimate",)),
    Illegitimate("the relay sends past the gateway", "relay", message(MX, OURS, THEIRS),
                 (RELAY, MX, 25), ("sender.illegitimate", "relay.chained")),
    Illegitimate("what only receives sends", "mx-in", message(MX, OURS, THEIRS),
                 (MX_IN, MX, 25), ("flow.role-mismatch", "gateway.send-receive-mixed")),
    Illegitimate("the Internet sends by our sending server", "world", message(
        MX_OUT, "eve@example.net", "bob@example.com", source="203.0.113.60"),
                 ("203.0.113.60", MX_OUT, 25), ("flow.role-mismatch", "gateway.send-receive-mixed")),
    Illegitimate("login in clear by IMAP", "desk", {"do": "read", "url": f"imap://{MAILBOX}/INBOX?ALL", "options": IN_CLEAR},
                 ("192.0.2.70", MAILBOX, 143), ("tls.credentials-clear", "tls.missing", "tls.starttls-unused")),
    Illegitimate("login in clear by POP3", "desk", {
        "do": "read", "url": f"pop3://{MAILBOX}/", "options": IN_CLEAR, "source": "192.0.2.71"},
                 ("192.0.2.71", MAILBOX, 110), ("tls.credentials-clear", "tls.missing", "tls.starttls-unused")),
    Illegitimate("login in clear by submission", "desk", clear(message("smtp.office365.com", OURS, THEIRS, port=587, login=True)),
                 ("192.0.2.70", OFFICE365_SUBMISSION, 587), ("tls.credentials-clear", "tls.missing", "tls.starttls-unused")),
    Illegitimate("mail by a SOCKS proxy", "resolver", message(
        MX, OURS, THEIRS, by="socks", proxy=(PROXY, 1080)), ("192.0.2.53", PROXY, 1080), ("sender.illegitimate", "port.unusual")),
    Illegitimate("mail by an HTTP proxy", "mailbox", message(
        MX, OURS, THEIRS, by="connect", proxy=(PROXY, 8080)), (MAILBOX, PROXY, 8080), ("sender.illegitimate", "port.unusual")),
    Illegitimate("mail is read from an undeclared server inside", "desk", {
        "do": "read", "url": "imaps://box.example.org/INBOX?ALL"},
                 ("192.0.2.70", UNDECLARED, 993), ("flow.illegitimate",)),
    Illegitimate("a mailbox is read from the Internet", "world", {"do": "read", "url": f"imaps://{MAILBOX}/INBOX?ALL"},
                 (MX, MAILBOX, 993), ("zone.user-access-exposed", "flow.illegitimate")),
    Illegitimate("STARTTLS is stripped on the way", "crm", {**OUTWARD, "to": "bob@other.example.net"},
                 (MX_OUT, OTHER_MX, 25), ("tls.starttls-stripped", "tls.starttls-not-offered", "tls.missing")),
    Illegitimate("mail in a tunnel", "undeclared", message(INNER[0], OURS, THEIRS, source=INNER[1]),
                 (UNDECLARED, MX, 25), ("tunnel.mail",)),
    Illegitimate("mail by a row that has expired", "crm", message(
        "smtp.newsletter.example.net", OURS, THEIRS, port=587, login=True), (CRM, NEWSLETTER, 587), ("sender.illegitimate",)),
)
