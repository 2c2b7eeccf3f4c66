"""Real collectors of syslog over the network, rsyslogd and syslog-ng, set up by the snippets of docs/."""

import os
import pathlib
import shutil
import subprocess

import pytest

import relp_receiver
from relp_receiver import CA, RECEIVER
from rsyslog import Daemon
from sensor import ROOT, until

UNPACKED = pathlib.Path("/usr/local/lib/syslog-ng-beside")  # tests/deps: its package cannot stand beside rsyslog's
SYSLOG_NG = shutil.which("syslog-ng") or shutil.which("syslog-ng", path=UNPACKED / "usr/sbin")

needed = pytest.mark.skipif(not shutil.which("rsyslogd") or next(pathlib.Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so"), None) is None,
                            reason="needs rsyslogd with GnuTLS (packages rsyslog, rsyslog-gnutls)")
needed_syslog_ng = pytest.mark.skipif(SYSLOG_NG is None, reason="needs syslog-ng (tests/deps unpacks it)")


def words_of(folder, config):
    """How syslog-ng is started in the foreground, what it keeps being in a folder; and its environment."""
    lib = UNPACKED / "usr/lib"
    is_beside = not shutil.which("syslog-ng")
    paths = {"LD_LIBRARY_PATH": f"{lib}/syslog-ng:{next(lib.glob('*-linux-gnu'))}"} if is_beside else {}
    modules = ["--module-path", str(lib / "syslog-ng/3.38")] if is_beside else []
    return [SYSLOG_NG, "-F", "--no-caps", "-f", str(config), "-R", f"{folder}/persist", "-p", f"{folder}/pid", "-c", f"{folder}/ctl",
            *modules], {**os.environ, **paths}


class Rsyslogd(relp_receiver.Receiver):
    """certificates_in: by TLS with these; else in clear."""

    def __init__(self, folder, certificates_in=None, name=RECEIVER, inside=()):
        self.its_port = "6514" if certificates_in else "514"
        super().__init__(folder, "syslog-net-tls.conf" if certificates_in else "syslog-net.conf", certificates_in, name, inside)


class SyslogNg(Daemon):
    """What it read is in a file as it came."""

    def __init__(self, folder, certificates_in=None, name=RECEIVER):
        self.folder = pathlib.Path(folder) / "syslog-ng"
        self.folder.mkdir(exist_ok=True)
        self.port = relp_receiver.free_port()
        self.log = self.folder / "mailwarden.log"
        text = (ROOT / "docs/syslog-ng" / ("tls.conf" if certificates_in else "tcp.conf")).read_text()
        for ours, theirs in ((f"port({self.port})", "port(6514)" if certificates_in else "port(514)"),
                             (str(self.log), "/var/log/mailwarden.log"),
                             (f"{certificates_in}/{CA}.pem", "/etc/syslog-ng/mailwarden-ca.pem"),
                             (f"{certificates_in}/{name}.pem", "/etc/syslog-ng/receiver.pem"),
                             (f"{certificates_in}/{name}.key", "/etc/syslog-ng/receiver-key.pem")):
            assert not certificates_in or theirs in text or "pem" not in theirs, theirs
            text = text.replace(theirs, ours)
        self.config = self.folder / "syslog-ng.conf"
        self.config.write_text(f"@version: 3.38\n{text}")
        self.start()

    def start(self):
        words, environment = words_of(self.folder, self.config)
        with open(self.folder / "errors", "a", encoding="utf-8") as errors:
            self.process = subprocess.Popen(words, env=environment, stdout=errors, stderr=errors)
        until(lambda: relp_receiver.listens(self.port), "syslog-ng to listen")

    lines = relp_receiver.Receiver.lines
    event_ids = relp_receiver.Receiver.event_ids
    kill = relp_receiver.Receiver.kill
