"""What the TLS of user access is worth: versions, ciphers, certificates."""

from case import Family
from certificates import Authority
from clients import curl, s_client, swaks
from lab import Lab
from matrices import (ACCESS, INTERNET_CLIENT, INTERNET_MX, MAILBOX, MX_IN, MX_OUT, OFFICE, RELAY,
                      WORKSTATION, matrix)
from servers import dovecot, openssl_server, postfix

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


def between_servers(suite, source, server, name="mx.example.net"):
    """A Postfix that knows this suite only, and openssl as the client."""
    with Lab() as lab:
        there, here = lab.host("mx", server), lab.host("sender", source)
        postfix(there, name, certificate=Authority(lab.folder).issue(name, "rsa:2048"), options=(
                "smtpd_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1, !TLSv1.3",
                f"tls_medium_cipherlist = {suite}"))
        lab.capture()
        s_client(here, server, 25, "-starttls smtp", "-tls1_2", "-cipher", f"{suite}:{LEGACY}",
                 lines=("EHLO mx-out.example.org", "QUIT"))
        return lab.stop_capture()


@CASE("smtp-weak-cipher-to-the-internet", OFFICE, """The outbound server reaches an Internet server without
      forward secrecy. The row lets it go in clear too, and this is better than that: a notice.""",
      findings=("tls.cipher-weak",), absent=("tls.certificate-self-signed",),
      flows=("smtp legitimate M-04",))
def weak_to_the_internet():
    return between_servers("AES128-SHA", MX_OUT, INTERNET_MX)


@CASE("smtp-weak-cipher-inside", OFFICE, """The same suite between two servers of the entity whose row wants
      STARTTLS: nobody but the entity has to improve it, so it weighs as much as for users.""",
      findings=("tls.cipher-weak",), flows=("smtp legitimate M-02",))
def weak_inside():
    return between_servers("AES128-SHA", MAILBOX, RELAY, "relay.example.org")


@CASE("smtp-cbc-cipher-to-the-internet", OFFICE, """ECDHE with AES in CBC mode towards an Internet server:
      not the best there is (grade B), a notice.""", findings=("tls.cipher-weak",),
      flows=("smtp legitimate M-04",))
def cbc_to_the_internet():
    return between_servers("ECDHE-RSA-AES128-SHA", MX_OUT, INTERNET_MX)


@CASE("smtp-gcm-cipher-to-the-internet", OFFICE, """ECDHE with AES-GCM in TLS 1.2 towards an Internet
      server: grade A.""", absent=("tls.cipher-weak",), flows=("smtp legitimate M-04",))
def gcm_to_the_internet():
    return between_servers("ECDHE-RSA-AES128-GCM-SHA256", MX_OUT, INTERNET_MX)


def in_clear(source, server, sender, to, certificate=True):
    """A message in clear past whatever the server offers."""
    with Lab() as lab:
        there, here = lab.host("mx", server), lab.host("sender", source)
        postfix(there, "mx.example.net", certificate=(
            Authority(lab.folder).issue("mx.example.net") if certificate else None))
        lab.capture()
        swaks(here, server, "--header", "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s; "
              "h=from; bh=AA==; b=AA==", sender=sender, to=to)
        return lab.stop_capture()


@CASE("smtp-starttls-unused-to-the-internet", OFFICE, """The outbound server sends in clear to an Internet
      server that offers STARTTLS. The row has `tls: optional` for those that offer none.""",
      findings=("tls.starttls-unused",), absent=("tls.missing",), flows=("smtp legitimate M-04",))
def unused_to_the_internet():
    return in_clear(MX_OUT, INTERNET_MX, "alice@example.org", "bob@example.net")


@CASE("smtp-clear-to-the-internet", OFFICE, """The outbound server sends in clear to an Internet server that
      offers nothing else.""", absent=("tls.starttls-unused", "tls.starttls-not-offered", "tls.missing"),
      flows=("smtp legitimate M-04",))
def clear_to_the_internet():
    return in_clear(MX_OUT, INTERNET_MX, "alice@example.org", "bob@example.net", certificate=False)


@CASE("smtp-starttls-declined-by-the-internet", OFFICE, """An Internet server does not use the STARTTLS that
      the inbound server offers: it may (RFC 3207 section 4).""",
      absent=("tls.starttls-unused", "tls.missing"), flows=("smtp legitimate M-05",))
def declined_by_the_internet():
    return in_clear(INTERNET_CLIENT, MX_IN, "carol@example.com", "alice@example.org")
