"""mailwarden-rules.service: what it executes, on a router in a network namespace."""

import os
import re
import shlex
import subprocess

import pytest

import router as lab
from router import MX_OUT, SERVER, WORKSTATION

UNIT = (lab.ROOT / "systemd/mailwarden-rules.service").read_text()
SCRIPT = str(lab.ROOT / "systemd/inline-rules")


@pytest.fixture
def router(tmp_path):
    with lab.built(tmp_path) as one:
        yield one


def execute(router, key, export="--to iptables --queue 0"):
    """The lines of one key, as systemd executes them: no shell, the variable split into words."""
    environment = {"PATH": f"{os.path.dirname(lab.BINARY)}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    lines = re.findall(rf"^{key}=/usr/libexec/mailwarden/inline-rules (.*)$", UNIT, re.MULTILINE)
    assert lines
    for line in lines:
        words = [word for part in line.split() for word in (shlex.split(export) if part == "$EXPORT" else [part])]
        router.run(router.router, SCRIPT, *words, env=environment)


def loaded(router, family="iptables"):
    return [line for line in router.run(router.router, family, "-t", "mangle", "-S").stdout.splitlines() if "MAILWARDEN" in line]


def jumps(router, family="iptables"):
    return sorted(line for line in loaded(router, family) if not line.startswith(("-N", "-A MAILWARDEN")))


BOTH = ["-A FORWARD -j MAILWARDEN", "-A POSTROUTING -j MAILWARDEN-SAVE"]


def test_what_is_loaded_queues_mail_and_what_is_taken_out_leaves_nothing(router):
    router.serve("25", "2525")
    router.run(router.router, "iptables", "-t", "mangle", "-A", "FORWARD", "-p", "icmp", "-j", "ACCEPT")  # the firewall's
    before = {family: router.run(router.router, family, "-t", "mangle", "-S").stdout for family in ("iptables", "ip6tables")}
    execute(router, "ExecStart")
    assert jumps(router) == BOTH and jumps(router, "ip6tables") == BOTH
    sensor = router.sensor("-q", "0", "--enforce")
    assert router.send(MX_OUT, SERVER, 25)["result"] == "sent"
    assert router.send(WORKSTATION, SERVER, 25)["result"] != "sent"
    router.end(sensor)
    execute(router, "ExecStop")
    assert {family: router.run(router.router, family, "-t", "mangle", "-S").stdout for family in before} == before
    assert router.send(WORKSTATION, SERVER, 25)["result"] == "sent"


def test_loaded_again_there_is_one_jump_and_the_new_options_hold(router):
    execute(router, "ExecStart", "--to iptables --queue 0 --local")
    assert "-A INPUT -j MAILWARDEN" in jumps(router) and "-A OUTPUT -j MAILWARDEN" in jumps(router)
    execute(router, "ExecReload", "--to iptables --queue 5")
    assert jumps(router) == BOTH and jumps(router, "ip6tables") == BOTH
    assert all("--queue-num 5" in line for line in loaded(router) if "NFQUEUE" in line)


def test_taken_out_twice_is_no_mistake_and_a_wrong_option_is_one_and_changes_nothing(router):
    execute(router, "ExecStart")
    rules = loaded(router)
    with pytest.raises(subprocess.CalledProcessError):
        execute(router, "ExecReload", "--to iptables --queue nine")
    assert loaded(router) == rules
    execute(router, "ExecStop")
    execute(router, "ExecStop")
    assert loaded(router) == []
