#!/usr/bin/python3
"""A site of twelve hosts with real servers, some minutes of mail, and one sensor: is each alert right, and is one missing?

What is legitimate is done again and again, each illegitimate kind once (tests/live/lab/network_kinds.py). In the end all alerts
are listed and held against the kinds: each illegitimate kind told exactly once, nothing else told.

With --inline the sensor stands in the way: in audit first, put to enforce by a reload at a quarter of the time, and at half of
it two rows expire, of the applications' mail and of submissions to a provider known by name. Then no legitimate message may
be refused or take longer than a second.
"""
import argparse
import contextlib
import datetime
import os
import pathlib
import re
import shlex
import signal
import statistics
import struct
import subprocess
import sys
import threading
import time

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import network
import sensor
from network_kinds import ILLEGITIMATE, LEGITIMATE, OTHER_MX

SOON_S = 1.0
NOTICES = {"sensor.row-expiring"}  # what the matrix itself gives rise to: a row of it has expired
LOOK_S = 75  # within so long the sensor sees that a row has expired
SEVERITIES = ("critical", "high", "medium", "low")
# where no option says otherwise
BLOCKED = {"sender.illegitimate", "flow.illegitimate", "flow.role-mismatch", "zone.user-access-exposed"}
SERVERS = ("relay", "mx-in", "mx-out")


class Trial:
    """One run: what was done, and how each try ended."""

    def __init__(self, site, seconds):
        self.site = site
        self.start = time.monotonic()
        self.end = self.start + seconds
        self.tries = []  # kind, answer of the client
        self.lock = threading.Lock()
        self.count = 0
        self.failures = []

    def attempt(self, client, kind):
        with self.lock:
            self.count += 1
            order = {**kind.order, "number": self.count}
        answer = client.order(order)
        with self.lock:
            self.tries.append((kind, answer))
        return answer

    def again_and_again(self, name):
        """All legitimate kinds of one host, each when it is due."""
        client = network.Client(self.site.hosts[name])
        kinds = [kind for kind in LEGITIMATE if kind.host == name]
        due = [self.start] * len(kinds)
        while (soonest := min(due)) < self.end:
            at = due.index(soonest)
            time.sleep(max(0, soonest - time.monotonic()))
            self.attempt(client, kinds[at])
            due[at] = max(soonest + kinds[at].again, time.monotonic())

    def once(self, kind):
        with self.stripping() if kind.ends[1] == OTHER_MX else contextlib.nullcontext():
            self.attempt(network.Client(self.site.hosts[kind.host]), kind)

    @contextlib.contextmanager
    def stripping(self):
        """One message crosses whole, and from then on somebody takes the offer of TLS away."""
        def sent():
            return self.site.said("mx-out", r"to=<bob@other\.example\.net>.*status=sent")

        (kind,) = [kind for kind in ILLEGITIMATE if kind.ends[1] == OTHER_MX]
        network.Client(self.site.hosts[kind.host]).order({**kind.order, "number": 0})
        sensor.until(lambda: sent() == 1, "the message that crosses whole")
        self.site.strip(True)
        try:
            yield
            with contextlib.suppress(AssertionError):  # inline it is stopped
                sensor.until(lambda: sent() == 2, "the message that is stripped", 5)
        finally:
            self.site.strip(False)

    def guarded(self, work, *words):
        try:
            work(*words)
        except Exception as failure:  # pylint: disable=broad-exception-caught # told by run(), in its thread
            self.failures.append(failure)

    def each_once(self, first):
        """All illegitimate kinds, evenly from this share of the time on."""
        for number, kind in enumerate(ILLEGITIMATE):
            share = first + (0.95 - first) * number / len(ILLEGITIMATE)
            time.sleep(max(0, self.start + share * (self.end - self.start) - time.monotonic()))
            self.once(kind)

    def run(self, *more, first=0.1):
        works = [(self.again_and_again, name) for name in sorted({kind.host for kind in LEGITIMATE})]
        threads = [threading.Thread(target=self.guarded, args=work) for work in (*works, (self.each_once, first), *more)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise self.failures[0]
        sensor.until(lambda: not any(map(self.site.queued, SERVERS)), "the servers to have handed on all mail", 60)

    def of(self, kind):
        return [answer for done, answer in self.tries if done is kind]


def findings_of(alert):
    told = alert["alert"]["metadata"]
    return [each["finding"] for each in (told, *told.get("also", []))]


def ends_of(record):
    return record.get("src_ip"), record.get("dest_ip"), record.get("dest_port")


def is_about(alert, kind):
    findings = findings_of(alert)
    count = 2 if "tunnel.mail" in kind.findings else 3  # the port of a tunnel is its own
    return (ends_of(alert)[:count] == kind.ends[:count] and set(findings) <= set(kind.findings)
            and kind.findings[0] in findings)


def line_of(alert):
    ends = f"{alert.get('src_ip', '-')} -> {alert.get('dest_ip', '-')}:{alert.get('dest_port', '-')}"
    more = "".join(" +" + finding for finding in findings_of(alert)[1:])
    told = alert["alert"]
    return (f"{alert['timestamp'][11:19]} {SEVERITIES[told['severity'] - 1]:8} {told['action']:7} {findings_of(alert)[0]}{more}, "
            f"{ends}{', again' if told['metadata'].get('update') else ''}; {told['metadata'].get('detail') or '-'}")


def figures(seconds):
    """Median, the 99th of a hundred, the longest; in ms."""
    ordered = sorted(seconds) or [0]
    late = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return [1000 * one for one in (statistics.median(ordered), late, ordered[-1])]


def hops(site):
    """How long each server took to hand on a message, by its log; but for those that were made to wait or were cut."""
    found = {}
    for name in SERVERS:
        text = (site.folder / f"postfix-{name}" / "log").read_text(errors="replace")
        lines = re.findall(r"to=<(\S+)>, relay=(\S+?)\[.*?delay=([\d.]+),.*status=sent", text)
        for to, onward, delay in lines:
            if not to.endswith(("@grey.example.net", "@other.example.net")):
                found.setdefault(f"{name} hands on to {onward}", []).append(float(delay))
    return found


class Report:
    """Prints what happened, and keeps what is wrong."""

    def __init__(self, trial, watcher):
        self.trial, self.watcher = trial, watcher
        self.alerts = watcher.records("alert")
        self.wrong = []

    def say(self, is_right, text):
        print(f"{'  ' if is_right else '! '}{text}")
        if not is_right:
            self.wrong.append(text)

    def list_alerts(self):
        edits = network.edits(self.watcher.matrix.read_text())
        print(f"The matrix is rules/hybrid-reference.yaml, but for {len(edits)} lines:")
        for line in edits:
            print("    " + line)
        print(f"\nAll {len(self.alerts)} alerts:")
        for alert in self.alerts:
            print("  " + line_of(alert))

    def legitimate(self):
        print("\nLegitimate kinds: how often, and the time until the server had it or answered (ms: median, p99, longest)")
        for kind in LEGITIMATE:
            answers = self.trial.of(kind)
            errors = [one["error"] for one in answers if one["error"]]
            middle, late, longest = figures([one["seconds"] for one in answers])
            self.say(len(answers) > 1 and not errors,
                     f"{len(answers):5} {middle:6.0f} {late:6.0f} {longest:6.0f}  {kind.name} {errors[:1] or ''}")
        print("Servers, from taking a message to having handed it on:")
        for name, delays in hops(self.trial.site).items():
            print("  {:5} {:6.0f} {:6.0f} {:6.0f}  {}".format(len(delays), *figures(delays), name))

    def nothing_is_lost(self):
        inward = sum(not one["error"] for kind, one in self.trial.tries if kind.order.get("to") == "alice@example.org")
        arrived = self.trial.site.arrived()
        self.say(arrived == inward, f"{arrived} of {inward} messages from the Internet are in the mailbox")
        bounces = sum(not one["error"] for kind, one in self.trial.tries if kind.order.get("to") == "nobody@example.org")
        told = self.trial.site.said("mx-out", r"to=<bob@example\.net>.*status=sent")
        outward = sum(not one["error"] for kind, one in self.trial.tries
                      if kind.order.get("server") == network.RELAY and kind.order.get("to") == "bob@example.net")
        self.say(told == outward + bounces, f"{told} of {outward} messages and {bounces} bounces left by the gateway")

    def illegitimate(self):
        print("\nIllegitimate kinds: how many alerts")
        for kind in ILLEGITIMATE:
            told = sum(is_about(alert, kind) for alert in self.alerts)
            self.say(told == 1, f"{told:3}  {kind.name}")
        self.nothing_else()

    def nothing_else(self, *more):
        """Is told, but perhaps of flows with these ends."""
        others = [alert for alert in self.alerts if not any(is_about(alert, kind) for kind in ILLEGITIMATE)
                  and findings_of(alert)[0] not in NOTICES and ends_of(alert) not in more]
        self.say(not others, f"{len(others):3}  alerts about nothing of these")
        for alert in others:
            print("       " + line_of(alert))

    def verdicts(self, *more):
        """Flows that are none of the illegitimate ones, nor have these ends, are legitimate."""
        ends = {*(kind.ends for kind in ILLEGITIMATE), *more}
        flows = [one for one in self.watcher.records("mail") if ends_of(one) not in ends and "tunnel" not in one]
        doubted = [one for one in flows if one["mail"]["verdict"] != "legitimate"]
        self.say(not doubted, f"{len(flows) - len(doubted)} of {len(flows)} other flows are legitimate")
        for one in doubted[:5]:
            mail = one["mail"]
            print(f"       {one['src_ip']} -> {one['dest_ip']}:{one['dest_port']} {mail['verdict']}: {mail['reason']}")

    def in_time(self):
        mails = [answer["seconds"] for kind, answer in self.trial.tries if kind in LEGITIMATE and kind.order["do"] == "mail"]
        middle, late, longest = figures(mails)
        is_busy = os.getloadavg()[0] > os.cpu_count() or sensor.SANITIZED
        self.say(longest < 1000 * SOON_S or is_busy, f"{len(mails)} messages: median {middle:.0f} ms, p99 {late:.0f} ms, "
                 f"longest {longest:.0f} ms; load {os.getloadavg()[0]:.1f}")

    def blocked(self):
        print("\nIllegitimate kinds under enforcement: what the alert says was done, and what the client met")
        for kind in ILLEGITIMATE:
            actions = sorted({alert["alert"]["action"] for alert in self.alerts if is_about(alert, kind)})
            error = self.trial.of(kind)[0]["error"]
            is_stopped = kind.findings[0] in BLOCKED and kind.ends[1] != network.NEWSLETTER  # a row that ended lately
            self.say(actions == ["blocked" if is_stopped else "allowed"] and bool(error) == is_stopped,
                     f"{'/'.join(actions) or 'untold':8} {kind.name}: {error or 'done'}"[:120])


def passive(seconds):
    """A trial on the mirror; what was wrong."""
    with network.Network() as site:
        watcher = network.Sensor(site, network.matrix(), "-i", "tap0")
        trial = Trial(site, seconds)
        trial.run()
        code = watcher.end()
        report = Report(trial, watcher)
        report.list_alerts()
        report.legitimate()
        report.nothing_is_lost()
        report.verdicts()
        report.illegitimate()
        report.say(code == 0, f"the sensor ended with {code}")
        return report.wrong


def clock(folder, seconds_off):
    """The environment of a process whose wall clock is off by so much."""
    library, file = folder / "clock.so", folder / "clock"
    file.write_bytes(struct.pack("=q", seconds_off))
    subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-shared", "-fPIC", "-o", library, network.HERE / "clock.c"],
                   check=True, timeout=60)
    sanitizer = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
    return {"LD_PRELOAD": str(library), "CLOCK_FILE": str(file), "ASAN_OPTIONS": sanitizer}


def until_midnight(ahead):
    """By how much a clock is off that shows midnight (UTC) in so many seconds, and which day it shows till then."""
    now = datetime.datetime.now(datetime.timezone.utc)
    midnight = datetime.datetime.combine(now.date() + datetime.timedelta(days=1), datetime.time(), datetime.timezone.utc)
    return round((midnight - now).total_seconds() - ahead), now.date().isoformat()


def enforce(trial, watcher, settings):
    """At a quarter of the time the mode is changed by a reload."""
    time.sleep(max(0, trial.start + 0.25 * (trial.end - trial.start) - time.monotonic()))
    settings.write_text("mode: enforce\n")
    watcher.process.send_signal(signal.SIGHUP)
    sensor.until(lambda: watcher.status()["mode"] == "enforce", "the mode to be enforce")


def inline(seconds):
    """A trial with the sensor in the way; what was wrong."""
    with network.Network() as site:
        rules = subprocess.run([sensor.MAILWARDEN, "export", "--to", "iptables", "--inline", "--queue", "0"], check=True,
                               capture_output=True, timeout=20).stdout
        site.run("iptables-restore", "--noflush", input=rules, check=True)
        settings = site.folder / "settings.yaml"
        settings.write_text("mode: audit\n")
        seconds_off, last_day = until_midnight(seconds / 2)
        watcher = network.Sensor(site, network.matrix(ending=f", expires: {last_day}"), "-q", "0", "-c", settings,
                                 environment=clock(site.folder, seconds_off))
        trial = Trial(site, seconds)
        trial.run((enforce, trial, watcher, settings), first=0.3)
        status = watcher.status()
        code = watcher.end()
        report = Report(trial, watcher)
        report.list_alerts()
        report.blocked()
        # by rows that have ended meanwhile
        let_by = ((network.CRM, network.RELAY, 25), (network.HOSTS["desk"][0], network.NAMES["smtp.gmail.com"], 465))
        report.nothing_else(*let_by)
        report.legitimate()
        report.nothing_is_lost()
        report.verdicts(*let_by)
        ended = [alert["alert"]["metadata"]["detail"] for alert in report.alerts
                 if findings_of(alert)[0] == "sensor.row-expiring"]
        print("\nInline")
        is_told = any(one.startswith("row H-11 has expired") and one.endswith("and 1 more") for one in ended)
        report.say(is_told or seconds / 2 < LOOK_S, f"told of rows: {'; '.join(ended)}")
        report.say(status["mode"] == "enforce", f"mode {status['mode']} in the end")
        stopped = sum(alert["alert"]["action"] == "blocked" for alert in report.alerts)
        report.say(stopped > 0, f"{stopped} alerts tell of something blocked")
        report.in_time()
        report.say(code == 0, f"the sensor ended with {code}")
        return report.wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600, help="of mail (default 600)")
    parser.add_argument("--inline", action="store_true", help="the sensor stands in the way, on a queue")
    words = parser.parse_args()
    reason = network.why_not()
    if reason:
        sys.exit(reason)
    wrong = (inline if words.inline else passive)(words.seconds)
    print(f"\nwrong: {len(wrong)}" if wrong else "\nall as it should be")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
