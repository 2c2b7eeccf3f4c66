"""Letters that hold what looks like a dialogue: anybody may write them, and they accuse nobody."""

from case import Family
from family_opening import spoken
from matrices import INTERNET_MX, MX_IN, OFFICE

FAMILY = Family()
CASE = FAMILY.case

HELLO = ("<220 mx-in.example.org ESMTP\r\n", ">EHLO mail.example.net\r\n",
         "<250-mx-in.example.org\r\n250-STARTTLS\r\n250 SIZE 1000000\r\n")
ENVELOPE = (">MAIL FROM:<carol@example.net>\r\n", "<250 2.1.0 Ok\r\n", ">RCPT TO:<alice@example.org>\r\n",
            "<250 2.1.5 Ok\r\n", ">DATA\r\n", "<354 go on\r\n")
TAKEN = ("<250 2.0.0 Ok: queued as 1\r\n", ">QUIT\r\n", "<221 2.0.0 Bye\r\n")


def letter(text):
    return spoken(25, *HELLO, *ENVELOPE, f">Subject: hello\r\n\r\n{text}\r\n.\r\n", *TAKEN,
                  client=INTERNET_MX, server=MX_IN)


@CASE("smtp-smuggling-by-cr", OFFICE, """A letter to our gateway holds CR.CR and a second envelope behind it:
      some servers take a lone CR for the end of a line. One reply comes, and it is told all the
      same.""", findings=("smtp.smuggling",), absent=("sender.illegitimate",), flows=("smtp legitimate M-05",))
def smuggled():
    return letter("hello\r.\rMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nhello")


@CASE("letter-with-lone-cr", OFFICE, """A letter with lone CR around a dot, and text behind it: no command, no
      smuggling.""", absent=("smtp.smuggling",), flows=("smtp legitimate M-05",))
def with_cr():
    return letter("one line\r.\rand mail from an old Macintosh\r\nbye")
