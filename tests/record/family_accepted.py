"""What the matrix accepts of a flow, and what it does not."""

from case import Family
from family_opening import MAIL, talk
from frames import save
from matrices import INTERNET_MX, MAILBOX, MAILBOXES_TO_RELAY, RELAY, matrix

FAMILY = Family()
CASE = FAMILY.case
DMZ = "198.51.100.9"
SIGNED = tuple(turn.replace(">Subject", ">DKIM-Signature: v=1; d=example.org; b=bm90LXJlYWw=\r\nSubject")
               for turn in MAIL)
CLEAR = ("tls.missing", "tls.starttls-not-offered")


def accepting(names, until):
    return matrix(f"{MAILBOXES_TO_RELAY}, owner: messaging, accepts: [{names}], "
                  f'reason: "the relay gets its certificate in spring", until: {until}')


def in_clear(source):
    return save(talk(25, *MAIL, client=MAILBOX, server=RELAY, source=source))


@CASE("accepted-by-row", accepting("tls.missing, tls.starttls-not-offered", "2099-12-31"),
      """Mail in clear where the row wants STARTTLS, and accepts for a time that there is none: no alert, and
      the record says by whom and why.""", absent=CLEAR, flows=("smtp illegitimate",))
def by_row():
    return in_clear(40010)


@CASE("accepted-another-finding", accepting("tls.version-obsolete", "2099-12-31"),
      """The mail of accepted-by-row, whose row accepts another finding: both are told.""", findings=CLEAR, flows=("smtp illegitimate",))
def another():
    return in_clear(40020)


@CASE("accepted-until-last-month", accepting("tls.missing, tls.starttls-not-offered", "2026-10-31"),
      """The mail of accepted-by-row, and the last day on which the row
      accepted that is behind the capture.""", findings=CLEAR,
      flows=("smtp illegitimate",))
def last_month():
    return in_clear(40030)


@CASE("accepted-by-group", matrix(
      "id: M-08, from: dmz-mailboxes, to: relay, protocols: [smtp], tls: optional",
      groups=(f"dmz-mailboxes: {{role: mailbox, addresses: [{DMZ}], owner: messaging, accepts: [R34, R37], "
              "reason: moves inside with the new data centre}",)),
      """A mailbox server outside of the internal zone hands mail to the relay, and its group accepts R34. What
      it sends to the Internet past all rows is told: a group accepts no illegitimate flow.""",
      findings=("sender.illegitimate",), absent=("zone.mailbox-misplaced",),
      flows=("smtp legitimate M-08", "smtp illegitimate"))
def by_group():
    return save(talk(25, *MAIL, client=DMZ, server=RELAY, source=40040) +
                talk(25, *SIGNED, client=DMZ, server=INTERNET_MX, source=40041, at=5.0))
