"""Programs with /etc, /var/log and /run of their own, so that settings and snippets are where they say, unchanged; and a network of their own."""

import contextlib
import os
import pathlib
import shutil
import subprocess

from sensor import PATIENCE_S, until

OWN = ("etc", "var/log", "run")
HOLD = """
for each in "$@"; do mount --bind "$0/$each" "/$each"; done
ip link set lo up
touch "$0/ready"
exec sleep 600
"""


class OwnEtc:
    """names: hosts that are this machine. Lives as long as the process that holds it."""

    def __init__(self, folder, names=()):
        self.folder = pathlib.Path(folder)
        shutil.copytree("/etc", self.folder / "etc", symlinks=True)
        for place in OWN[1:]:
            (self.folder / place).mkdir(parents=True)
        self.write("etc/hosts", "".join(f"127.0.0.1 {name}\n" for name in ("localhost", *names)))
        self.holder = subprocess.Popen(["unshare", "-n", "-m", "sh", "-euc", HOLD, str(self.folder), *OWN])
        until((self.folder / "ready").exists, "a place with its own /etc")

    def write(self, place, text, mode=0o644):
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def copy(self, source, place, mode=0o644):
        self.write(place, pathlib.Path(source).read_text(encoding="utf-8"), mode)

    def inside(self, *words):
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-m", *map(str, words)]

    def run(self, *words, **more):
        return subprocess.run(self.inside(*words), **{"capture_output": True, "text": True, "timeout": PATIENCE_S, "check": True, **more})

    @contextlib.contextmanager
    def daemon(self, *words, ready, **more):
        """Until it is ready, and ended behind."""
        with open(self.folder / "daemon.log", "ab") as log, subprocess.Popen(self.inside(*words), stdout=log, stderr=log, **more) as process:
            try:
                until(lambda: ready() or process.poll() is not None, f"{words[0]} to start")
                assert process.poll() is None, (self.folder / "daemon.log").read_text()
                yield process
            finally:
                process.terminate()
                process.wait(timeout=PATIENCE_S)

    def listens(self, port):
        return lambda: bool(self.run("ss", "-Hltn", f"sport = :{port}").stdout)

    def close(self):
        self.holder.kill()
        self.holder.wait()


def why_not_here():
    """The reason why there is none on this machine, or None."""
    if os.geteuid() != 0:
        return "needs root for a mount namespace"
    tried = subprocess.run(["unshare", "-n", "-m", "sh", "-c", "mount --bind /tmp /mnt"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "no mount namespaces here: " + tried.stderr.decode().strip()
