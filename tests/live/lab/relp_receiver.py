"""A real rsyslogd that receives by RELP, set up by the snippets of docs/rsyslog."""

import pathlib
import re
import shutil
import socket
import subprocess

import pytest

from rsyslog import Daemon
from sensor import ROOT, until

MODULE = next(pathlib.Path("/usr/lib").glob("*/rsyslog/imrelp.so"), None)
needed = pytest.mark.skipif(not shutil.which("rsyslogd") or MODULE is None,
                            reason="needs rsyslogd with imrelp (packages rsyslog, rsyslog-relp)")

CA, RECEIVER, SENSOR, STRANGER = "ca", "receiver.example.org", "sensor.example.org", "stranger.example.org"
LOCAL = "localhost"
TWO_NAMES, ONE_NAME = "two-names", "one-name"  # the receiver's in the subject; beside another, and alone


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)


def certificate(folder, name, signer, days=30, subject=None, others=True):
    """name.pem and name.key, signed by signer (or itself); days < 1: expired already. subject: another CN; others: SAN."""
    alternative = f"subjectAltName=DNS:{STRANGER if subject else name}\n" if others else ""
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / f"{name}.key")
    _openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/CN={subject or name}", "-out", folder / f"{name}.csr")
    by = ["-signkey", folder / f"{name}.key"] if signer is None else [
        "-CA", folder / f"{signer}.pem", "-CAkey", folder / f"{signer}.key", "-CAcreateserial"]
    extension = folder / f"{name}.ext"
    extension.write_text(f"basicConstraints=critical,CA:{'TRUE' if signer is None else 'FALSE'}\n"
                         f"{alternative}")
    _openssl("x509", "-req", "-in", folder / f"{name}.csr", *by, "-days", days, "-extfile", extension,
             "-out", folder / f"{name}.pem")


def certificates(folder):
    """An authority, what it vouches for, and another that nobody knows."""
    folder.mkdir()
    certificate(folder, CA, None)
    certificate(folder, "unknown-ca", None)
    for name in (RECEIVER, SENSOR, STRANGER, LOCAL):
        certificate(folder, name, CA)
    certificate(folder, TWO_NAMES, CA, subject=RECEIVER)
    certificate(folder, ONE_NAME, CA, subject=RECEIVER, others=False)
    return folder


def tls_words(folder, peers=RECEIVER, ca=CA, own=SENSOR, more=""):
    """Keys of an output, with certificates of that folder."""
    return f', ca: {folder}/{ca}.pem, certificate: {folder}/{own}.pem, key: {folder}/{own}.key, peers: ["{peers}"]{more}'


def fingerprint(path):
    text = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256"], check=True,
                          capture_output=True, text=True, timeout=30).stdout
    return "SHA256:" + text.strip().split("=")[1]


def listens(port, inside=()):
    return bool(subprocess.run([*inside, "ss", "-Hltn", f"sport = :{port}"], check=True, capture_output=True, timeout=30).stdout)


class Receiver(Daemon):
    """snippet: of docs/rsyslog; its port, file and certificates become ours. inside: words that put it into a namespace."""

    its_port = "2514"  # the snippet's

    def __init__(self, folder, snippet="relp.conf", certificates_in=None, name=RECEIVER, inside=()):
        self.folder = pathlib.Path(folder) / "receiver"
        self.folder.mkdir(exist_ok=True)
        self.inside = list(inside)
        self.port = free_port()
        self.log = self.folder / "mailwarden.log"
        text = (ROOT / "docs/rsyslog" / snippet).read_text()
        for ours, theirs in ((str(self.port), self.its_port), (str(self.log), "/var/log/mailwarden.log"),
                             (f"{certificates_in}/{CA}.pem", "/etc/rsyslog.d/mailwarden-ca.pem"),
                             (f"{certificates_in}/{name}.pem", "/etc/rsyslog.d/receiver.pem"),
                             (f"{certificates_in}/{name}.key", "/etc/rsyslog.d/receiver-key.pem")):
            text = text.replace(theirs, ours)
        self.config = self.folder / "rsyslog.conf"
        self.config.write_text(f'global(workDirectory="{self.folder}" maxMessageSize="64k")\n{text}')
        self.start()

    def start(self):
        (self.folder / "pid").unlink(missing_ok=True)
        with open(self.folder / "errors", "a", encoding="utf-8") as errors:
            self.process = subprocess.Popen([*self.inside, "rsyslogd", "-n", "-f", str(self.config), "-i", str(self.folder / "pid")],
                                            stdout=errors, stderr=errors)
        until(lambda: listens(self.port, self.inside), "rsyslogd to listen")

    def lines(self):
        return self.log.read_bytes().decode().split("\n")[:-1] if self.log.exists() else []

    def event_ids(self):
        """Of every line, in order; a line that is none of ours or torn is an error."""
        ids = []
        for line in self.lines():
            match = re.match(r'<\d+>1 .* event_id="([^"]+)"', line) or re.match(r'<\d+>1 .*"event_id":"([^"]+)"', line)
            assert match, line
            ids.append(match[1])
        return ids

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=20)
