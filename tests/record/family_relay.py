"""Servers that hand mail to each other: envelope, extensions, ports."""

from case import Family
from clients import dialogue, pause, swaks
from lab import Lab
from matrices import (ACCESS, BALANCER, GATEWAY_TO_INTERNET, INTERNET_MX, MAILBOX,
                      MAILBOXES_TO_RELAY_ANY, MX_IN, MX_OUT, OPTIONAL, RELAY, SCANNER,
                      WORKSTATION, matrix)
from servers import dovecot, postfix, tiny

FAMILY = Family()
CASE = FAMILY.case
XCLIENT = "smtpd_authorized_xclient_hosts = 0.0.0.0/0"


def to_relay(client, services=("25",), options=(), source=MAILBOX, server=RELAY, name="relay"):
    """Record what `client(source host, server address)` does with a Postfix."""
    with Lab() as lab:
        there = lab.host(name, server)
        here = lab.host("sender", source)
        postfix(there, f"{name}.example.org", services, options=options)
        lab.capture()
        client(here, server)
        return lab.stop_capture()


@CASE("smtp-plain-relay", OPTIONAL, """The mailbox server hands one message to the relay in clear,
      which its row allows (tls: optional).""",
      absent=("tls.missing", "tls.starttls-not-offered", "requiretls.clear",
              "zone.mailbox-misplaced"), flows=("smtp legitimate M-02",))
def plain_relay():
    return to_relay(swaks)


@CASE("smtp-pipelining-several-messages", OPTIONAL, """Three messages in one session, the commands of
      each in one segment (PIPELINING); a text line looks like a command and must not be read as one.""",
      flows=("smtp legitimate M-02",))
def pipelining():
    steps = ["<220 ", ">EHLO mail.example.org", "<CHUNKING\\r\\n"]
    for number in range(3):
        steps += [f"=MAIL FROM:<m{number}@example.org>\\r\\nRCPT TO:<a@example.net>\\r\\n"
                  "RCPT TO:<b@example.net>\\r\\nDATA\\r\\n", "<354 ",
                  "=Subject: pipelined\\r\\n\\r\\nAUTH PLAIN AGFsaWNlAHRleHQ=\\r\\n.\\r\\n", "<queued"]
    return to_relay(lambda host, server: dialogue(host, server, 25, *steps, ">QUIT", "<221 "))


@CASE("smtp-bdat", OPTIONAL, """Two BDAT chunks (RFC 3030) whose text looks like STARTTLS and AUTH
      commands: the octets are counted, not read.""",
      absent=("tls.credentials-clear", "tls.starttls-unused"), flows=("smtp legitimate M-02",))
def bdat():
    first = "Subject: chunked\\r\\n\\r\\nSTARTTLS\\r\\n"
    second = "AUTH PLAIN AGFsaWNlAHRleHQ=\\r\\n"
    return to_relay(lambda host, server: dialogue(
        host, server, 25, "<220 ", ">EHLO mail.example.org", "<CHUNKING\\r\\n",
        ">MAIL FROM:<alice@example.org>", "<250 ", ">RCPT TO:<bob@example.net>", "<250 ",
        f"=BDAT 30\\r\\n{first}", "<250 ", f"=BDAT 29 LAST\\r\\n{second}", "<250 ",
        ">QUIT", "<221 "))


@CASE("smtp-xclient", OPTIONAL, """A proxy tells the server the real client with XCLIENT; the server
      greets anew with 220.""", flows=("smtp legitimate M-02",))
def xclient():
    return to_relay(lambda host, server: swaks(
        host, server, "--xclient", "ADDR=203.0.113.99 NAME=mx.example.com"), options=(XCLIENT,))


@CASE("smtp-xforward", matrix(MAILBOXES_TO_RELAY_ANY,
      "id: M-03, from: relay, to: mx-out, protocols: [smtp], tls: optional"),
      """A real Postfix relays a message to another one and adds XFORWARD; two flows.""",
      flows=("smtp legitimate M-02", "smtp legitimate M-03"))
def xforward():
    with Lab() as lab:
        gateway, relay = lab.host("gateway", MX_OUT), lab.host("relay", RELAY)
        here = lab.host("sender", MAILBOX)
        postfix(gateway, "mx-out.example.org",
                options=("smtpd_authorized_xforward_hosts = 0.0.0.0/0",))
        postfix(relay, "relay.example.org",
                options=("smtp_send_xforward_command = yes", "smtp_tls_security_level = none",
                         f"relayhost = [{MX_OUT}]", "relay_transport = smtp",
                         "default_transport = smtp"))
        lab.capture()
        swaks(here, RELAY)
        return lab.stop_capture(settle_s=2)


@CASE("smtp-port-2525", OPTIONAL, """SMTP on 2525 between declared servers; the row speaks of the
      protocol's own ports only, and the port is all that is wrong.""", findings=("port.unusual",),
      absent=("sender.illegitimate",),
      flows=("smtp illegitimate",))
def port_2525():
    return to_relay(lambda host, server: swaks(host, server, "--port", 2525), services=("2525",))


@CASE("smtp-port-2525-declared", matrix(MAILBOXES_TO_RELAY_ANY + ", ports: [25, 2525]"),
      """The same flow with a row that names the port.""", absent=("port.unusual",),
      flows=("smtp legitimate M-02",))
def port_2525_declared():
    return port_2525()


@CASE("smtp-on-443", OPTIONAL, """A workstation speaks SMTP to an Internet server on 443.""",
      findings=("sender.illegitimate", "port.unusual"), flows=("smtp illegitimate",))
def on_443():
    return to_relay(lambda host, server: swaks(host, server, "--port", 443), services=("443",),
                    source=WORKSTATION, server=INTERNET_MX, name="mx")


@CASE("smtp-illegitimate-workstation", OPTIONAL, """A workstation sends straight to an Internet
      server on 25: no row allows it.""", findings=("sender.illegitimate",),
      flows=("smtp illegitimate",))
def workstation():
    return to_relay(swaks, source=WORKSTATION, server=INTERNET_MX, name="mx")


@CASE("smtp-attempt-refused", OPTIONAL, """A workstation tries an Internet server on 25 and gets a
      RST.""", findings=("sender.attempt",), absent=("sender.illegitimate",),
      flows=("attempt illegitimate",))
def refused():
    return attempt(lambda host: None)


@CASE("smtp-attempt-unanswered", OPTIONAL, """A workstation tries an Internet server on 25 and hears
      nothing: SYN and its repetitions.""", findings=("sender.attempt",),
      absent=("sender.illegitimate",), flows=("attempt illegitimate",))
def unanswered():
    # Without a route back the server's answer never leaves it.
    return attempt(lambda host: host.run("ip", "route", "add", "blackhole", f"{WORKSTATION}/32"))


def attempt(prepare):
    with Lab() as lab:
        there, here = lab.host("mx", INTERNET_MX), lab.host("workstation", WORKSTATION)
        prepare(there)
        lab.capture()
        here.run("curl", "-sS", "--max-time", 4, f"smtp://{INTERNET_MX}")
        return lab.stop_capture()


@CASE("lmtp-delivery", matrix("id: M-07, from: relay, to: mailboxes, protocols: [lmtp], tls: optional"),
      """The relay delivers to Dovecot over LMTP on port 24; two recipients, one reply each.""",
      flows=("lmtp legitimate M-07",))
def lmtp():
    with Lab() as lab:
        there, here = lab.host("mailbox", MAILBOX), lab.host("relay", RELAY)
        dovecot(there, ["lmtp"])
        lab.capture()
        swaks(here, MAILBOX, "--protocol", "LMTP", "--port", 24,
              to="alice@example.org,alice@example.net")
        return lab.stop_capture()


@CASE("smtp-requiretls-clear", OPTIONAL, """MAIL FROM with REQUIRETLS (RFC 8689) on a clear channel;
      Postfix does not know it and refuses.""", findings=("requiretls.clear",),
      flows=("smtp legitimate M-02",))
def requiretls():
    return to_relay(lambda host, server: dialogue(
        host, server, 25, "<220 ", ">EHLO mail.example.org", "<CHUNKING\\r\\n",
        ">MAIL FROM:<alice@example.org> REQUIRETLS", "<555 ", ">QUIT", "<221 "))


@CASE("row-expired", matrix(MAILBOXES_TO_RELAY_ANY + ", expires: 2026-06-30"),
      """A flow whose row ended before the capture's time.""",
      findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def expired():
    return to_relay(swaks)


@CASE("row-in-audit-mode", matrix(ACCESS, "id: M-08, from: scanners, to: relay, protocols: [smtp], "
      "tls: starttls, expires: 2027-06-30, mode: audit"),
      """A scanner sends in clear to a relay that offers no STARTTLS; the row is in audit mode, so the
      breach is reported and would not be blocked.""",
      findings=("tls.missing", "tls.starttls-not-offered"))
def audit_mode():
    return to_relay(swaks, source=SCANNER)


BALANCED = matrix(GATEWAY_TO_INTERNET,
                  "id: M-09, from: internet, to: mx-in, protocols: [smtp], tls: optional",
                  groups=("balancer:     {role: proxy, addresses: [198.51.100.4]}",))
HAPROXY = ("smtpd_upstream_proxy_protocol = haproxy",)


def proxied(*prelude):
    return to_relay(lambda host, server: dialogue(
        host, server, 25, *prelude, "<220 ", ">EHLO mx.example.com", "<CHUNKING\\r\\n",
        ">MAIL FROM:<carol@example.com>", "<250 ", ">RCPT TO:<alice@example.org>", "<250 ",
        ">DATA", "<354 ", "=Authentication-Results: mx-in.example.org; spf=pass\\r\\n"
        "Subject: proxied\\r\\n\\r\\nhello\\r\\n.\\r\\n", "<queued", ">QUIT", "<221 "),
        source=BALANCER, server=MX_IN, name="mx-in", options=HAPROXY)


@CASE("proxy-protocol-v1", BALANCED, """A load balancer puts a PROXY v1 line before SMTP; the protocol
      behind it is told all the same, and the client in the header is the judged one.""", absent=("port.foreign",), flows=("smtp legitimate M-09",))
def proxy_v1():
    return proxied(f">PROXY TCP4 203.0.113.99 {MX_IN} 40000 25")


@CASE("proxy-protocol-v2", BALANCED, """The same with the binary PROXY v2 header.""",
      absent=("port.foreign",), flows=("smtp legitimate M-09",))
def proxy_v2():
    return proxied("hex:0d0a0d0a000d0a515549540a2111000c" "cb007163c63364039c400019")


@CASE("proxy-protocol-forged", OPTIONAL, """A workstation writes a PROXY line that names a mailbox server, which
      may send; the server knows no such command and goes on. A header of a host that is no declared server
      counts for nothing: the workstation is judged.""",
      findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def proxy_forged():
    return to_relay(lambda host, server: dialogue(
        host, server, 25, "<220 ", f">PROXY TCP4 {MAILBOX} {RELAY} 40000 25", "<5",
        ">EHLO pc.example.org", "<CHUNKING\\r\\n", ">MAIL FROM:<alice@example.org>", "<250 ",
        ">RCPT TO:<bob@example.org>", "<250 ", ">DATA", "<354 ",
        "=Subject: forged\\r\\n\\r\\nhello\\r\\n.\\r\\n", "<queued", ">QUIT", "<221 "),
        source=WORKSTATION)


def tunnelled(what, *client):
    with Lab() as lab:
        there, here = lab.host("proxy", "203.0.113.80"), lab.host("workstation", WORKSTATION)
        postfix(there, "mx.example.net", ("127.0.0.1:25",))
        tiny(there, 1080, what)
        lab.capture()
        client_words = [str(word) for word in client]
        dialogue(here, "203.0.113.80", 1080, *client_words, "<220 ", ">EHLO pc.example.org",
                 "<CHUNKING\\r\\n", ">MAIL FROM:<alice@example.org>", "<250 ",
                 ">RCPT TO:<bob@example.net>", "<250 ", ">DATA", "<354 ",
                 "=Subject: tunnelled\\r\\n\\r\\nhello\\r\\n.\\r\\n", "<queued", ">QUIT", "<221 ")
        pause()
        return lab.stop_capture()


@CASE("socks5-to-smtp", OPTIONAL, """A workstation reaches a mail server through a SOCKS5 proxy on the
      Internet; SMTP follows the SOCKS exchange in the same flow.""",
      findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def socks5():
    return tunnelled("socks5", "hex:050100", "<\\x05\\x00", "hex:050100017f0000010019",
                     "<\\x00\\x19")


@CASE("http-connect-to-smtp", OPTIONAL, """The same through HTTP CONNECT.""",
      findings=("sender.illegitimate",), flows=("smtp illegitimate",))
def http_connect():
    return tunnelled("http-connect", ">CONNECT 127.0.0.1:25 HTTP/1.1\\r\\nHost: 127.0.0.1:25\\r\\n",
                     "<established\\r\\n\\r\\n")
