"""Lists beside a running sensor: in force from the first packet on, swapped between two, kept where a file is none."""

import os

import pytest

import sensor
from apart import each_apart
from frames_made import dialogue, ending
from sensor import MATRIX, Sensor, until

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

LISTS = "\nlists:\n  drop: {kind: deny, file: drop.txt}\n  friends: {kind: allow, file: friends.txt, shrinks: yes}\n"


class Listed(Sensor):
    """Its lists stand beside its matrix."""

    def __init__(self, **files):
        self.files = files
        super().__init__("--fold", "1", matrix=each_apart(MATRIX.read_text(), [*range(10, 70), *range(71, 140)]) + LISTS)

    def launch(self, *words):
        for name, text in self.files.items():
            self.write(name, text)
        super().launch(*words)

    def write(self, name, text):
        """As who writes a feed has to: whole, or not at all."""
        (self.folder / "next").write_text(text)
        os.rename(self.folder / "next", self.folder / f"{name}.txt")

    def told(self, host):
        return [alert["alert"]["metadata"]["detail"] for alert in self.alerts("sender.listed")
                if alert["src_ip"] == f"192.0.2.{host}"]

    def loads(self):
        return self.log().count("lists loaded:")

    def sees(self, host):
        """What is told of the host's mail: it, or the matrix's own words where no list has the host."""
        self.send(dialogue(host) + ending(host))
        until(lambda: any(record["src_ip"] == f"192.0.2.{host}" for record in self.records() if record["event_type"] == "mail"),
              f"the flow of {host}")
        return self.told(host)


def many(*hosts):
    return "".join(f"198.51.100.{number}\n" for number in range(40)) + "".join(f"192.0.2.{host} ; SBL{host}\n" for host in hosts)


def test_lists_are_swapped_under_a_running_sensor_and_kept_where_a_file_is_none():
    run = Listed(drop=many(40), friends="192.0.2.43\n")
    try:
        assert "lists loaded: 2 with 42 entries" in run.log()
        assert run.sees(40) == ["client: 192.0.2.40 on list drop, SBL40"]
        assert run.sees(41) == []
        loads = run.loads()
        run.write("drop", many(42, 43))
        until(lambda: run.loads() > loads, "the new list")
        assert run.sees(42) == ["client: 192.0.2.42 on list drop, SBL42"]
        assert run.sees(43) == []  # a friend
        loads = run.loads()
        run.write("drop", "<html><body>503 Service Unavailable</body></html>\n")
        until(lambda: run.loads() > loads, "the broken list")
        (failed,) = until(lambda: run.alerts("sensor.list-failed"), "the alert")
        assert failed["alert"]["metadata"]["detail"].startswith("list drop, 42 entries stay: 1 of 1 lines are broken: ")
        loads = run.loads()
        run.write("friends", "192.0.2.45\n")
        until(lambda: run.loads() > loads, "the other list")
        assert len(run.alerts("sensor.list-failed")) == 1  # what is known is not told again
        run.write("drop", many(44, 45))
        until(lambda: run.loads() > loads + 1, "the list made whole")
        assert run.sees(44) == ["client: 192.0.2.44 on list drop, SBL44"]
        assert run.sees(45) == []
        assert run.end() == 0
    finally:
        run.close()
