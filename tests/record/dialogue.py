#!/usr/bin/python3
"""A client that sends exactly the bytes it is told, for what ordinary clients will not send.

    dialogue.py ADDRESS PORT STEP...

A step is `<TEXT` (read until TEXT has come), `>TEXT` (send TEXT and CRLF; Python
escapes are understood), `=TEXT` (send TEXT as it is), `tls` (start TLS),
`hex:BYTES` (send them), `sleep:SECONDS`.
"""

import socket
import ssl
import sys
import time


def unescape(text):
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def await_text(connection, text):
    seen = b""
    while text not in seen:
        more = connection.recv(4096)
        if not more:
            sys.exit(f"closed while waiting for {text!r}, after {seen!r}")
        seen += more


def start_tls(connection):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection)


def main(address, port, *steps):
    connection = socket.create_connection((address, int(port)), timeout=8)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for step in steps:
        if step == "tls":
            connection = start_tls(connection)
        elif step.startswith("sleep:"):
            time.sleep(float(step[6:]))
        elif step.startswith("hex:"):
            connection.sendall(bytes.fromhex(step[4:]))
        elif step.startswith("<"):
            await_text(connection, unescape(step[1:]))
        elif step.startswith(">"):
            connection.sendall(unescape(step[1:]) + b"\r\n")
        elif step.startswith("="):
            connection.sendall(unescape(step[1:]))
        else:
            sys.exit(f"unknown step {step!r}")
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
