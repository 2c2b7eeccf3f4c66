"""A copy of this machine that is thrown away: an overlay over /, where root may change what he likes."""

import os
import shutil
import subprocess
import tempfile

MAKE_OVERLAY = ("mount -t tmpfs none $0 && mkdir $0/upper $0/work $0/root && "
                "mount -t overlay none -o lowerdir=/,upperdir=$0/upper,workdir=$0/work $0/root && "
                "mount --rbind /dev $0/root/dev && mount -t proc none $0/root/proc")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def why_not_here(build, *tools):
    """The reason why there is none of this machine, or None. Tried in a folder below build."""
    missing = [tool for tool in ("unshare", "nsenter", *tools) if not shutil.which(tool)]
    if missing:
        return f"needs {' '.join(missing)}"
    if os.geteuid() != 0:
        return "needs root for an overlay"
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="overlay-", dir=build) as folder:  # each process that collects asks
        tried = subprocess.run(["unshare", "-m", "sh", "-c", MAKE_OVERLAY, folder], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else "no overlay over / here: " + tried.stderr.strip()


class Machine:
    """What is written to it is gone when it is closed, and its processes with it; with a network of its own, or this one's."""

    def __init__(self, folder, has_network=False):
        self.folder = folder
        apart = ["unshare", "-m", "-p", "-f", "--kill-child"] + (["-n"] if has_network else [])
        self.holder = subprocess.Popen([*apart, "sh", "-c", MAKE_OVERLAY + " && echo ready && exec sleep 600", folder],
                                       stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"
        spaces = f"/proc/{self.holder.pid}"
        self.into = ["nsenter", f"--mount={spaces}/ns/mnt", f"--net={spaces}/ns/net", f"--pid={spaces}/ns/pid_for_children",
                     f"--root={spaces}/root"]

    def inside(self, *words):
        """The words of a command that runs there."""
        return [*self.into, "chroot", str(self.folder / "root"), *map(str, words)]

    def enter(self, *words, may_fail=False, stdin=None):
        answer = subprocess.run(words, input=stdin, stdin=None if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=120, check=False, env=ENVIRONMENT)
        assert may_fail or answer.returncode == 0, f"{words}: {answer.stdout}"
        return answer.stdout.strip()

    def beside(self, *words):
        """What a command says that sees the overlay from outside."""
        return self.enter(*self.into, *map(str, words))

    def run(self, *words, may_fail=False, stdin=None):
        return self.enter(*self.inside(*words), may_fail=may_fail, stdin=stdin)

    def write(self, path, text):
        self.run("sh", "-c", f'mkdir -p "$(dirname {path})" && printf %s "$0" > {path}', text)

    def close(self):
        self.holder.kill()
        self.holder.wait()
