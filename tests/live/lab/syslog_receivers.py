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
        lib = UNPACKED / "usr/lib"
        paths = {} if shutil.which("syslog-ng") else {"LD_LIBRARY_PATH": f"{lib}/syslog-ng:{next(lib.glob('*-linux-gnu'))}"}
        words = [] if shutil.which("syslog-ng") else ["--module-path", str(lib / "syslog-ng/3.38")]
        with open(self.folder / "errors", "a", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [SYSLOG_NG, "-F", "--no-caps", "-f", str(self.config), "-R", str(self.folder / "persist"), "-p", str(self.folder / "pid"),
                 "-c", str(self.folder / "ctl"), *words], env={**os.environ, **paths}, stdout=errors, stderr=errors)
        until(lambda: relp_receiver.listens(self.port), "syslog-ng to listen")

    lines = relp_receiver.Receiver.lines
    event_ids = relp_receiver.Receiver.event_ids
    kill = relp_receiver.Receiver.kill
