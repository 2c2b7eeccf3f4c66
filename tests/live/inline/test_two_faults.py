"""Two faults at once, with bans, held packets and marks in place: mail goes on, nobody is banned or blocked wrongly."""
import contextlib
import os
import signal
import sys
import threading

import pytest

import router as bench
from real_site import Mailflow
from router import MX_OUT, SERVER, WORKSTATION
from sensor import stop_the_next_start
from test_marks import compare, marks, verdicts

OPEN = ("-q", "0", "--enforce", "--ban", "300", "--hold", "64", "--queue-length", "256")
OPTIONS = {"open": OPEN, "closed": (*OPEN, "--fail-closed", "yes")}
GAP = 1.2  # seconds that one message may take: what was lost with a queue comes again, a SYN after one second
FLOOD = f"""
import socket
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(20000):
    one.sendto(b"?", ("{SERVER}", 53))
"""


@pytest.fixture
def router(tmp_path):
    with bench.built(tmp_path) as made:
        made.serve("25")
        yield made


class Sensor:
    """The sensor of a router, and what can happen to its processes."""

    def __init__(self, router, options):
        self.router, self.options = router, options
        self.run = router.sensor(*self.options)

    def pid(self, name):
        return next(one["pid"] for one in self.router.status()["processes"] if one["name"] == name)

    def signal(self, name, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid(name), number)

    def reload(self, times=10):
        for _ in range(times):
            self.run.send_signal(signal.SIGHUP)
            threading.Event().wait(0.02)

    def start_anew(self):
        """As the service manager does, at once."""
        self.run.kill()
        self.run.wait(10)
        self.run = self.router.sensor(*self.options)

    def is_whole(self):
        return all(one["state"] == "running" for one in self.router.status()["processes"][1:])


def worker_and_reporter_die(sensor):
    sensor.signal("worker 0", signal.SIGKILL)
    sensor.signal("reporter", signal.SIGKILL)


def worker_and_reporter_hang(sensor):
    sensor.signal("reporter", signal.SIGSTOP)
    sensor.signal("worker 0", signal.SIGSTOP)
    sensor.router.wait(lambda: sensor.router.status()["processes"][2]["restarts"] > 0)
    sensor.signal("reporter", signal.SIGCONT)


def worker_dies_among_reloads(sensor):
    sensor.reload(5)
    sensor.signal("worker 0", signal.SIGKILL)
    sensor.reload(5)


def worker_hangs_among_reloads(sensor):
    sensor.reload(5)
    sensor.signal("worker 0", signal.SIGSTOP)
    sensor.reload(5)


def worker_dies_twice(sensor):
    stop_the_next_start(sensor.run.pid, sensor.pid("worker 0"))


def worker_dies_and_supervisor_too(sensor):
    sensor.signal("worker 0", signal.SIGKILL)
    sensor.start_anew()


def worker_hangs_and_supervisor_dies(sensor):
    sensor.signal("worker 0", signal.SIGSTOP)
    sensor.start_anew()


def all_hang_and_supervisor_dies(sensor):
    """The next start lets them go on."""
    for name in ("worker 0", "reporter"):
        sensor.signal(name, signal.SIGSTOP)
    sensor.run.kill()
    sensor.run.wait(10)
    threading.Event().wait(0.2)  # any moment will do: what the manager needs
    sensor.run = sensor.router.sensor(*sensor.options)


def queue_fills_among_reloads(sensor):
    flood = sensor.router.start(sensor.router.client, sys.executable, "-c", FLOOD)
    sensor.reload(5)
    flood.wait(20)


def queue_fills_while_the_worker_dies(sensor):
    flood = sensor.router.start(sensor.router.client, sys.executable, "-c", FLOOD)
    sensor.signal("worker 0", signal.SIGKILL)
    flood.wait(20)


FAULTS = (worker_and_reporter_die, worker_and_reporter_hang, worker_dies_among_reloads, worker_hangs_among_reloads,
          worker_dies_twice, worker_dies_and_supervisor_too, worker_hangs_and_supervisor_dies,
          all_hang_and_supervisor_dies, queue_fills_among_reloads, queue_fills_while_the_worker_dies)


def banned(router):
    return {one["address"] for one in router.status()["bans"]}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_mail_goes_on_and_marks_and_bans_are_what_was_judged(router, fault, options):
    router.rules(*(("--fail-closed",) if "--fail-closed" in options else ()))
    sensor = Sensor(router, options)
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "refused"
    flow = Mailflow(router)
    fault(sensor)
    router.wait(sensor.is_whole)
    results, longest = flow.end()
    router.wait(lambda: router.send(WORKSTATION, SERVER, 25)["result"] != "sent")  # one that hangs is found a little later
    kept, out = marks(router), banned(router)
    router.end(sensor.run)
    assert results == {"sent"}
    assert out == {WORKSTATION}
    assert compare(kept, verdicts(router)) == []
    assert longest <= GAP
