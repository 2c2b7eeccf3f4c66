"""The units: hardened, and right in the eyes of systemd."""

import pathlib
import re
import shutil
import subprocess

import pytest

import sensor
from sensor import ROOT

DAEMONS = ["mailwarden.service", "mailwarden-inline@.service"]
UNITS = DAEMONS + ["mailwarden-rules.service", "mailwarden-digest.service", "mailwarden-audit.service"]
EXPOSURE_MAX = 2.0

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_exposed_no_more_than_2(unit):
    answer = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(ROOT / "systemd" / unit)],
                            capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", answer.stdout)
    assert found, answer.stdout + answer.stderr
    assert float(found.group(1)) <= EXPOSURE_MAX, answer.stdout


CAGE_CALLS = ("seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "setrlimit", "prlimit64")


@pytest.mark.parametrize("unit", DAEMONS + ["mailwarden-audit.service"])
def test_a_unit_lets_the_cage_be_built(unit):
    text = (ROOT / "systemd" / unit).read_text()
    named = " ".join(re.findall(r"^SystemCallFilter=(?!~)(.*)$", text, re.MULTILINE)).split()
    assert not set(CAGE_CALLS) - set(named)


def verified(folder, unit, drop_in=None):
    """What systemd of this machine says of a unit whose program is there."""
    text = (ROOT / "systemd" / unit).read_text().replace("/usr/sbin/mailwarden", sensor.MAILWARDEN)
    text = text.replace("/usr/libexec/mailwarden", str(ROOT / "systemd"))
    path = folder / unit.replace("@", "@x")
    path.write_text(text)
    (folder / unit).write_text(text)
    if drop_in:
        (folder / f"{path.name}.d").mkdir()
        shutil.copy(ROOT / "systemd" / drop_in, folder / f"{path.name}.d")
    return subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(path)],
                          capture_output=True, text=True, timeout=60, check=False)


def version_of_systemd():
    words = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout.split()
    return int(re.match("[0-9]+", words[1]).group())


@pytest.mark.parametrize("unit", UNITS + ["mailwarden-digest.timer", "mailwarden-audit.timer"])
def test_systemd_understands_every_line_of_a_unit(tmp_path, unit):
    answer = verified(tmp_path, unit)
    assert answer.returncode == 0 and not answer.stderr, answer.stderr


@pytest.mark.parametrize("unit", DAEMONS)
def test_the_drop_in_is_for_systemd_253_and_newer(tmp_path, unit):
    answer = verified(tmp_path, unit, "notify-reload.conf")
    if version_of_systemd() >= 253:
        assert answer.returncode == 0 and not answer.stderr, answer.stderr
    else:
        assert "ignoring: notify-reload" in answer.stderr


EXAMPLES = ("audit.env", "digest.env", "rules.env", "notify-reload.conf")


def test_the_audit_may_write_the_files_of_outputs_that_the_sensor_may():
    paths = re.findall(r"type: file, .*?path: ([^,}]+)", (ROOT / "docs/start.md").read_text())
    may = [path.removeprefix("-") for line in (ROOT / "systemd/mailwarden-audit.service").read_text().splitlines()
           if line.startswith("ReadWritePaths=") for path in line.partition("=")[2].split()]
    assert paths and not [path for path in paths if not any(path.startswith(f"{folder}/") for folder in may)]


def test_install_puts_everything_in_place(tmp_path):
    built = pathlib.Path(sensor.MAILWARDEN)
    done = subprocess.run(["make", f"BUILD={built.parent}", f"DESTDIR={tmp_path}", "PREFIX=/usr", "install"],
                          cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for path in ("usr/sbin/mailwarden", "usr/lib/systemd/system/mailwarden.service",
                 "usr/lib/systemd/system/mailwarden-inline@.service", "usr/lib/sysusers.d/mailwarden.conf",
                 "usr/lib/systemd/system/mailwarden-rules.service", "usr/libexec/mailwarden/inline-rules",
                 "usr/lib/systemd/system/mailwarden-digest.service", "usr/libexec/mailwarden/send-digest",
                 "usr/lib/systemd/system/mailwarden-digest.timer", "usr/lib/systemd/system/mailwarden-audit.service",
                 "usr/lib/systemd/system/mailwarden-audit.timer",
                 "usr/lib/tmpfiles.d/mailwarden.conf", "etc/mailwarden/mailwarden.yaml",
                 *(f"usr/share/doc/mailwarden/{name}" for name in ("README.md", "SECURITY.md", "docs/start.md")),
                 *(f"usr/share/doc/mailwarden/examples/{name}" for name in EXAMPLES)):
        assert (tmp_path / path).is_file(), path
    assert lost_links(tmp_path / "usr/share/doc/mailwarden") == {"pcaps", "bench", "tests", "man", "dashboards"}  # as docs/README.md says


def lost_links(folder):
    """Where links of the installed pages lead that are not installed beside them."""
    targets = {(page.parent / link).resolve() for page in folder.glob("docs/**/*.md")
               for link in re.findall(r"\]\((?!\w+:)([^)#\s]+)", page.read_text(encoding="utf-8"))}
    return {target.relative_to(folder).parts[0] for target in targets if not target.exists()}


def named(unit, key):
    """The units that another one names under a key."""
    return {name for line in (ROOT / "systemd" / unit).read_text().splitlines() if line.startswith(f"{key}=")
            for name in line.partition("=")[2].split()}


def test_rules_are_loaded_behind_the_firewall_and_before_the_sensor_and_again_when_the_firewall_is():
    firewalls = named("mailwarden-rules.service", "After")
    assert {"nftables.service", "netfilter-persistent.service", "firewalld.service", "ufw.service"} <= firewalls
    assert named("mailwarden-rules.service", "PartOf") == firewalls
    assert named("mailwarden-rules.service", "ReloadPropagatedFrom") == firewalls
    for key in ("After", "Wants"):
        assert "mailwarden-rules.service" in named("mailwarden-inline@.service", key)
