"""Users handing in mail: AUTH in clear and encrypted."""

from case import Family
from certificates import Authority
from clients import swaks
from lab import Lab
from matrices import OFFICE, SUBMISSION, WORKSTATION, matrix
from dummies import PASSWORD, USER, WRONG_PASSWORD
from servers import dovecot, postfix

FAMILY = Family()
CASE = FAMILY.case
IN_CLEAR = matrix("id: M-06, from: workstations, to: submission, protocols: [submission], "
                  "tls: optional")


def submit(*options, certificate=True, password=PASSWORD):
    with Lab() as lab:
        there, here = lab.host("submission", SUBMISSION), lab.host("workstation", WORKSTATION)
        pair = Authority(lab.folder).issue("submission.example.org") if certificate else None
        socket = dovecot(there, [])
        postfix(there, "submission.example.org", ("587",), pair,
                ("smtpd_sasl_auth_enable = yes", f"smtpd_sasl_path = {socket}",
                 "smtpd_sasl_security_options = noanonymous"))
        lab.capture()
        swaks(here, SUBMISSION, "--port", 587, "--auth-user", USER, "--auth-password", password,
              *options)
        return lab.stop_capture()


@CASE("smtp-auth-plain-clear", OFFICE, """A workstation sends AUTH PLAIN and a message in clear although
      STARTTLS is offered.""",
      findings=("tls.credentials-clear", "tls.missing", "tls.starttls-unused"))
def plain_clear():
    return submit("--auth", "PLAIN")


@CASE("smtp-auth-login-rejected", OFFICE, """AUTH LOGIN in clear with a wrong password: the secret crossed
      the wire even though the server says 535.""",
      findings=("tls.credentials-clear", "tls.missing", "tls.starttls-not-offered"))
def login_rejected():
    return submit("--auth", "LOGIN", certificate=False, password=WRONG_PASSWORD)


@CASE("smtp-auth-cram-md5", IN_CLEAR, """CRAM-MD5 on a clear channel which the row allows: no reusable
      secret crosses.""", absent=("tls.credentials-clear", "tls.missing"),
      flows=("submission legitimate M-06",))
def cram_md5():
    return submit("--auth", "CRAM-MD5", certificate=False)


@CASE("submission-starttls-auth", OFFICE, """Submission as it should be: STARTTLS on 587, then AUTH.""",
      absent=("tls.credentials-clear", "tls.missing"), flows=("submission legitimate M-06",))
def starttls_auth():
    return submit("--auth", "PLAIN", "--tls")
