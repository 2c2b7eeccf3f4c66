#!/usr/bin/python3
"""Peers of our own, only for what no real server does: tiny_servers.py WHAT ADDRESS PORT [ARG...]"""

import re
import socket
import struct
import sys
import threading


def serve(address, port, handle):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=guarded, args=(handle, connection), daemon=True).start()


def guarded(handle, connection):
    try:
        handle(connection)
    except OSError:
        pass
    finally:
        connection.close()


def lines(connection):
    buffered = b""
    while True:
        while b"\n" in buffered:
            line, _, buffered = buffered.partition(b"\n")
            yield line.rstrip(b"\r")
        more = connection.recv(4096)
        if not more:
            return
        buffered += more


def answering(greeting, replies):
    """A server that knows a table of command patterns and goes on in clear."""
    def handle(connection):
        connection.sendall(greeting)
        in_data = False
        for line in lines(connection):
            if in_data:
                if line == b".":
                    in_data = False
                    connection.sendall(b"250 2.0.0 Ok: queued\r\n")
                continue
            for pattern, reply in replies:
                match = re.match(pattern, line, re.IGNORECASE)
                if match:
                    tag = match.group(1) if match.groups() else b""
                    connection.sendall(reply.replace(b"TAG", tag))
                    in_data = reply.startswith(b"354")
                    break
            if re.match(rb"(\S+ LOGOUT|QUIT)", line, re.IGNORECASE):
                return
    return handle


SMTP = [(rb"EHLO", b"250-mx.example.net\r\n250-STARTTLS\r\n250 8BITMIME\r\n"),
        (rb"STARTTLS", b"220 2.0.0 Ready to start TLS\r\n"),
        (rb"DATA", b"354 End data with <CR><LF>.<CR><LF>\r\n"),
        (rb"QUIT", b"221 2.0.0 Bye\r\n"), (rb".*", b"250 2.0.0 Ok\r\n")]

IMAP = [(rb"(\S+) CAPABILITY", b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"),
        (rb"(\S+) LIST", b'* LIST () "/" INBOX\r\nTAG OK done\r\n'),
        (rb"(\S+) SELECT", b"* 1 EXISTS\r\n* FLAGS (\\Seen)\r\nTAG OK [READ-WRITE] done\r\n"),
        (rb"(\S+) FETCH", b"* 1 FETCH (BODY[TEXT] {7}\r\nhello\r\n)\r\nTAG OK done\r\n"),
        (rb"(\S+) LOGOUT", b"* BYE bye\r\nTAG OK done\r\n")]

IMAP_REFUSING = [(rb"(\S+) CAPABILITY", b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n"),
                 (rb"(\S+) STARTTLS", b"TAG NO TLS is not available now\r\n"),
                 (rb"(\S+) LOGIN", b"TAG OK logged in\r\n"), *IMAP]

IRC = [(rb"NICK", b""), (rb"USER", b":irc.example.net 001 guest :Welcome\r\n"),
       (rb"PING", b"PONG irc.example.net\r\n"), (rb"JOIN", b":guest JOIN #ops\r\n"),
       (rb"PRIVMSG", b":bot PRIVMSG #ops :ack\r\n"), (rb"QUIT", b"ERROR :Closing link\r\n")]

TABLES = {
    "smtp-clear-after-220": (b"220 mx.example.net ESMTP\r\n", SMTP),
    "imap-preauth": (b"* PREAUTH [CAPABILITY IMAP4rev1] ready as alice\r\n", IMAP),
    "imap-refusing": (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", IMAP_REFUSING),
    "irc": (b":irc.example.net NOTICE * :*** Looking up your hostname\r\n", IRC),
}


def pump(source, target, change):
    try:
        while True:
            data = source.recv(4096)
            if not data:
                break
            target.sendall(change(data))
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def through(address, port, to_client=lambda data: data, to_server=lambda data: data):
    """Hand the connection on, changing the bytes either way."""
    def handle(connection):
        with socket.create_connection((address, port)) as onward:
            back = threading.Thread(target=pump, args=(onward, connection, to_client))
            back.start()
            pump(connection, onward, to_server)
            back.join()
    return handle


def overwrite_reply(data):
    """What the ESMTP inspection of a firewall does: same length, another word."""
    data = data.replace(b"STARTTLS", b"XXXXXXXA")
    return re.sub(rb"^220 [^\r]*", lambda m: b"220 " + b"*" * (len(m[0]) - 4), data)


def remove_reply(data):
    return data.replace(b"250-STARTTLS\r\n", b"")


def socks5(connection):
    connection.recv(262)
    connection.sendall(b"\x05\x00")
    request = connection.recv(262)
    address = socket.inet_ntoa(request[4:8])
    port, = struct.unpack(">H", request[8:10])
    connection.sendall(b"\x05\x00\x00\x01" + request[4:10])
    through(address, port)(connection)


def http_connect(connection):
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    address, _, port = request.split()[1].decode().partition(":")
    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    through(address, int(port))(connection)


def mx_answer(address, port):
    """A name server with one MX record for every question."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        while True:
            query, client = server.recvfrom(512)
            end = query.index(b"\0", 12) + 5
            name = b"\x02mx\x07example\x03net\0"
            server.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:end] +
                          struct.pack(">HHHIHH", 0xC00C, 15, 1, 300, 2 + len(name), 10) + name,
                          client)


def main(what, address, port, *arguments):
    port = int(port)
    if what == "mx-answer":
        mx_answer(address, port)
    handles = {"socks5": socks5, "http-connect": http_connect}
    for name, (greeting, replies) in TABLES.items():
        handles[name] = answering(greeting, replies)
    if arguments:
        onward = (arguments[0], int(arguments[1]))
        handles["pass"] = through(*onward)
        handles["strip-overwrite"] = through(*onward, overwrite_reply,
                                             lambda d: d.replace(b"STARTTLS", b"XXXXXXXX"))
        handles["strip-remove"] = through(*onward, remove_reply)
    serve(address, port, handles[what])


if __name__ == "__main__":
    main(*sys.argv[1:])
