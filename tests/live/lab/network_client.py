#!/usr/bin/python3
"""A client of the test network (network.py), inside its host.

Takes an order a line, {"do": NAME, ...}, and answers each with a line, {"error": null or text, "seconds": ...}.
network_client.py greylist PORT - the policy service of a server that puts off whom it does not know
"""
import base64
import json
import smtplib
import socket
import socketserver
import ssl
import subprocess
import sys
import time

USER, PASSWORD = "alice", "not-a-real-secret-1"  # the dummies of tests/record
PLAIN = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
PATIENCE_S = 30
MESSAGE = """From: <{sender}>\r
To: <{to}>\r
Subject: a message of the test network\r
Message-ID: <{number}@client.example.org>\r
Date: Sun, 29 Nov 2026 12:00:00 +0000\r
DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=test; h=from; bh=; b=\r
Authentication-Results: client.example.org; none\r
\r
"""


def anything():
    """TLS that trusts whoever answers."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def socks_to(link, address, port):
    link.sendall(b"\5\1\0")
    link.recv(2)
    link.sendall(b"\5\1\0\1" + socket.inet_aton(address) + port.to_bytes(2, "big"))
    if link.recv(10)[1:2] != b"\0":
        raise OSError("the proxy refuses")


def connect_to(link, address, port):
    link.sendall(f"CONNECT {address}:{port} HTTP/1.1\r\nHost: {address}:{port}\r\n\r\n".encode())
    said = b""
    while not said.endswith(b"\r\n\r\n"):  # and nothing of what the server says behind it
        said += link.recv(1) or b"\r\n\r\n"
    if b" 200 " not in said:
        raise OSError("the proxy refuses")


ROUNDABOUT = {"socks": socks_to, "connect": connect_to}


class Client(smtplib.SMTP):
    """From an address of the host, straight or by a proxy."""

    def __init__(self, order):
        self.order = order
        source = (order["source"], 0) if "source" in order else None
        super().__init__(order["server"], order.get("port", 25), order.get("helo", "client.example.org"), PATIENCE_S, source)

    def _get_socket(self, host, port, timeout):
        by, proxy = self.order.get("by"), self.order.get("proxy")
        link = socket.create_connection(tuple(proxy) if by else (host, port), timeout, self.source_address)
        if by:
            ROUNDABOUT[by](link, host, port)
        return anything().wrap_socket(link, server_hostname=host) if self.order.get("tls") == "implicit" else link


def mail(order):
    """One message, until the server has it."""
    order = {**order, "sender": order["sender"].format(**order)}
    with Client(order) as client:
        client.ehlo()
        if order.get("tls") == "starttls":
            client.starttls(context=anything())
            client.ehlo()
        if order.get("login"):
            code, said = client.docmd("AUTH", "PLAIN " + PLAIN)
            if code != 235:
                raise smtplib.SMTPException(f"login: {code} {said}")
        text = MESSAGE.format(**order)
        text += ("0123456789 and so on, for a line of the attachment of this message\r\n" * (order.get("kilobytes", 1) * 15))
        client.sendmail(order["sender"], order["to"], text)


def probe(order):
    """What monitoring does: connect, hello, and go."""
    with Client(order) as client:
        client.ehlo()


def program(words, given=""):
    done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if done.returncode != 0:
        raise OSError(f"{words[0]}: {done.returncode} {done.stderr.strip()[-200:]}")
    return done.stdout


def read(order):
    """A mailbox, by curl."""
    source = ["--interface", order["source"]] if "source" in order else []
    program(["curl", "-sS", "--insecure", "--max-time", str(PATIENCE_S), *source, *order.get("options", ()),
             "--user", f"{USER}:{PASSWORD}", order["url"]])


def sieve(order):
    """Lists the scripts, by openssl."""
    said = program(["openssl", "s_client", "-starttls", "sieve", "-connect", f"{order['server']}:4190", "-quiet", "-ign_eof"],
                   f'AUTHENTICATE "PLAIN" "{PLAIN}"\r\nLISTSCRIPTS\r\nLOGOUT\r\n')
    if said.count("\nOK") + said.startswith("OK") < 3:
        raise OSError(f"sieve: {said[-200:]!r}")


def attempt(order):
    start = time.monotonic()
    error = None
    try:
        {"mail": mail, "probe": probe, "read": read, "sieve": sieve}[order["do"]](order)
    except (OSError, smtplib.SMTPException, subprocess.SubprocessError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    return {"error": error, "seconds": time.monotonic() - start}


class Greylist(socketserver.StreamRequestHandler):
    """Postfix's policy protocol: a sender that was not seen before is to come again."""

    seen = set()

    def handle(self):
        asked = {}
        for line in self.rfile:
            name, _, value = line.decode().strip().partition("=")
            asked[name] = value
            if name:
                continue
            sender = asked.get("sender", "")
            answer = "dunno" if sender in self.seen else "defer_if_permit greylisted, come again"
            self.seen.add(sender)
            self.wfile.write(f"action={answer}\n\n".encode())
            asked = {}


def main():
    if sys.argv[1:2] == ["greylist"]:
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[2])), Greylist).serve_forever()
    for line in sys.stdin:
        print(json.dumps(attempt(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
