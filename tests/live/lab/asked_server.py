"""A mail server of SMTP that is right but for one fault, each on a port of its own: asked_server.py CERTIFICATES ADDRESS FIRST_PORT.

`clean` is what the others differ from. CERTIFICATES is a folder of PEM files, each with certificate and key.
"""
import pathlib
import re
import socket
import ssl
import sys
import threading
import time

# name: what differs
FAULTS = {
    "clean": {},
    "busy": {"greeting": b"421 4.3.2 later\r\n", "ends": True},
    "busy-once": {"busy_first": 1},
    "refuses": {"greeting": b"554 5.7.1 not you\r\n", "ends": True},
    "silent": {"greeting": b""},
    "drips": {"greeting": b"220-" + b"x" * 4000, "slowly": True},
    "hangs-up": {"greeting": b"", "ends": True},
    "other": {"greeting": b"SSH-2.0-OpenSSH_9.2\r\n"},
    "mute-behind-hello": {"list": None},
    "no-hello": {"list": b"502 5.5.1 no\r\n"},
    "long-line": {"more": (b"A" * 65536,)},
    "many-lines": {"more": (b"LINE",) * 5000},
    "hostile": {"greeting": b"220 \x1b]0;owned\x07\xff\xfe\x00<b>\r\n", "more": (b"\x1b[2J\xe2\x80\xae",)},
    "stripped": {"starttls": False},
    "masked": {"starttls": False, "more": (b"XXXXXXXA",)},
    "starttls-refused": {"go_ahead": b"454 4.7.0 no TLS now\r\n"},
    "no-tls-behind": {"handshake": False},
    "keeps-buffer": {"keeps_buffer": True},
    "says-more": {"go_ahead": b"220 go\r\n250 more\r\n"},
    "auth-clear": {"more": (b"AUTH PLAIN CRAM-MD5",)},
    "auth-challenge": {"more": (b"AUTH CRAM-MD5 SCRAM-SHA-256",)},
    "bare-lf": {"takes_lf": True},
    "requiretls-clear": {"more": (b"REQUIRETLS",)},
    "tls-1.0": {"least": ssl.TLSVersion.TLSv1},
    "tls-1.2-most": {"most": ssl.TLSVersion.TLSv1_2},
    "cbc": {"most": ssl.TLSVersion.TLSv1_2, "suites": "ECDHE-ECDSA-AES128-SHA256"},
    "weak-suites": {"suites": "DEFAULT:@SECLEVEL=0", "certificate": "rsa"},
    "expired": {"certificate": "expired"},
    "expiring": {"certificate": "expiring"},
    "wrong-name": {"certificate": "wrong-name"},
    "self-signed": {"certificate": "self-signed"},
    "short-key": {"certificate": "short-key", "suites": "ECDHE+AESGCM:@SECLEVEL=0"},
    "rsa": {"certificate": "rsa"},
    "both": {"certificate": ("clean", "rsa")},
    "mute-by-curves": {"certificate": ("clean", "rsa"), "mute_without": b"\x08\x04"},  # rsa_pss_rsae_sha256
}
CLEAN = {"greeting": b"220 mx.example.org ESMTP\r\n", "ends": False, "busy_first": 0, "slowly": False, "list": True, "more": (),
         "starttls": True, "go_ahead": b"220 2.0.0 go ahead\r\n", "handshake": True, "keeps_buffer": False, "takes_lf": False, "mute_without": None,
         "least": ssl.TLSVersion.TLSv1_2, "most": ssl.TLSVersion.TLSv1_3,
         "suites": "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=1", "certificate": "clean"}


def context_of(fault, folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    suites = fault["suites"]
    context.set_ciphers("DEFAULT:@SECLEVEL=0" if fault["least"] < ssl.TLSVersion.TLSv1_2 else suites)
    context.minimum_version, context.maximum_version = fault["least"], fault["most"]
    names = fault["certificate"]
    for name in (names,) if isinstance(names, str) else names:
        context.load_cert_chain(folder / f"{name}.pem")
    return context


def signatures_of(hello):
    """What a ClientHello has in its signature_algorithms (RFC 8446, section 4.2.3)."""
    for found in re.finditer(rb"\x00\x0d\x00(.)\x00(.)", hello, re.S):
        if found[1][0] == found[2][0] + 2:
            listed = hello[found.end():found.end() + found[2][0]]
            return {listed[at:at + 2] for at in range(0, len(listed), 2)}
    return set()


class Session:
    def __init__(self, fault, context, wire):
        self.fault, self.context, self.wire, self.kept, self.is_inside = fault, context, wire, b"", False

    def line(self):
        """One command; None: the client left, or its line ends wrongly."""
        while b"\n" not in self.kept:
            got = self.wire.recv(4096)
            if not got:
                return None
            self.kept += got
        line, _, self.kept = self.kept.partition(b"\n")
        if not line.endswith(b"\r") and not self.fault["takes_lf"]:
            self.wire.sendall(b"521 5.5.2 bare LF\r\n")
            return None
        return line.rstrip(b"\r")

    def hello(self):
        listed = self.fault["list"]
        if listed is None:
            return time.sleep(60)
        if listed is not True:
            return self.wire.sendall(listed)
        words = [b"mx.example.org", b"PIPELINING", b"CHUNKING"]
        words += [b"REQUIRETLS"] if self.is_inside else self.fault["more"]
        words += [b"STARTTLS"] if self.fault["starttls"] and not self.is_inside else []
        return self.wire.sendall(b"".join(b"250-%s\r\n" % word for word in words) + b"250 HELP\r\n")

    def start_tls(self):
        self.wire.sendall(self.fault["go_ahead"])
        if not self.fault["go_ahead"].startswith(b"220"):
            return True
        if not self.fault["handshake"]:
            return False
        kept, self.kept = self.kept, b""
        signatures = signatures_of(self.wire.recv(4096, socket.MSG_PEEK))
        if self.fault["mute_without"] and signatures and self.fault["mute_without"] not in signatures:
            return time.sleep(60)
        self.wire = self.context.wrap_socket(self.wire, server_side=True)
        self.kept, self.is_inside = kept if self.fault["keeps_buffer"] else b"", True
        return True

    def run(self):
        for byte in self.fault["greeting"] if self.fault["slowly"] else ():
            self.wire.sendall(bytes((byte,)))
            time.sleep(0.05)
        self.wire.sendall(b"" if self.fault["slowly"] else self.fault["greeting"])
        while not self.fault["ends"] and (line := self.line()) is not None:
            verb = line.split(b" ")[0].upper()
            if verb == b"EHLO":
                self.hello()
            elif verb == b"STARTTLS":
                if not self.start_tls():
                    return
            elif verb == b"QUIT":
                return self.wire.sendall(b"221 2.0.0 bye\r\n")
            else:
                self.wire.sendall(b"250 2.0.0 Ok\r\n" if verb == b"NOOP" else b"502 5.5.1 no\r\n")


def serve(fault, context, listener):
    seen = 0
    while True:
        wire = listener.accept()[0]
        seen += 1
        now = {**fault, **(CLEAN | {"greeting": FAULTS["busy"]["greeting"], "ends": True} if seen <= fault["busy_first"] else {})}
        threading.Thread(target=attempt, args=(Session(now, context, wire),), daemon=True).start()


def attempt(session):
    try:
        session.run()
    except OSError:
        pass
    finally:
        session.wire.close()


def main():
    folder, address, first = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    listeners = []
    for number, differs in enumerate(FAULTS.values()):
        fault = CLEAN | differs
        listeners.append((fault, context_of(fault, folder), socket.create_server((address, first + number))))
    for each in listeners[:-1]:
        threading.Thread(target=serve, args=each, daemon=True).start()
    serve(*listeners[-1])


if __name__ == "__main__":
    main()
