"""A small SMTP server and client for the live tests, run inside a namespace.

mail_peer.py serve ADDRESS PORT[/tls]... CERTIFICATE   - prints one line per message taken
mail_peer.py send SOURCE ADDRESS PORT[/tls] [COUNT]    - prints one JSON line per try
mail_peer.py stream A_SECOND SENDER SOURCE ADDRESS [SOURCE ADDRESS]... - so many messages begin each second, in turn between
    these ends, whatever becomes of the others, until stdin is closed; likewise a JSON line for each
"""
import itertools
import json
import select
import socket
import ssl
import sys
import threading
import time


def reply(channel, text):
    channel.sendall(text.encode() + b"\r\n")


def serve_one(channel, context):
    try:
        if context:
            channel = context.wrap_socket(channel, server_side=True)
        channel.settimeout(30)
        reply(channel, "220 mx.example.net ESMTP")
        lines = channel.makefile("rb")
        for line in lines:
            word = line.strip().upper()
            if word.startswith(b"EHLO"):
                reply(channel, "250-mx.example.net\r\n250 SIZE 1000000")
            elif word == b"DATA":
                reply(channel, "354 go on")
                while lines.readline() not in (b".\r\n", b""):
                    pass
                print("message", flush=True)
                reply(channel, "250 2.0.0 taken")
            elif word == b"QUIT":
                reply(channel, "221 2.0.0 bye")
                return
            else:
                reply(channel, "250 2.1.0 ok")
    except OSError:
        pass
    finally:
        channel.close()


def serve(address, *rest):
    *ports, certificate = rest
    for text in ports:
        port, _, is_tls = text.partition("/")
        context = None
        if is_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, int(port)), family=family, backlog=256)

        def accept(listener=listener, context=context):
            while True:
                channel, _ = listener.accept()
                threading.Thread(target=serve_one, args=(channel, context), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
    print("ready", flush=True)
    time.sleep(3600)


def expect(lines, seen):
    while True:
        line = lines.readline().decode(errors="replace").strip()
        seen.append(line)
        if line[3:4] != "-":
            return line


def talk(source, address, port, is_tls=False, sender="a@example.org", patience=5):
    seen = []
    result = "sent"
    start = time.monotonic()
    channel = None
    try:
        channel = socket.create_connection((address, port), patience, (source, 0))
        if is_tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            channel = context.wrap_socket(channel)
        lines = channel.makefile("rb")
        script = [None, "EHLO client.example.org", f"MAIL FROM:<{sender}>",
                  "RCPT TO:<alice@example.net>", "DATA", "Subject: test\r\n\r\nbody\r\n.", "QUIT"]
        for line in script:
            if line:
                reply(channel, line)
            answer = expect(lines, seen)
            if answer[:1] not in ("2", "3"):
                result = "refused" if answer else "closed"
                break
    except ConnectionResetError:
        result = "reset"
    except (TimeoutError, socket.timeout):
        result = "timeout"
    except OSError as error:
        result = type(error).__name__
    finally:
        if channel:
            channel.close()
    return {"result": result, "seen": seen, "seconds": time.monotonic() - start, "ended": time.monotonic()}


def send(source, address, port, count="1"):
    number, _, is_tls = port.partition("/")
    for _ in range(int(count)):
        print(json.dumps(talk(source, address, int(number), bool(is_tls))), flush=True)


def stream(a_second, sender, *ends):
    def one(source, address):
        told = talk(source, address, 25, sender=sender, patience=30)
        sys.stdout.write(json.dumps(told) + "\n")  # in one piece: others write, too
        sys.stdout.flush()

    next_s = time.monotonic()
    for pair in itertools.cycle(zip(ends[::2], ends[1::2])):
        threading.Thread(target=one, args=pair).start()
        next_s += 1 / float(a_second)
        if select.select([sys.stdin], [], [], max(0, next_s - time.monotonic()))[0]:
            break


if __name__ == "__main__":
    {"serve": serve, "send": send, "stream": stream}[sys.argv[1]](*sys.argv[2:])
