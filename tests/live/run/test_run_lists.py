"""Lists beside a running sensor: in force from the first packet on, swapped between two, kept where a file is none."""

import json
import os
import subprocess

import pytest

import sensor
from apart import each_apart
from frames_made import dialogue, ending
from sensor import MAILWARDEN, MATRIX, Sensor, until

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

    def list(self, *words):
        """What the command answers, and its exit code."""
        answer = subprocess.run([MAILWARDEN, "list", *words, "--state-dir", self.state], capture_output=True, text=True,
                                check=False, timeout=60)
        return answer.stdout + answer.stderr, answer.returncode

    def objects(self, *words):
        """The same with --json."""
        answer, code = self.list(*words, "--json")
        assert code in (0, 1), answer
        return [json.loads(line) for line in answer.splitlines()]

    def states(self):
        """What status --json says of each list."""
        return {one["name"]: one for one in self.status()["lists"]}

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
        states = until(lambda: (now := run.states())["friends"]["hits"] == 1 and now, "the friend's hit")
        assert list(states) == ["drop", "friends"]
        assert (states["drop"]["kind"], states["drop"]["entries"], states["drop"]["hits"]) == ("deny", 42, 2)
        assert (states["drop"]["kept"], states["drop"]["failures"]) == (True, 1) and "lines are broken" in states["drop"]["problem"]
        assert states["drop"]["read"] <= states["drop"]["failed"] and states["drop"]["read"] <= states["drop"]["file_written"]
        assert (states["friends"]["kept"], states["friends"]["failures"]) == (False, 0) and "failed" not in states["friends"]
        run.write("drop", many(44, 45))
        until(lambda: run.loads() > loads + 1, "the list made whole")
        assert run.sees(44) == ["client: 192.0.2.44 on list drop, SBL44"]
        assert run.sees(45) == []
        state = run.states()["drop"]
        assert (state["kept"], state["failures"], state["entries"]) == (False, 1, 42) and "problem" not in state
        assert run.end() == 0
    finally:
        run.close()


def test_lists_are_asked_and_changed_by_hand_and_that_outlives_feeds_and_restarts():
    run = Listed(drop=many(40, 41), friends="192.0.2.43\n")
    try:
        assert run.sees(40) == ["client: 192.0.2.40 on list drop, SBL40"]
        assert run.list("lookup", "192.0.2.40", "192.0.2.43") == (
            "192.0.2.40\tdrop\tdeny\t192.0.2.40\thits=1\tSBL40\n192.0.2.43\tfriends\tallow\t192.0.2.43\thits=0\n", 0)
        assert run.list("lookup", "192.0.2.44") == ("192.0.2.44\ton no list\n", 1)
        assert run.list("add", "drop", "192.0.2.44", "--reason", "by me", "--expires", "2099-12-31") == ("192.0.2.44 is on list drop\n", 0)
        assert run.sees(44) == ["client: 192.0.2.44 on list drop since " + run.records()[0]["timestamp"][:10] + " until 2099-12-31, by me"]
        assert run.list("remove", "drop", "192.0.2.41") == ("192.0.2.41 is off list drop\n", 0)
        assert run.sees(41) == []
        changes = [record["matrix"] for record in run.records() if record["event_type"] == "matrix" and "list" in record["matrix"]]
        assert [(each["action"], each["list"], each["entry"], each["reason"]) for each in changes] == [
            ("list-entry-added", "drop", "192.0.2.44", "by me"), ("list-entry-removed", "drop", "192.0.2.41", "")]
        loads = run.loads()
        run.write("drop", many(40, 41) + "bulk.example.net\n")
        until(lambda: run.loads() > loads, "the feed's next version")
        dumped, code = run.list("dump", "drop")
        assert code == 0 and "192.0.2.44\thits=1" in dumped and "192.0.2.41" not in dumped and "bulk.example.net" in dumped
        assert "192.0.2.40" not in run.list("dump", "--never-hit")[0]  # its hit was kept over the loads
        assert "drop: deny, 43 entries, 2 hit, 2 hits" in run.list("stats", "drop")[0]
        of_drop, = run.objects("stats", "drop")
        assert (of_drop["entries"], of_drop["entries_hit"], of_drop["hits"], of_drop["kept"]) == (43, 2, 2, False)
        listed, other = run.objects("lookup", "192.0.2.44", "192.0.2.46")
        assert (listed["asked"], listed["list"], listed["entry"], listed["reason"], listed["hits"]) == (
            "192.0.2.44", "drop", "192.0.2.44", "by me", 1) and listed["expires"].startswith("2100-01-01T00:00:00")
        assert other == {"asked": "192.0.2.46", "list": None}
        assert len(run.objects("dump", "drop")) == 43 and run.states()["drop"]["hits"] == 2
        assert run.objects("add", "friends", "203.0.113.0/28") == [{"list": "friends", "entry": "203.0.113.0/28", "listed": True}]
        for words, told in ((("add", "nobody", "192.0.2.1"), 'the matrix declares no list "nobody"'),
                            (("add", "drop", "192.0.2.1-192.0.2.9"), "is several prefixes"),
                            (("add", "drop", "192.0.2.1", "--expires", "soon"), "is no day")):
            answer, code = run.list(*words)
            assert told in answer and code != 0
        assert run.end() == 0
        assert "no sensor can be asked there" in run.list("stats")[0]
        run.start()
        assert run.list("lookup", "192.0.2.44")[1] == 0 and run.list("lookup", "192.0.2.41")[1] == 1
    finally:
        run.close()
