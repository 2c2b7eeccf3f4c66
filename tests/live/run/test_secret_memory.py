"""Which process of a running sensor has a password, by all of its memory; and no descriptor of whoever started it."""

import contextlib
import os
import pathlib
import re
import signal

import pytest

import sensor
from sensor import Sensor, open_to_all, processes_of, until

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
PASSWORDS = {"first": "correct-horse-battery", "second": "staple-of-the-other"}


def memory_of(pid):
    """Everything that the process has mapped and that can be read."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            start, end = (int(word, 16) for word in re.match("([0-9a-f]+)-([0-9a-f]+)", line).groups())
            if "[v" in line or line.split()[1][0] != "r":
                continue
            for at in range(start, end, 1 << 24):
                with contextlib.suppress(OSError):
                    memory.seek(at)
                    yield memory.read(min(1 << 24, end - at))


def holders(run, secret):
    """The names of processes that have it in their memory or environment."""
    found = set()
    for pid in (run.process.pid, *processes_of(run.process.pid)):
        name = pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
        parts = [*memory_of(pid), pathlib.Path(f"/proc/{pid}/environ").read_bytes()]
        if any(secret.encode() in part for part in parts):
            found.add(name)
    return found


@pytest.fixture(name="run")
def run_fixture(tmp_path, monkeypatch):
    open_to_all(tmp_path)
    settings = tmp_path / "mailwarden.yaml"
    settings.write_text("outputs:\n" + "".join(
        f'  - {{type: redis, name: {name}, servers: ["127.0.0.1:6399"], user: mailwarden, password_env: PASS_{name}}}\n'
        for name in PASSWORDS))
    for name, password in PASSWORDS.items():
        monkeypatch.setenv(f"PASS_{name}", password)
    with monkeypatch.context() as patch, open("/etc/hostname", "rb") as inherited:
        patch.setattr(sensor.subprocess, "Popen", keeping(sensor.subprocess.Popen, inherited.fileno()))
        run = Sensor("-c", settings)
    yield run
    run.close()


def keeping(popen, descriptor):
    """As a careless parent starts a program: with its descriptors."""
    def start(words, **options):
        return popen(words, **options, pass_fds=(descriptor,))
    return start


@pytest.mark.skipif(sensor.SANITIZED, reason="a sanitizer maps terabytes")
def test_only_the_process_of_an_output_has_its_password(run):
    for name, password in PASSWORDS.items():
        assert holders(run, password) == {name}
    before = next(one for one in run.status()["outputs"] if one["name"] == "first")["pid"]
    os.kill(before, signal.SIGKILL)
    until(lambda: next(one for one in run.status()["outputs"] if one["name"] == "first")["pid"] not in (0, before), "another")
    until(lambda: holders(run, PASSWORDS["first"]) == {"first"}, "the next one has it")


def test_no_process_has_a_descriptor_of_whoever_started_the_sensor(run):
    for pid in (run.process.pid, *processes_of(run.process.pid)):
        links = [os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
        assert "/etc/hostname" not in links
