"""What the live measurements share: where the programs are, and how a figure is told."""
import argparse
import os
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def parser(text):
    made = argparse.ArgumentParser(description=text.splitlines()[0])
    made.add_argument("--build", default=str(ROOT / "build" / "plain"), help="where the programs are (%(default)s)")
    made.add_argument("--check", action="store_true", help="exit 1 when a figure falls short")
    return made


def use(options):
    """The helpers of tests/live/lab, for the program of this build. Root only."""
    if os.geteuid() != 0:
        sys.exit("needs root for network namespaces")
    sensor = pathlib.Path(options.build).resolve() / "mailwarden"
    missing = [str(path) for path in (sensor, pathlib.Path(program(options, "junk"))) if not path.exists()]
    if missing:
        sys.exit(f"not built: {' '.join(missing)} (make bench-live builds what these measurements need)")
    os.environ["MAILWARDEN"] = str(sensor)
    sys.path.insert(0, str(ROOT / "tests" / "live" / "lab"))


def program(options, name):
    return str(pathlib.Path(options.build).resolve() / "bench" / "live" / name)


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid, kind="VmRSS"):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split(f"{kind}:")[1].split()[0]) / 1024


def own_mb(pid):
    """Without what processes share: rings and pages of a fixed size, which count as they are first used."""
    return resident_mb(pid) - resident_mb(pid, "RssShmem")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def median(values):
    return statistics.median(values)


class Figures:
    """Prints each figure beside what it should be; remembers whether all hold."""

    def __init__(self):
        self.short = 0

    def tell(self, what, value, holds, wanted):
        self.short += not holds
        print(f"{what:<58} {value:>10}   {wanted:<16} {'holds' if holds else 'FALLS SHORT'}", flush=True)

    def status(self, options):
        return 1 if options.check and self.short else 0
