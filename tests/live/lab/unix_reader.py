#!/usr/bin/python3
"""Reads a UNIX socket: unix_reader.py stream|datagram SOCKET FOLDER. What it has is in files of FOLDER, one for each connection.

It takes nothing out of the socket before that is in a file: killed at any moment it loses nothing, and may have some twice.
"""
import os
import socket
import sys
import threading

MOST = 1 << 20


def keep(one, path):
    with open(path, "ab", buffering=0) as out:
        while data := one.recv(MOST, socket.MSG_PEEK):
            out.write(data if one.type == socket.SOCK_STREAM else data + b"\n")
            one.recv(len(data))


def main():
    kind, path, folder = sys.argv[1:]
    place = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM if kind == "stream" else socket.SOCK_DGRAM)
    if os.path.exists(path):
        os.unlink(path)
    place.bind(path)
    os.chmod(path, 0o666)
    name = f"{folder}/{os.getpid()}"
    if kind == "datagram":
        print("ready", flush=True)
        keep(place, name)
    place.listen()
    print("ready", flush=True)
    number = 0
    while True:
        one = place.accept()[0]
        number += 1
        threading.Thread(target=keep, args=(one, f"{name}.{number}")).start()


if __name__ == "__main__":
    main()
