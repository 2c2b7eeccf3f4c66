"""A cluster of Kafka, librdkafka's own for tests (kafka_cluster.c), and what is in its topic."""

import os
import pathlib
import shlex
import shutil
import subprocess

import pytest

TOPIC = "mail"
HERE = pathlib.Path(__file__).resolve().parent


def why_not_here():
    if not shutil.which("pkg-config") or subprocess.run(["pkg-config", "--exists", "rdkafka"], check=False).returncode != 0:
        return "needs librdkafka-dev"
    return None


needed = pytest.mark.skipif(why_not_here() is not None, reason=str(why_not_here()))


class Cluster:
    """Brokers at ports of their own; commands are lines, each answered. inside: words that put it into a namespace."""

    def __init__(self, folder, program, brokers=3, partitions=4, inside=()):
        self.file = pathlib.Path(folder) / "records"
        self.read = []
        self.place = 0
        self.process = subprocess.Popen([*inside, program, str(brokers), str(partitions), TOPIC, str(self.file)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.brokers = self.process.stdout.readline().strip().split(",")
        assert len(self.brokers) == brokers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(20) == 0
        self.process.stdout.close()

    def tell(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "done\n"

    def records(self):
        """Partition, key, event_id and value of each, in the order of their partition."""
        with open(self.file, "rb") as file:
            file.seek(self.place)
            text = file.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.place += len(whole)
        self.read += [line.split("\t", 3) for line in whole.decode().splitlines()]
        return self.read

    def event_ids(self):
        return [one[2] for one in self.records()]


def build(folder):
    """The program, built there."""
    program = folder / "kafka_cluster"
    subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-O1", "-D_GNU_SOURCE", "-Wall", "-Werror", "-o", program,
                    HERE / "kafka_cluster.c", "-lrdkafka"], check=True, timeout=120)
    return program
