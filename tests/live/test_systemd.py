"""The units: hardened, and right in the eyes of systemd."""

import pathlib
import re
import shutil
import subprocess

import pytest

import sensor

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = ["mailwarden.service", "mailwarden-inline@.service"]
EXPOSURE_MAX = 2.0

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_exposed_no_more_than_2(unit):
    answer = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(ROOT / "systemd" / unit)],
                            capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", answer.stdout)
    assert found, answer.stdout + answer.stderr
    assert float(found.group(1)) <= EXPOSURE_MAX, answer.stdout


def test_install_puts_everything_in_place(tmp_path):
    built = pathlib.Path(sensor.MAILWARDEN)
    done = subprocess.run(["make", f"BUILD={built.parent}", f"DESTDIR={tmp_path}", "PREFIX=/usr", "install"],
                          cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for path in ("usr/sbin/mailwarden", "usr/lib/systemd/system/mailwarden.service",
                 "usr/lib/systemd/system/mailwarden-inline@.service", "usr/lib/sysusers.d/mailwarden.conf",
                 "usr/lib/tmpfiles.d/mailwarden.conf", "etc/mailwarden/mailwarden.yaml"):
        assert (tmp_path / path).is_file(), path
