"""A network of its own for one golden case: hosts are network namespaces on one bridge.

`Lab` makes the namespaces, starts servers in them, runs clients in them and
captures what crosses the bridge. Everything it makes it takes away again; it
ends only the processes it started, by their id.
"""

import ipaddress
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

PATIENCE_S = 15


def run(*command, check=True, **more):
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.STDOUT)
    more.setdefault("timeout", PATIENCE_S)
    done = subprocess.run([str(word) for word in command], check=False, **more)
    if check and done.returncode != 0:
        raise RuntimeError(f"{command} failed ({done.returncode}): {done.stdout!r}")
    return done


class Host:
    """One namespace with one interface `eth0` on the bridge."""

    def __init__(self, lab, name, addresses):
        self.lab = lab
        self.name = name
        self.addresses = [ipaddress.ip_address(address) for address in addresses]
        self.address = str(self.addresses[0])
        self.namespace = f"{lab.prefix}-{name}"

    def command(self, *words):
        return ["ip", "netns", "exec", self.namespace, *[str(word) for word in words]]

    def run(self, *words, **more):
        """Run a client to its end; its exit code is the caller's business."""
        more.setdefault("check", False)
        return run(*self.command(*words), **more)

    def start(self, *words, **more):
        """Start a server; the lab ends it."""
        log = open(self.lab.folder / f"{self.name}-{len(self.lab.processes)}.log", "wb")
        more.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(self.command(*words), stdout=log, stderr=log,
                                   start_new_session=True, **more)
        self.lab.processes.append(process)
        return process

    def wait_listening(self, port):
        """Ask the kernel, not the server: a probe connection would be captured."""
        hexadecimal = f":{port:04X} "
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for table in ("/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp"):
                lines = run(*self.command("cat", table)).stdout.decode().splitlines()
                if any(hexadecimal in line and line.split()[3] in ("0A", "07")
                       for line in lines):
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{self.name}: nothing listens on {port}\n{self.lab.logs()}")


class Lab:
    def __init__(self):
        self.prefix = f"mw{os.getpid()}"
        self.hosts = {}
        self.processes = []
        self.captured = None
        self.folder = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mailwarden-lab-"))
        self.folder.chmod(0o755)
        self.wire = f"{self.prefix}-wire"
        self._make_namespace(self.wire)
        inside = ("ip", "-n", self.wire, "link")
        run(*inside, "add", "br0", "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
        run(*inside, "set", "br0", "promisc", "on", "up")
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        """What a lab of one kind has from the start; what was made before it failed is taken away."""

    def __exit__(self, *_):
        for process in reversed(self.processes):
            end_group(process)
        for host in self.hosts.values():
            run("ip", "netns", "del", host.namespace, check=False)
        run("ip", "netns", "del", self.wire, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_namespace(self, name):
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        for key in ("all", "default"):
            run("ip", "netns", "exec", name, "sysctl", "-qw",
                f"net.ipv6.conf.{key}.accept_dad=0", f"net.ipv6.conf.{key}.accept_ra=0")

    def host(self, name, *addresses, mtu=1500):
        """A host whose neighbours are all on its link: no router, no other traffic."""
        host = Host(self, name, addresses)
        self._make_namespace(host.namespace)
        number = len(self.hosts) + 1
        port = f"port{number}"
        run("ip", "-n", self.wire, "link", "add", port, "type", "veth",
            "peer", "name", "eth0", "netns", host.namespace)
        run("ip", "-n", self.wire, "link", "set", port, "mtu", mtu, "master", "br0", "up")
        inside = ("ip", "-n", host.namespace)
        run(*inside, "link", "set", "eth0", "mtu", mtu, "address",
            f"02:00:5e:00:53:{number:02x}", "up")
        for address in host.addresses:
            bits = 32 if address.version == 4 else 128
            run(*inside, "addr", "add", f"{address}/{bits}", "dev", "eth0",
                *(["nodad"] if bits == 128 else []))
        run(*inside, "route", "add", "default", "dev", "eth0", check=False)
        run(*inside, "-6", "route", "add", "default", "dev", "eth0", check=False)
        for namespace, device in ((host.namespace, "eth0"), (self.wire, port)):
            # Segments must look as on a wire: no super-segments, checksums filled in.
            run("ip", "netns", "exec", namespace, "ethtool", "-K", device,
                "tso", "off", "gso", "off", "gro", "off", "rx", "off", "tx", "off")
        self.hosts[name] = host
        return host

    def capture(self, pattern="tcp or udp port 53"):
        """Start tcpdump on the bridge; everything before this call is not recorded."""
        self.captured = self.folder / "traffic.pcap"
        words = ["ip", "netns", "exec", self.wire, "tcpdump", "-i", "br0", "-n", "-U",
                 "--immediate-mode", "-B", "65536", "-s", "0", "-w", str(self.captured), pattern]
        self.tcpdump = subprocess.Popen(words, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, start_new_session=True)
        self.processes.append(self.tcpdump)
        line = self.tcpdump.stderr.readline()
        while line and b"listening on" not in line:
            line = self.tcpdump.stderr.readline()

    def stop_capture(self, settle_s=0.4):
        time.sleep(settle_s)
        end_group(self.tcpdump)
        return self.captured.read_bytes()

    def end(self, process):
        end_group(process)
        self.processes.remove(process)

    def logs(self):
        texts = []
        for path in sorted(self.folder.glob("*.log")):
            texts.append(f"--- {path.name}\n" + path.read_text(errors="replace")[-2000:])
        return "\n".join(texts)


def end_group(process):
    """End one process we started, and the children in its own session."""
    for signal_number in (15, 9):
        try:
            os.killpg(process.pid, signal_number)
        except ProcessLookupError:
            pass
        try:
            process.wait(timeout=3)
            return
        except subprocess.TimeoutExpired:
            continue
