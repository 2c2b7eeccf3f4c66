"""A name server of a test's own in the sensor's namespace: right, wrong, silent or away."""

import subprocess

# Every name leads to the address, by one A record and none of AAAA; or to what the mode says.
SCRIPT = """
import socket, sys
mode = sys.argv[1]
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind(("127.0.0.1", 53))
print("bound", flush=True)
while True:
    question, asker = own.recvfrom(512)
    if mode == "silent":
        print("asked", flush=True)
        continue
    end = question.index(0, 12) + 5
    code = {"failing": 2, "unknown": 3}.get(mode, 0)
    is_known = code == 0 and question[end - 4:end - 2] == bytes((0, 1))
    address = bytes((192, 0, 2, 99) if mode == "elsewhere" else (127, 0, 0, 1))
    record = bytes((0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4)) + address if is_known else b""
    answer = question[:2] + bytes((0x81, 0x80 + code, 0, 1, 0, is_known, 0, 0, 0, 0)) + question[12:end] + record
    own.sendto(question[:2] + b"\\xff" * 40 if mode == "garbled" else answer, asker)
"""
WRONG = ("elsewhere", "silent", "failing", "unknown", "garbled")


def asked_from(folder):
    """The words before a command that let it ask 127.0.0.1, and nobody else."""
    resolv, names = folder / "resolv.conf", folder / "nsswitch.conf"
    resolv.write_text("nameserver 127.0.0.1\nsearch example.org\n")
    names.write_text("hosts: dns\n")
    return ("unshare", "-m", "sh", "-c", f"mount --bind {resolv} /etc/resolv.conf && mount --bind {names} /etc/nsswitch.conf && "
            "exec \"$@\"", "sh")


def start_python(namespace, script, *words):
    """A script that says "bound" first."""
    started = subprocess.Popen(namespace.inside("/usr/bin/python3", "-c", script, *words), stdout=subprocess.PIPE, text=True)
    assert started.stdout.readline() == "bound\n"
    return started


def end(process):
    process.kill()
    process.communicate()


def start(namespace, mode="right"):
    return start_python(namespace, SCRIPT, mode)
