"""TLS and login in front of the brokers of kafka_cluster, which have neither: one port for each, named localhost.

What brokers say of each other's ports is changed to ours on the way back. Requests to log in (SaslHandshake,
SaslAuthenticate) are answered here, and named among those that a broker knows.
"""

import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
import threading

from relp_receiver import CA, LOCAL

NAMED = b"\x00\x09127.0.0.1"  # a string of the protocol; ours has as many letters
HANDSHAKE, VERSIONS, AUTHENTICATE = 17, 18, 36  # requests of the protocol
WRONG = 58  # its error


class Refused(Exception):
    """Who logs in does not know the password."""


def plain(receive, send, user, password):
    if receive() != f"\0{user}\0{password}".encode():
        raise Refused
    send(b"")


def scram(name):
    """RFC 5802, the server's side."""
    def log_in(receive, send, user, password):
        def mac(key, text):
            return hmac.new(key, text, name).digest()
        first = receive().decode().removeprefix("n,,")
        words = dict(part.split("=", 1) for part in first.split(","))
        salt, nonce = os.urandom(16), words["r"] + base64.b64encode(os.urandom(12)).decode()
        challenge = f"r={nonce},s={base64.b64encode(salt).decode()},i=4096"
        send(challenge.encode())
        last, proof = receive().decode().rsplit(",p=", 1)
        key = hashlib.pbkdf2_hmac(name, password.encode(), salt, 4096)
        client, said = mac(key, b"Client Key"), f"{first},{challenge},{last}".encode()
        signature = mac(hashlib.new(name, client).digest(), said)
        wanted = bytes(one ^ other for one, other in zip(client, signature))
        if words["n"] != user or base64.b64decode(proof) != wanted:
            raise Refused
        send(b"v=" + base64.b64encode(mac(mac(key, b"Server Key"), said)))
    return log_in


LOGINS = {"plain": plain, "scram-sha-256": scram("sha256"), "scram-sha-512": scram("sha512")}


class Front:
    """certificates_in: of relp_receiver; own: which of them it shows. is_asked: a client's certificate; login: mechanism, user, password.

    name: what brokers are called, in nine letters.
    """

    def __init__(self, brokers, certificates_in=None, own=LOCAL, is_asked=False, login=None, name=LOCAL):
        self.login, self.context = login, None
        if certificates_in:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificates_in / f"{own}.pem", certificates_in / f"{own}.key")
            self.context.load_verify_locations(certificates_in / f"{CA}.pem")
            self.context.verify_mode = ssl.CERT_REQUIRED if is_asked else ssl.CERT_NONE
        self.listeners = [socket.create_server(("127.0.0.1", 0)) for _ in brokers]
        self.brokers = [f"localhost:{one.getsockname()[1]}" for one in self.listeners]
        theirs = [int(one.split(":")[1]) for one in brokers]
        self.changed = [(NAMED + struct.pack(">i", there), NAMED[:2] + name.encode() + struct.pack(">i", one.getsockname()[1]))
                        for there, one in zip(theirs, self.listeners)]
        self.logged_in = 0
        for listener, port in zip(self.listeners, theirs):
            threading.Thread(target=self.accept, args=(listener, port), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def accept(self, listener, port):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client, port), daemon=True).start()

    def serve(self, client, port):
        try:
            client = self.context.wrap_socket(client, server_side=True) if self.context else client
            with client, socket.create_connection(("127.0.0.1", port)) as broker:
                self.pass_on(client, broker)
        except (OSError, Refused, EOFError):
            client.close()

    def pass_on(self, client, broker):
        wire = client.makefile("rwb")
        answers = broker.makefile("rb")
        if self.login:
            self.log_in(wire, answers, broker)
        threading.Thread(target=self.answer, args=(answers, wire), daemon=True).start()
        while True:
            broker.sendall(framed(frame(wire)))

    def log_in(self, wire, answers, broker):
        kind, number, request = read_request(wire)
        while kind == VERSIONS:  # asked again where the answer was "not so new"
            broker.sendall(framed(request))
            send(wire, with_login(frame(answers)))
            kind, number, request = read_request(wire)
        mechanism, user, password = self.login
        name = mechanism.upper().encode()
        assert kind == HANDSHAKE and request.endswith(name)
        send(wire, struct.pack(">ihih", number, 0, 1, len(name)) + name)
        last = number

        def receive():
            nonlocal last
            _, last, words = read_request(wire)
            return words[words.index(b"mailwarden") + len("mailwarden") + 4:]

        def reply(text):
            send(wire, struct.pack(">ihhi", last, 0, -1, len(text)) + text)

        try:
            LOGINS[mechanism](receive, reply, user, password)
        except Refused:
            send(wire, struct.pack(">ihh", last, WRONG, 5) + b"wrong" + struct.pack(">i", 0))
            raise
        self.logged_in += 1

    def answer(self, answers, wire):
        try:
            while True:
                text = frame(answers)
                for there, here in self.changed:
                    text = text.replace(there, here)
                send(wire, text)
        except (OSError, EOFError, ValueError):
            return


def framed(text):
    return struct.pack(">i", len(text)) + text


def send(wire, text):
    wire.write(framed(text))
    wire.flush()


def read_request(wire):
    text = frame(wire)
    kind, _, number = struct.unpack_from(">hhi", text)
    return kind, number, text


def with_login(answer):
    """The requests of a login among those that the broker knows: kind, first and last version."""
    number, error, count = struct.unpack_from(">ihi", answer)
    known, rest = answer[10:10 + 6 * count], answer[10 + 6 * count:]
    more = struct.pack(">6h", HANDSHAKE, 0, 1, AUTHENTICATE, 0, 0)
    return answer if error else struct.pack(">ihi", number, error, count + 2) + known + more + rest


def frame(wire):
    head = wire.read(4)
    if len(head) < 4:
        raise EOFError
    return wire.read(struct.unpack(">i", head)[0])
