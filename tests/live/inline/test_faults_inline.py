"""Faults over an inline sensor, one or two at once, while honest mail goes to a real Postfix every 100 ms: none waits long.

The suite does a few; all of them by hand, in any order: FAULTS=27 SEED=7 pytest tests/live/inline/test_faults_inline.py
"""
import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time

import pytest

import real_site
import router as bench
from router import MX_OUT, SERVER, WORKSTATION
from sensor import SANITIZED, stop_the_next_start
from small_disk import fill, small_disk
from test_marks import compare, marks, verdicts
from test_two_faults import FLOOD, Sensor, banned

WHY_NOT = real_site.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
COUNT = int(os.environ.get("FAULTS", "6"))
SEED = int(os.environ.get("SEED", "1"))
PERIOD_S = 0.1
GAP_S = 1.0  # without one message that goes through
PAUSE_S = 30  # between restarts of a worker that died again and again
LONGEST_S = 1.2  # of one message: a SYN that was lost with a queue comes again after one second
SETTINGS = "mode: {}\nqueue: 0\nban: 300\nhold: 64\nqueue-length: 256\n"


@contextlib.contextmanager
def worker_dies(sensor):
    sensor.signal("worker 0", signal.SIGKILL)
    yield


@contextlib.contextmanager
def worker_hangs(sensor):
    sensor.signal("worker 0", signal.SIGSTOP)
    yield


@contextlib.contextmanager
def successor_hangs(sensor):
    sensor.router.wait(lambda: sensor.pid("worker 0") > 0)
    stop_the_next_start(sensor.run.pid, sensor.pid("worker 0"))
    yield


@contextlib.contextmanager
def reporter_dies(sensor):
    sensor.signal("reporter", signal.SIGKILL)
    yield


@contextlib.contextmanager
def reporter_hangs(sensor):
    """As long as the other fault lasts, and two seconds."""
    pid = sensor.pid("reporter")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        yield
        time.sleep(2)
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def supervisor_dies(sensor):
    sensor.run.kill()
    yield
    sensor.start_anew()


@contextlib.contextmanager
def supervisor_hangs(sensor):
    sensor.run.send_signal(signal.SIGSTOP)
    yield
    time.sleep(2)
    sensor.run.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def all_die(sensor):
    for one in sensor.router.status()["processes"]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one["pid"], signal.SIGKILL)
    yield
    sensor.start_anew()


@contextlib.contextmanager
def ends_in_order(sensor):
    sensor.router.end(sensor.run)
    yield
    sensor.start_anew()


@contextlib.contextmanager
def reloads(sensor):
    sensor.reload(10)
    yield
    sensor.reload(10)


def set_mode(sensor, mode):
    (sensor.router.folder / "settings.yaml").write_text(SETTINGS.format(mode))
    sensor.run.send_signal(signal.SIGHUP)


@contextlib.contextmanager
def mode_changes(sensor):
    set_mode(sensor, "audit")
    yield
    set_mode(sensor, "enforce")


@contextlib.contextmanager
def matrix_breaks(sensor):
    matrix = sensor.router.folder / "matrix.yaml"
    before = matrix.read_text()
    matrix.write_text(before.replace("from: mx-out", "from: mx-uot"))
    sensor.reload(1)
    yield
    matrix.write_text(before)
    sensor.reload(1)


@contextlib.contextmanager
def queue_is_taken(sensor):
    """Another sensor has it when this one comes back."""
    site = sensor.router
    site.end(sensor.run)
    other = site.start(site.router, bench.BINARY, "run", "-q", "0", "--enforce", "-m", str(site.folder / "matrix.yaml"),
                       "--state-dir", str(site.folder / "other"), "--user", "root", stderr=subprocess.DEVNULL)
    site.wait(lambda: "3725" in site.run(site.router, "cat", "/proc/net/netfilter/nfnetlink_log").stdout or other.poll() is not None)
    refused = site.start(site.router, bench.BINARY, "run", *sensor.options, "-m", str(site.folder / "matrix.yaml"), "--state-dir",
                         str(site.folder / "state"), "--user", "root", stderr=subprocess.PIPE)
    assert "queue 0 is held by another program" in refused.communicate(timeout=20)[1] and refused.returncode == 3
    yield
    site.end(other)
    sensor.start_anew()


@contextlib.contextmanager
def disk_is_full(sensor):
    ballast = fill(sensor.router.folder / "state")
    yield
    ballast.unlink()


@contextlib.contextmanager
def rules_are_gone(sensor):
    site = sensor.router
    for tool in ("iptables", "ip6tables"):
        for what in ("-F", "-X"):
            site.run(site.router, tool, "-t", "mangle", what)
    yield
    site.rules()


@contextlib.contextmanager
def queue_fills(sensor):
    flood = sensor.router.start(sensor.router.client, sys.executable, "-c", FLOOD)
    yield
    flood.wait(20)


ALONE = (supervisor_hangs, all_die, ends_in_order, queue_is_taken)
ANY_TWO = (worker_dies, worker_hangs, successor_hangs, reporter_dies, reporter_hangs, supervisor_dies, reloads, mode_changes,
           matrix_breaks, disk_is_full, rules_are_gone, queue_fills)
PAIRS = [two for two in itertools.permutations(ANY_TWO, 2) if two[0] != supervisor_dies]  # who is left is asked of it


class Flow:
    """One message more under way every 100 ms, however long those before take."""

    def __init__(self, site):
        self.output = site.folder / "flow.jsonl"
        with open(self.output, "w", encoding="ascii") as output:
            self.process = site.start(site.client, sys.executable, str(bench.HERE / "mail_peer.py"), "stream", str(1 / PERIOD_S),
                                      "a@example.org", MX_OUT, SERVER, stdin=subprocess.PIPE, stdout=output)

    def tries(self):
        return bench.json_lines(self.output.read_text())

    def gap(self, since):
        """The longest time without a message that went through, up to now."""
        ends = sorted(one["ended"] for one in self.tries() if one["result"] == "sent" and one["ended"] >= since - 5 * PERIOD_S)
        return max(after - before for before, after in zip(ends, [*ends[1:], time.monotonic()]))


@pytest.fixture(name="site")
def built_site():
    with real_site.built() as made:
        (made.folder / "matrix.yaml").write_text(bench.MATRIX)  # no row speaks of workstations: they are banned
        with small_disk(made.folder / "state", "64m", mode=750):
            yield made
            made.forget()


def chosen(chance):
    """Each alone, then any two at once; the short form: some of both."""
    alone = [(one,) for one in (*ALONE, *ANY_TWO)]
    chance.shuffle(alone)
    pairs = chance.sample(PAIRS, max(COUNT - len(alone), COUNT // 2))
    return [*alone[:COUNT - len(pairs)], *pairs]


def names_of(faults):
    return " + ".join(one.__name__ for one in faults)


def is_soon(seconds, most):
    return seconds <= most * (4 if SANITIZED else 1) or os.getloadavg()[0] > os.cpu_count()


def flap(site):
    """Without a sensor, too, kernels need a second or two until packets go on."""
    for way in ("down", "up"):
        site.run(site.router, "ip", "link", "set", "cr", way)


def test_mail_goes_on_within_a_second_whatever_two_things_break(site):
    chance = random.Random(SEED)
    settings = site.folder / "settings.yaml"
    settings.write_text(SETTINGS.format("enforce"))
    sensor = Sensor(site, ("-c", str(settings)))
    assert site.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    flow = Flow(site)
    site.wait(lambda: len(flow.tries()) > 5)
    gaps = []
    for faults in chosen(chance):
        begun = time.monotonic()
        with contextlib.ExitStack() as stack:
            for fault in faults:
                stack.enter_context(fault(sensor))
            time.sleep(chance.uniform(0, 0.3))
        site.wait(sensor.is_whole, 2 * PAUSE_S)
        time.sleep(1.5)  # what was under way ends
        gaps.append((flow.gap(begun), names_of(faults)))
        print(f"{gaps[-1][0]:.3f} s {gaps[-1][1]}", flush=True)
        site.wait(lambda: site.send(WORKSTATION, SERVER, 25)["result"] != "sent")  # one that hangs is found a little later
    longest = max(one["seconds"] for one in flow.tries())
    print(f"the longest of {len(flow.tries())} messages: {longest:.3f} s")
    flap(site)
    back = time.monotonic()
    site.wait(lambda: sum(one["ended"] - one["seconds"] > back for one in flow.tries()) > 3)
    flow.process.kill()
    kept, out = marks(site), banned(site)
    site.end(sensor.run)
    assert {one["result"] for one in flow.tries()} == {"sent"}
    assert out == {WORKSTATION}
    assert compare(kept, verdicts(site)) == []
    assert is_soon(max(gaps)[0], GAP_S), max(gaps)
    assert is_soon(longest, LONGEST_S)
