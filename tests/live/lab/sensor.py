"""A sensor that runs in a network namespace of its own: two veth ends, one to send into, one to watch."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import schema
from apart import each_apart
from frames_made import dialogue

ROOT = pathlib.Path(__file__).resolve().parents[3]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
MATRIX = ROOT / "rules" / "anssi-reference.yaml"
PATIENCE_S = 20
FOUND = "sender.illegitimate"  # in a dialogue of frames_made
SANITIZED = b"__asan_init" in pathlib.Path(MAILWARDEN).read_bytes() if pathlib.Path(MAILWARDEN).exists() else False


def why_not_here():
    """The reason why such a sensor cannot run on this machine, or None."""
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    for tool in ("ip", "unshare", "nsenter"):
        if not shutil.which(tool):
            return f"needs {tool}"
    tried = subprocess.run(["unshare", "-n", "ip", "link", "add", "one0", "type", "veth", "peer", "name", "two0"],
                           capture_output=True, check=False)
    return None if tried.returncode == 0 else "no network namespaces or no veth here: " + tried.stderr.decode().strip()


def until(condition, what, patience=PATIENCE_S, nap=0.02):
    """The first true answer of condition(); fails after a bounded time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(nap)
    raise AssertionError(f"not within {patience} s: {what}")


def open_to_all(tmp_path, *below):
    """Whoever the sensor runs as may reach and write a test's folder, and those below it."""
    above = [folder for folder in tmp_path.parents if pathlib.Path(tempfile.gettempdir()) in folder.parents]
    for folder in (*above, tmp_path, *below):
        folder.chmod(0o777)


def json_lines(text):
    """Of whole lines only: somebody may be writing."""
    return [json.loads(line) for line in text.split("\n")[:-1]]


class Namespace:
    """Lives as long as the process that holds it."""

    def __init__(self, life=600):
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", str(life)])
        until(lambda: self._is_apart(), "a network namespace")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "link", "add", "out0", "type", "veth", "peer", "name", "tap0")
        # the kernel's own IPv6 greetings on a new link are packets that no test sent
        self.run("sysctl", "-qw", "net.ipv6.conf.out0.disable_ipv6=1", "net.ipv6.conf.tap0.disable_ipv6=1")
        for name in ("out0", "tap0"):
            self.run("ip", "link", "set", name, "up")

    def _is_apart(self):
        with contextlib.suppress(FileNotFoundError):
            return os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net")
        return False

    def inside(self, *words):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *map(str, words)]

    def run(self, *words, patience=PATIENCE_S):
        subprocess.run(self.inside(*words), check=True, capture_output=True, timeout=patience)

    def replay(self, capture, *options):
        """Sends a capture at its own pace, of seconds; on a busy machine it takes longer."""
        self.run("tcpreplay", "--quiet", *options, "--intf1=out0", capture, patience=3 * PATIENCE_S)

    def send(self, frames, name="out0"):
        """Frames as they are, from out0."""
        script = ("import socket,struct,sys,time\n"
                  f"s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW);s.bind(({name!r},0))\n"
                  "d=sys.stdin.buffer.read();at=0\n"
                  "while at<len(d):\n"
                  " n,=struct.unpack_from('>I',d,at);s.send(d[at+4:at+4+n]);at+=4+n;time.sleep(0.0002)\n")
        data = b"".join(struct.pack(">I", len(frame)) + frame for frame in frames)
        subprocess.run(self.inside("/usr/bin/python3", "-c", script), input=data, check=True, timeout=PATIENCE_S)

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Sensor:
    """mailwarden run on tap0; unless another matrix is given, each host but 192.0.2.70 is a group."""

    def __init__(self, *options, matrix=None, life=600, beside=None):
        """beside: another one whose link it watches as well; then it is not waited for."""
        self.namespace = beside.namespace if beside else Namespace(life)
        self.is_guest = beside is not None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mailwarden-test-"))
        self.folder.chmod(0o755)
        self.state = self.folder / "state"
        self.matrix = self.folder / "matrix.yaml"
        self.matrix.write_text(matrix or each_apart(MATRIX.read_text(), [*range(10, 70), *range(71, 140)]))
        self.log_file = self.folder / "log"
        self.options = options
        self.process = None
        self.starts = 0
        if beside:
            self.launch()
        else:
            self.start()

    def words(self):
        return [MAILWARDEN, "run", "-m", self.matrix, "-i", "tap0", "--state-dir", self.state, "--table", "4096",
                "--host", "sensor.example.org", *self.options]

    def start(self, *words):
        self.launch(*words)
        self.watch()

    def launch(self, *words):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.namespace.inside(*words, *self.words()), stdout=log, stderr=log, cwd=self.folder)
        self.starts += 1

    def watch(self):
        """From here on it sees what is sent."""
        until(lambda: self.log().count("watching") == self.starts or self.process.poll() is not None, "the sensor to start")
        assert self.process.poll() is None, self.log()

    def log(self):
        return self.log_file.read_text()

    def status(self):
        answer = subprocess.run([MAILWARDEN, "status", "--json", "--state-dir", str(self.state)],
                                capture_output=True, timeout=PATIENCE_S, check=False)
        return json.loads(answer.stdout)

    def part(self, name):
        return next(part for part in self.status()["processes"] if part["name"] == name)

    def worker(self):
        return self.part("worker 0")

    def records(self):
        try:
            return json_lines((self.state / "eve.json").read_text())
        except FileNotFoundError:
            return []

    def alerts(self, finding):
        """Those that tell this finding, alone or with others of the same cause."""
        def told_by(alert):
            return [each["finding"] for each in (alert, *alert.get("also", []))]
        return [record for record in self.records()
                if "alert" in record and finding in told_by(record["alert"]["metadata"])]

    def send(self, frames):
        self.namespace.send(frames)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE_S)
        schema.hold(self.records())
        return code

    def close(self):
        if self.process.poll() is None:
            children = processes_of(self.process.pid)
            self.process.kill()
            self.process.wait()
            until(lambda: not any(pathlib.Path(f"/proc/{child}").exists() for child in children), "the children to end")
        if not self.is_guest:
            self.namespace.close()
        print(self.log())  # pytest shows it when the test failed
        shutil.rmtree(self.folder)


@contextlib.contextmanager
def with_ways_out(tmp_path, form="", life=600):
    """A sensor that tells its metrics by a socket and a file, and its records by an output, all below .out."""
    out = tmp_path / "out"
    out.mkdir()
    open_to_all(tmp_path, out)
    settings = tmp_path / "mailwarden.yaml"
    settings.write_text(f"metrics: {{listen: unix:{out}/socket, textfile: {out}/mailwarden.prom, interval: 1}}\n"
                        f"outputs:\n  - {{type: file, name: siem, {form}path: {out}/siem.json}}\n")
    run = Sensor("-c", settings, life=life)
    run.out = out
    try:
        yield run
    finally:
        run.close()


def is_found(run, host):
    return [alert for alert in run.alerts(FOUND) if alert["src_ip"] == f"192.0.2.{host}"]


def watches(run, host):
    """The sensor sees and judges what is sent now."""
    run.send(dialogue(host))
    until(lambda: is_found(run, host), f"the dialogue of host {host} to be found")


def replaced(run, name, before):
    """The part runs again as another process; returns how long that took."""
    def runs_anew():
        part = run.part(name)  # asked once: between two answers the old one may end and the next not yet run
        return part["state"] == "running" and part["pid"] not in (0, before)

    start = time.monotonic()
    until(runs_anew, f"a new {name}")
    return time.monotonic() - start


def processes_of(pid):
    """Ids of the children of a process."""
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_dead(pid):
    """Nobody may have asked for what it left."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def stop_the_next_start(supervisor, child):
    """Kills this child and stops its successor, if it can before that runs; returns the successor's id."""
    known = set(processes_of(supervisor))
    os.kill(child, signal.SIGKILL)
    (started,) = until(lambda: set(processes_of(supervisor)) - known, "the next start", nap=0)
    os.kill(started, signal.SIGSTOP)
    return started


def alone(run):
    """How often a worker of it judged without waiting for another one that got no processor (docs/scale.md)."""
    return sum(part["counters"].get("lessons.alone", 0) for part in run.status()["processes"] if part["name"].startswith("worker"))


def in_company(attempt, attempts=3):
    """What attempt() gives besides the times that workers judged alone: anew where a busy machine kept them from each other."""
    for _ in range(attempts):
        times, answer = attempt()
        if times == 0:
            break
    return answer
