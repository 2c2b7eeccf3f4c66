"""What the TLS of user access is worth: versions, ciphers, certificates."""

from case import Family
from certificates import Authority
from clients import curl, s_client
from lab import Lab
from matrices import ACCESS, MAILBOX, OFFICE, WORKSTATION, matrix
from servers import dovecot, openssl_server

FAMILY = Family()
CASE = FAMILY.case
CERTIFICATE_ROW = matrix(ACCESS + ", client_certificate: required")
LEGACY = "@SECLEVEL=0"


def imaps(issue, options="", client=None, client_pair=False):
    """A Dovecot with the pair `issue(authority)` gives; TLS 1.2, so that certificates show."""
    with Lab() as lab:
        there, here = lab.host("mailbox", MAILBOX), lab.host("workstation", WORKSTATION)
        authority = Authority(lab.folder)
        shown = authority.issue("alice.example.org") if client_pair else None
        dovecot(there, ["imaps"], issue(authority),
                options.format(authority=authority.certificate))
        lab.capture()
        if client:
            client(here, shown)
        else:
            keys = ("--cert", shown[0], "--key", shown[1]) if shown else ()
            curl(here, f"imaps://{MAILBOX}/", "--tls-max", "1.2",
                 "--resolve", f"mail.example.org:993:{MAILBOX}", *keys)
        return lab.stop_capture()


def good(authority):
    return authority.issue("mail.example.org")


@CASE("imaps-tls12", OFFICE, """IMAPS with TLS 1.2 and a certificate in order.""",
      absent=("tls.certificate-self-signed", "tls.certificate-expired",
              "tls.certificate-weak-key"),
      flows=("imaps legitimate M-01",))
def tls12():
    return imaps(good)


@CASE("imaps-tls12-selfsigned", OFFICE, """The certificate is signed by itself.""",
      findings=("tls.certificate-self-signed",))
def self_signed():
    return imaps(lambda authority: authority.self_signed("mail.example.org"))


@CASE("imaps-expired-certificate", OFFICE, """The certificate ended before the capture's time.""",
      findings=("tls.certificate-expired",),
      absent=("tls.certificate-expiring", "tls.certificate-name-mismatch"))
def expired():
    return imaps(lambda authority: authority.issue(
        "mail.example.org", start="20240101000000Z", end="20250101000000Z"))


@CASE("imaps-expiring-certificate", OFFICE, """The certificate ends eleven days or less after the
      capture.""", findings=("tls.certificate-expiring",), absent=("tls.certificate-expired",))
def expiring():
    return imaps(lambda authority: authority.issue("mail.example.org", end="20261205000000Z"))


@CASE("imaps-name-mismatch", OFFICE, """The certificate bears another name than the group declares.""",
      findings=("tls.certificate-name-mismatch",))
def mismatch():
    return imaps(lambda authority: authority.issue("www.example.com"))


@CASE("imaps-weak-key", OFFICE, """An RSA key of 1024 bits, served by openssl s_server with SECLEVEL=0.""",
      findings=("tls.certificate-weak-key",))
def weak_key():
    return by_openssl(lambda authority: authority.issue("mail.example.org", "rsa:1024"),
                      ("-tls1_2", "-cipher", f"ECDHE-RSA-AES128-GCM-SHA256:{LEGACY}"))


ASK = ("ssl_ca = <{authority}\nssl_verify_client_cert = yes\n"
       "ssl_require_crl = no\nauth_ssl_require_client_cert = no\n")


@CASE("imaps-client-certificate-shown", CERTIFICATE_ROW, """The row wants a client certificate, and in TLS
      1.2 the handshake shows one.""", absent=("tls.client-certificate-missing",),
      flows=("imaps legitimate M-01",))
def certificate_shown():
    return imaps(good, ASK, client_pair=True)


@CASE("imaps-client-certificate-missing", CERTIFICATE_ROW, """The server asks for a client certificate and
      the client has none.""", findings=("tls.client-certificate-missing",))
def certificate_missing():
    return imaps(good, ASK)


def by_openssl(issue, options):
    """Both ends openssl, at a security level that mail servers refuse."""
    with Lab() as lab:
        there, here = lab.host("mailbox", MAILBOX), lab.host("workstation", WORKSTATION)
        openssl_server(there, 993, issue(Authority(lab.folder)), *options)
        lab.capture()
        s_client(here, MAILBOX, 993, *options, lines=("a1 CAPABILITY", "a9 LOGOUT"))
        return lab.stop_capture()


@CASE("tls10-obsolete", OFFICE, """TLS 1.0 on 993 where the row wants 1.2.""",
      findings=("tls.version-obsolete",), absent=("tls.cipher-weak",))
def tls10():
    return by_openssl(good, ("-tls1", "-cipher", f"ECDHE-ECDSA-AES128-SHA:{LEGACY}"))


@CASE("tls-weak-cipher", OFFICE, """TLS 1.2 without forward secrecy: AES128-SHA with static RSA.""",
      findings=("tls.cipher-weak",), absent=("tls.version-obsolete",))
def static_rsa():
    return by_openssl(lambda authority: authority.issue("mail.example.org", "rsa:2048"),
                      ("-tls1_2", "-cipher", f"AES128-SHA:{LEGACY}"))


@CASE("tls-null-cipher", OFFICE, """TLS 1.2 that encrypts nothing: NULL-SHA256.""",
      findings=("tls.cipher-weak",))
def null_cipher():
    return by_openssl(lambda authority: authority.issue("mail.example.org", "rsa:2048"),
                      ("-tls1_2", "-cipher", f"NULL-SHA256:{LEGACY}"))
