"""A real rsyslogd with sockets of its own, writing what it understood as JSON lines."""

import json
import pathlib
import shutil
import socket
import subprocess

import pytest

from sensor import until

needed = pytest.mark.skipif(not shutil.which("rsyslogd"), reason="needs rsyslogd (package rsyslog)")

CONFIG = """
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imuxsock" SysSock.Use="off")
module(load="mmjsonparse")
module(load="mmpstrucdata")
template(name="line" type="list" option.jsonf="on") {{
	property(outname="host" name="hostname" format="jsonf")
	property(outname="app" name="app-name" format="jsonf")
	property(outname="procid" name="procid" format="jsonf")
	property(outname="msgid" name="msgid" format="jsonf")
	property(outname="severity" name="syslogseverity-text" format="jsonf")
	property(outname="facility" name="syslogfacility-text" format="jsonf")
	property(outname="structured-data" name="structured-data" format="jsonf")
	property(outname="message" name="msg" format="jsonf")
	property(outname="parsed" name="$!" format="jsonf")
}}
ruleset(name="all") {{
	action(type="mmpstrucdata" sd_name.lowercase="off")
	action(type="mmjsonparse")
	action(type="omfile" file="{folder}/read.jsonl" template="line" fileCreateMode="0644" asyncWriting="off")
}}
input(type="imuxsock" Socket="{socket}" UseSpecialParser="{special}" CreatePath="off" RateLimit.Interval="0" ruleset="all")
{more}
"""

MAKE_DEV = """
set -e
mkdir -p "$1"
mount -t tmpfs -o mode=755 none "$1"
for name in null zero random urandom; do : > "$1/$name"; mount --bind "/dev/$name" "$1/$name"; done
mount --rbind "$1" /dev
echo ready
exec sleep 600
"""


class Daemon:
    """An rsyslogd that a subclass starts into self.process."""

    process = None

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()


class Rsyslog(Daemon):
    """special: on, as for /dev/log, or off, which understands RFC 5424."""

    def __init__(self, folder, path=None, special="off", more="", prefix=()):
        self.folder = pathlib.Path(folder) / "rsyslog"
        self.folder.mkdir(exist_ok=True)
        self.socket = str(path or self.folder / "socket")
        self.config = self.folder / "rsyslog.conf"
        self.config.write_text(CONFIG.format(folder=self.folder, socket=self.socket, special=special, more=more))
        self.prefix = list(prefix)
        self.start()

    def start(self):
        pathlib.Path(self.folder / "pid").unlink(missing_ok=True)
        self.process = subprocess.Popen([*self.prefix, "rsyslogd", "-n", "-f", str(self.config), "-i", str(self.folder / "pid")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._listens, "rsyslogd to listen")

    def _listens(self):
        if self.prefix:  # in a place of its own, where only its own pid file tells
            return (self.folder / "pid").exists()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            try:
                one.connect(self.socket)
            except OSError:
                return False
        return True

    def send(self, lines):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            one.connect(self.socket)
            for line in lines:
                one.send(line.encode())

    def read(self):
        path = self.folder / "read.jsonl"
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def entries(self, count):
        until(lambda: len(self.read()) >= count, f"{count} lines in rsyslog's file")
        return self.read()


class Place:
    """A mount namespace whose /dev holds little, so that /dev/log is the test's own."""

    def __init__(self, folder):
        self.holder = subprocess.Popen(["unshare", "-m", "sh", "-c", MAKE_DEV, "sh", str(folder / "dev")],
                                       stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"
        holder = f"/proc/{self.holder.pid}"
        self.prefix = ["nsenter", f"--mount={holder}/ns/mnt", f"--root={holder}/root"]  # a chroot stays one

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Server(Rsyslog):
    """Started and ended by its own process id: nsenter becomes the program."""

    def __init__(self, folder, place, **options):
        super().__init__(folder, path="/dev/log", special="on", prefix=place.prefix, **options)
