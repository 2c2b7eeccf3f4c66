"""What an ordinary user process may try to get mail past a gate. Run inside a namespace, without any right.

trickster.py try FIRST_ADDRESS SERVER MAILBOX [TRICK...] - all at once, each from an address of its own, the first
    one from FIRST_ADDRESS; prints a JSON line for each: what it is, its address and what it was told
trickster.py proxy ADDRESS - an HTTP proxy on port 3128, a SOCKS5 proxy on 1080, and port 9, which never says a word

The sender of a message is TRICK@example.org, so that its server's log names the trick.
"""
import base64
import collections
import ipaddress
import json
import os
import resource
import socket
import ssl
import struct
import sys
import threading
import time
import zlib

PATIENCE_S = 3
RECIPIENT = "alice@example.net"
USER, PASSWORD = "alice", "not-a-real-secret-1"  # those of tests/record/dummies.py
HTTP_PROXY, SOCKS_PROXY, SILENT = 3128, 1080, 9
CROWD = 1100  # flows of one byte: more than a sensor with a small table watches
TUNNELS = {4789: b"\x08\0\0\0\0\0\x01\0", 8472: b"\x08\0\0\0\0\0\x01\0", 6081: b"\0\0\x65\x58\0\0\x01\0"}


class Talk:
    """A connection of one trick, which does not take no for an answer."""

    def __init__(self, name, source, server):
        self.name, self.source, self.server = name, source, server
        self.said = b""
        self.channel = None

    def connect(self, port=25, local_port=0, options=()):
        self.channel = socket.socket(socket.AF_INET6 if ":" in self.server else socket.AF_INET)
        self.channel.settimeout(PATIENCE_S)
        self.channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for option in options:
            self.channel.setsockopt(*option)
        self.channel.bind((self.source, local_port))
        self.channel.connect((self.server, port))
        return self

    def tls(self, **options):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if "alpn" in options:
            context.set_alpn_protocols([options["alpn"]])
        self.channel = context.wrap_socket(self.channel, server_hostname=options.get("name"))

    def send(self, data, step=0, pause=0.0):
        """Whole, or in segments of so many bytes."""
        for i in range(0, len(data), step or len(data)):
            self.channel.sendall(data[i:i + (step or len(data))])
            time.sleep(pause)

    def hear(self):
        """One reply of SMTP, or what comes."""
        heard = b""
        while True:
            lines = heard.split(b"\n")
            if len(lines) > 1 and lines[-2][3:4] != b"-":
                return heard
            data = self.channel.recv(4096)
            if not data:
                raise ConnectionError("the other end closed")
            heard += data
            self.said = (self.said + data)[-2000:]

    def take(self):
        """What comes; Dovecot greets, answers each line, and says "Logged in" where it did."""
        data = self.channel.recv(4096)
        if not data:
            raise ConnectionError("the other end closed")
        self.said = (self.said + data)[-2000:]

    def script(self, end=b"\r\n", hello=b"EHLO trickster.example.org"):
        lines = [f"MAIL FROM:<{self.name}@example.org>", f"RCPT TO:<{RECIPIENT}>", "DATA",
                 "Subject: a trick\n\nnot allowed\n."]
        return ([hello + end] if hello else []) + [line.encode().replace(b"\n", end) + end for line in lines]

    def mail(self, step=0, pause=0.0, **options):
        for line in self.script(**options):
            self.send(line, step, pause)
            self.hear()

    def greeted_mail(self, **options):
        self.hear()
        self.mail(**options)


# --- before the greeting, and in front of the first command ---

def early(first, wait=0.3, port=25):
    """The first word is another protocol's, while the server has not spoken yet."""
    def trick(talk):
        talk.connect(port).send(first)
        time.sleep(wait)  # whatever the server says about it
        talk.channel.settimeout(0.5)
        try:
            while talk.channel.recv(4096):
                pass
        except socket.timeout:
            talk.channel.settimeout(PATIENCE_S)
        talk.mail()
    return trick


def behind_greeting(first, step=0):
    """Each line of first gets a reply of one line."""
    def trick(talk):
        talk.connect().hear()
        talk.send(first, step, 0.01 if step else 0)
        while talk.said.count(b"\n") < 1 + first.count(b"\n"):
            talk.hear()
        talk.mail()
    return trick


def whole_script(end=b"\r\n", first=b"", hello=b"EHLO trickster.example.org", port=25):
    """All that there is to say in one write, with no ear for the server."""
    def trick(talk):
        talk.connect(port).send(first + b"".join(talk.script(end, hello)))
        while b"queued as" not in talk.said:
            talk.hear()
    return trick


# --- segments, windows and ends ---

def pieces(step, pause, port=25):
    return lambda talk: talk.connect(port).greeted_mail(step=step, pause=pause)


def urgent(before):
    """One byte out of line: most servers do not see it among the others."""
    def trick(talk):
        talk.connect().hear()
        for line in talk.script():
            if before:
                talk.send(line[:before])
            talk.channel.send(b"!", socket.MSG_OOB)
            talk.send(line[before:])
            talk.hear()
    return trick


def half_close(talk):
    talk.connect().hear()
    talk.send(b"".join(talk.script()))
    talk.channel.shutdown(socket.SHUT_WR)
    for _ in range(5):
        talk.hear()


def reset_behind(talk):
    talk.connect().hear()
    talk.send(b"".join(talk.script()))
    talk.channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.2)  # the server reads
    talk.channel.close()


def port_again(ends_with_reset):
    """The same pair of ports once more, as soon as the kernel lets it."""
    def trick(talk):
        port = 0
        for _ in range(3):
            try:
                talk.connect(local_port=port)
                port = talk.channel.getsockname()[1]
                talk.greeted_mail()
            except (ConnectionError, socket.timeout):
                pass
            if ends_with_reset:
                talk.channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            talk.channel.close()
    return trick


def small_window(talk):
    talk.connect(options=((socket.SOL_SOCKET, socket.SO_RCVBUF, 1),
                          (socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, 8),
                          (socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88))).greeted_mail()


def ip_options(talk):
    talk.connect(options=((socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01" * 40),)).greeted_mail()


def crowd(talk):
    """More flows than the sensor watches stand between its greeting and its first word."""
    talk.connect().hear()
    others = [Talk(talk.name, talk.source, talk.server).connect(SILENT) for _ in range(CROWD)]
    for other in others:
        other.send(b"N")
    talk.mail()
    for other in others:
        other.channel.close()


def frame(talk, is_back, inner_flags):
    """Ethernet, IPv4, TCP of its own connection, as its owner may well know them."""
    local, remote = talk.channel.getsockname(), talk.channel.getpeername()
    source, target = (remote, local) if is_back else (local, remote)
    tcp = struct.pack("!HHIIBBHHH", source[1], target[1], 1, 1, 0x50, inner_flags, 1000, 0, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, socket.inet_aton(source[0]),
                     socket.inet_aton(target[0]))
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + tcp


def in_tunnel(port, inner_flags):
    """Datagrams that claim its connection ended."""
    def trick(talk):
        talk.connect().hear()
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind((talk.source, 0))
        for is_back in (False, True):
            other.sendto(TUNNELS[port] + frame(talk, is_back, inner_flags), (talk.server, port))
        talk.mail()
    return trick


# --- words of SMTP ---

def bdat(talk):
    talk.connect().hear()
    for line in talk.script()[:-2]:
        talk.send(line)
        talk.hear()
    body = b"Subject: a trick\r\n\r\nnot allowed\r\n"
    talk.send(b"BDAT %d LAST\r\n" % len(body) + body)
    talk.hear()


def other_case(talk):
    talk.connect().hear()
    for line in talk.script():
        talk.send(line if line.startswith(b"Subject") else line.swapcase())
        talk.hear()


def turn(word):
    def trick(talk):
        talk.connect().hear()
        for line in (b"EHLO trickster.example.org\r\n", word + b"\r\n"):
            talk.send(line)
            talk.hear()
        talk.mail(hello=None)
    return trick


def starttls(then):
    def trick(talk):
        talk.connect().hear()
        for line in (b"EHLO trickster.example.org\r\n", b"STARTTLS\r\n"):
            talk.send(line)
            talk.hear()
        then(talk)
    return trick


def in_tls(talk):
    talk.tls()
    talk.mail()


def starttls_alone(talk):
    time.sleep(0.5)
    talk.mail()


def implicit_tls(**options):
    def trick(talk):
        talk.connect(465).tls(**options)
        talk.greeted_mail()
    return trick


# --- through a proxy ---

def connect_proxy(*heads, answers=1):
    """Each of the heads gets so many answers."""
    def trick(talk):
        talk.connect(HTTP_PROXY)
        for head in heads:
            talk.send(head.replace(b"TARGET", f"{talk.server}:25".encode()))
            while talk.said.count(b"\r\n\r\n") < answers:
                talk.hear()
            left, talk.said = talk.said.split(b"\r\n\r\n", answers)[answers], b""
        if not left:
            talk.hear()
        talk.mail()
    return trick


def socks_proxy(talk):
    talk.connect(SOCKS_PROXY).send(b"\x05\x01\0")
    talk.channel.recv(2)
    talk.send(b"\x05\x01\0\x01" + socket.inet_aton(talk.server) + b"\0\x19")
    talk.channel.recv(10)
    talk.greeted_mail()


def at_once(port, head, target):
    """To a proxy, with no ear for it either."""
    def trick(talk):
        talk.connect(port).send(head.replace(b"TARGET", target(talk.server)) + b"".join(talk.script()))
        while b"queued as" not in talk.said:
            talk.take()
    return trick


# --- logins ---

def plain():
    return base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())


def login(port, *lines, first=b"", step=0):
    """Line by line, each answered by something."""
    def trick(talk):
        talk.connect(port)
        if first:
            talk.send(first)
        talk.take()
        for line in lines:
            talk.send(line, step, 0.005 if step else 0)
            talk.take()
        while b"Logged in" not in talk.said:
            talk.take()
    return trick


def imap(*lines, **options):
    return login(143, *lines, **options)


def deflated(talk):
    talk.connect(143).channel.recv(4096)
    talk.send(b"a COMPRESS DEFLATE\r\n")
    talk.channel.recv(4096)
    packer = zlib.compressobj(wbits=-15)
    line = f"b LOGIN {USER} {PASSWORD}\r\n".encode()
    talk.send(packer.compress(line) + packer.flush(zlib.Z_SYNC_FLUSH))
    talk.channel.recv(4096)
    talk.send(line)
    talk.said += talk.channel.recv(4096)


def login_tls(port, *lines, **options):
    def trick(talk):
        talk.connect(port).tls(**options)
        talk.channel.recv(4096)
        for line in lines:
            talk.send(line)
            talk.said += talk.channel.recv(4096)
    return trick


LOGIN = f"LOGIN {USER} {PASSWORD}\r\n".encode()
MAIL_TRICKS = {
    "plain": lambda talk: talk.connect().greeted_mail(),
    "port-587": lambda talk: talk.connect(587).greeted_mail(),
    "port-2525": lambda talk: talk.connect(2525).greeted_mail(),
    "early-ssh": early(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "early-http2": early(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "early-http": early(b"OPTIONS / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
    "early-pop3": early(b"USER a\r\nPASS b\r\n"),
    "early-imap": early(b"a1 LOGIN a b\r\n"),
    "early-nul": early(b"\0\0\0\0\r\n"),
    "early-json": early(b'{"jsonrpc": "2.0"}\r\n'),
    "early-redis": early(b"*1\r\n$4\r\nPING\r\n"),
    "early-rtsp": early(b"DESCRIBE rtsp://a.example RTSP/1.0\r\n"),
    "early-tls": early(b"\x16\x03\x01\x00\x05\x01\0\0\x01\0\r\n"),
    "early-smb": early(b"\0\0\0\x2f\xffSMB\x72\0\0\0\0\r\n"),
    "early-proxy-header": early(b"PROXY TCP4 198.51.100.2 203.0.113.5 40000 25\r\n"),
    "early-proxy-header-2": early(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton("198.51.100.2") +
                                  socket.inet_aton("203.0.113.5") + b"\x9c\x40\0\x19\r\n"),
    "early-long": early(b"X" * 18000 + b"\r\n"),
    "early-ssh-2525": early(b"SSH-2.0-OpenSSH_9.2\r\n", port=2525),
    "early-then-whole": whole_script(first=b"SSH-2.0-OpenSSH_9.2\r\n"),
    "early-then-whole-2525": whole_script(first=b"SSH-2.0-OpenSSH_9.2\r\n", port=2525),
    "elsewhere": lambda talk: talk.connect(4242).greeted_mail(),
    "elsewhere-whole": whole_script(port=4242),
    "elsewhere-early-ssh": early(b"SSH-2.0-OpenSSH_9.2\r\n", port=4242),
    "elsewhere-early-then-whole": whole_script(first=b"SSH-2.0-OpenSSH_9.2\r\n", port=4242),
    "elsewhere-early-long-then-whole": whole_script(first=(b"NOOP " + b"x" * 1900 + b"\r\n") * 10, port=4242),
    "early-long-then-whole": whole_script(first=(b"NOOP " + b"x" * 1900 + b"\r\n") * 10),
    "whole-before-greeting": whole_script(),
    "whole-without-hello": whole_script(hello=b""),
    "whole-on-587": whole_script(port=587),
    "line-feeds-only": lambda talk: talk.connect().greeted_mail(end=b"\n"),
    "helo": lambda talk: talk.connect().greeted_mail(hello=b"HELO trickster.example.org"),
    "no-hello": lambda talk: talk.connect().greeted_mail(hello=None),
    "other-case": other_case,
    "junk-behind-greeting": behind_greeting(b"\xff\xfe\x80\x81" * 3 + b"\r\n"),
    "nuls-behind-greeting": behind_greeting(b"\0" * 200 + b"\r\n"),
    "junk-in-small-segments": behind_greeting(b"QWERTY 12345678901234567890\r\n", step=1),
    "long-hello": lambda talk: talk.connect().greeted_mail(hello=b"EHLO " + b" " * 2000 + b"a.example"),
    "nul-in-hello": lambda talk: talk.connect().greeted_mail(hello=b"EHLO \0trickster.example.org"),
    "many-junk-lines": behind_greeting(b"NOOP\r\n" * 18),
    "xclient": behind_greeting(b"XCLIENT ADDR=198.51.100.2 NAME=mx-out.example.org\r\n"),
    "one-byte-segments": pieces(1, 0.0),
    "slow-drip": pieces(1, 0.02),
    "two-byte-segments": pieces(2, 0.0, port=2525),
    "urgent-first-byte": urgent(0),
    "urgent-in-the-verb": urgent(2),
    "half-close": half_close,
    "reset-behind-data": reset_behind,
    "port-again": port_again(False),
    "port-again-after-reset": port_again(True),
    "small-window": small_window,
    "ip-options": ip_options,
    "bdat": bdat,
    "turn": turn(b"TURN"),
    "etrn": turn(b"ETRN example.net"),
    "auth-plain": turn(b"AUTH PLAIN " + plain()),
    "auth-login": turn(b"AUTH LOGIN"),
    "starttls": starttls(in_tls),
    "starttls-alone": starttls(starttls_alone),
    "tls-465": implicit_tls(),
    "tls-465-h2": implicit_tls(alpn="h2", name="www.example.com"),
    "connect": connect_proxy(b"CONNECT TARGET HTTP/1.1\r\nHost: TARGET\r\n\r\n"),
    "connect-lower-case": connect_proxy(b"connect TARGET HTTP/1.1\r\nHost: TARGET\r\n\r\n"),
    "connect-after-empty-line": connect_proxy(b"\r\nCONNECT TARGET HTTP/1.1\r\nHost: TARGET\r\n\r\n"),
    "connect-after-407": connect_proxy(b"CONNECT TARGET HTTP/1.1\r\nHost: TARGET\r\nX-Ask: 407\r\n\r\n",
                                       b"CONNECT TARGET HTTP/1.1\r\nHost: TARGET\r\n"
                                       b"Proxy-Authorization: Basic YTpi\r\n\r\n"),
    "connect-after-get": connect_proxy(b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
                                       b"CONNECT TARGET HTTP/1.1\r\nHost: TARGET\r\n\r\n"),
    "connect-long-head": connect_proxy(b"CONNECT TARGET HTTP/1.1\r\nProxy-Authorization: Negotiate " + b"A" * 3000 +
                                       b"\r\n\r\n"),
    "connect-many-lines": connect_proxy(b"CONNECT TARGET HTTP/1.1\r\n" + b"A: b\r\n" * 600 + b"\r\n"),
    "connect-pipelined": connect_proxy(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
                                       b"CONNECT TARGET HTTP/1.1\r\nHost: TARGET\r\n\r\n", answers=2),
    "connect-at-once": at_once(HTTP_PROXY, b"CONNECT TARGET HTTP/1.1\r\n\r\n", lambda server: f"{server}:25".encode()),
    "socks5": socks_proxy,
    "fin-in-vxlan": in_tunnel(4789, 0x11),
    "fin-in-vxlan-8472": in_tunnel(8472, 0x11),
    "fin-in-geneve": in_tunnel(6081, 0x11),
    "reset-in-vxlan": in_tunnel(4789, 0x04),
    "crowd": crowd,
}
LOGIN_TRICKS = {
    "imap-login": imap(b"a " + LOGIN),
    "imap-literals": imap(b"a LOGIN {5}\r\n", f"{USER} {{{len(PASSWORD)}}}\r\n".encode(), PASSWORD.encode() + b"\r\n"),
    "imap-plain": imap(b"a AUTHENTICATE PLAIN\r\n", plain() + b"\r\n"),
    "imap-plain-at-once": imap(b"a AUTHENTICATE PLAIN " + plain() + b"\r\n"),
    "imap-long-tag": imap(b"a" * 600 + b" " + LOGIN),
    "imap-one-byte": imap(b"a " + LOGIN, step=1),
    "imap-early": imap(first=b"a " + LOGIN),
    "imap-early-ssh": imap(b"a " + LOGIN, first=b"SSH-2.0-OpenSSH_9.2\r\n"),
    "imap-early-http": imap(b"a " + LOGIN, first=b"GET / HTTP/1.1\r\n\r\n"),
    "imap-compress": deflated,
    "pop3-login": login(110, f"USER {USER}\r\n".encode(), f"PASS {PASSWORD}\r\n".encode()),
    "pop3-plain": login(110, b"AUTH PLAIN " + plain() + b"\r\n"),
    "pop3-early": login(110, first=f"USER {USER}\r\nPASS {PASSWORD}\r\n".encode()),
    "pop3-early-ssh": login(110, f"USER {USER}\r\n".encode(), f"PASS {PASSWORD}\r\n".encode(),
                            first=b"SSH-2.0-OpenSSH_9.2\r\n"),
    "imaps": login_tls(993, b"a " + LOGIN),
    "imaps-h2": login_tls(993, b"a " + LOGIN, alpn="h2", name="www.example.com"),
    "pop3s": login_tls(995, f"USER {USER}\r\n".encode(), f"PASS {PASSWORD}\r\n".encode()),
}


def attempt(name, trick, talk):
    end = "did all it wanted"
    try:
        trick(talk)
    except (OSError, ValueError) as error:  # refused, reset, closed or silent
        end = f"{type(error).__name__}: {error}"
    if talk.channel:
        talk.channel.close()
    told = {"trick": name, "address": talk.source, "end": end, "said": talk.said[-120:].decode(errors="replace")}
    sys.stdout.write(json.dumps(told) + "\n")  # in one piece: others write, too


def open_many_files():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def try_all(first, server, mailbox, *names):
    address = ipaddress.ip_address(first)
    threads = []
    for name, trick in {**MAIL_TRICKS, **LOGIN_TRICKS}.items():
        if not names or name in names:
            talk = Talk(name, str(address), server if name in MAIL_TRICKS else mailbox)
            threads.append(threading.Thread(target=attempt, args=(name, trick, talk)))
        address += 1
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- the proxies ---

def pump(one, other):
    try:
        while True:
            data = one.recv(4096)
            if not data:
                break
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def join(client, target, answer, first=b""):
    server = socket.create_connection(target, PATIENCE_S)
    server.settimeout(30)
    client.sendall(answer)
    server.sendall(first)
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def http_head(client, head):
    """A head, and what came behind it."""
    while b"\r\n\r\n" not in head.lstrip(b"\r\n"):
        data = client.recv(4096)
        if not data:
            raise ConnectionError("the client left")
        head += data
    head, _, left = head.lstrip(b"\r\n").partition(b"\r\n\r\n")
    return head, left


def serve_http(client):
    left = b""
    while True:
        head, left = http_head(client, left)
        verb, target = head.split()[:2]
        if b"X-Ask: 407" in head:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n"
                           b"Content-Length: 0\r\n\r\n")
        elif verb.upper() == b"CONNECT":
            host, port = target.decode().rsplit(":", 1)
            join(client, (host.strip("[]"), int(port)), b"HTTP/1.1 200 Connection established\r\n\r\n", left)
            return
        else:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def serve_socks(client):
    client.recv(3)
    client.sendall(b"\x05\0")
    request = client.recv(22)
    family = socket.AF_INET6 if request[3] == 4 else socket.AF_INET
    join(client, (socket.inet_ntop(family, request[4:-2]), int.from_bytes(request[-2:], "big")),
         b"\x05\0\0\x01" + b"\0" * 6)


def serve(client, how):
    client.settimeout(30)
    try:
        how(client)
    except (OSError, ValueError):
        pass
    client.close()


def proxy(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port, how in ((HTTP_PROXY, serve_http), (SOCKS_PROXY, serve_socks)):
        listener = socket.create_server((address, port), family=family, backlog=64)

        def accept(listener=listener, how=how):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0], how), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
    silent = socket.create_server((address, SILENT), family=family, backlog=2 * CROWD)
    print("ready", flush=True)
    kept = collections.deque(maxlen=CROWD)  # the crowd before goes when another one comes
    while True:
        kept.append(silent.accept()[0])


if __name__ == "__main__":
    if sys.argv[1] == "try" and os.geteuid() == 0:
        os.setuid(65534)  # whoever it is, not root
    open_many_files()
    {"try": try_all, "proxy": proxy}[sys.argv[1]](*sys.argv[2:])
