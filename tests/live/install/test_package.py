"""The Debian package, put by the real dpkg on a copy of this machine that is thrown away: an overlay over /."""

import pathlib
import re
import shutil
import subprocess

import pytest

import copied_machine
import sensor
from sensor import ROOT

BUILD = pathlib.Path(sensor.MAILWARDEN).parent
CONFIG = "etc/mailwarden/mailwarden.yaml"
TOOLS = ("dpkg", "dpkg-buildpackage", "dh", "lintian", "systemd-sysusers", "systemctl")
WHY_NOT = "the package is built without sanitizers" if sensor.SANITIZED else copied_machine.why_not_here(BUILD, *TOOLS)
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


class Host(copied_machine.Machine):
    """One that knows the package."""

    def dpkg(self, *words):
        return self.run("dpkg", "--force-confdef", *words)

    def state_of_package(self):
        return self.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "mailwarden", may_fail=True)

    def traces(self):
        """What was written to this machine and has such a name; a character device says that it was deleted."""
        upper = self.folder / "upper"
        return [path.removeprefix(str(upper)) for path in self.beside("find", upper, "-name", "*mailwarden*", "!", "-type", "c").splitlines()]


def with_another_default(package, folder):
    """The same package of a lower version, which had another default config."""
    tree = folder / "lower"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN" / "control"
    control.write_text(control.read_text().replace("+1\n", "\n"))
    config = tree / CONFIG
    config.write_text("# as of the lower version\n" + config.read_text())
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, folder / "lower.deb"], check=True, stdout=subprocess.DEVNULL)
    return folder / "lower.deb"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Two versions, the lower first."""
    folder = tmp_path_factory.mktemp("packages")
    done = subprocess.run(["make", f"DEB={BUILD / 'deb'}", "SUFFIX=+1", "deb"], cwd=ROOT, capture_output=True, text=True,
                          timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (BUILD / "deb").glob("mailwarden_*+1_*.deb")
    higher = shutil.copy(built, folder / "higher.deb")
    return with_another_default(higher, folder), higher


@pytest.fixture(name="machine")
def made_machine(packages, tmp_path):
    one = Host(tmp_path)
    one.run("sh", "-c", "rm -f /etc/dpkg/dpkg.cfg.d/*")  # a small machine may be told to leave documents out
    one.dpkg("-i", packages[0])
    yield one
    one.close()


def test_the_package_is_built_with_what_the_list_of_the_build_names():
    listed = re.search(r'^packages="([^"]*)"', (ROOT / "tests/deps").read_text(), re.M).group(1).split()
    needed = re.search(r"^Build-Depends:((?:.*\n )*.*)", (ROOT / "systemd/debian/control").read_text(), re.M).group(1)
    libraries = {name for name in listed if name.endswith("-dev")} - {"libc6-dev"}
    assert libraries == set(re.findall(r"[a-z0-9.-]+-dev", needed))


def named_by_texts():
    """What manuals and pages name of the package."""
    texts = [path.read_text(encoding="utf-8") for path in (*(ROOT / "man").glob("*.[578]"), *(ROOT / "docs").rglob("*.md"))]
    named = {path.rstrip(".,;:)`") for text in texts for path in re.findall(r"/usr/share/(?:doc/)?mailwarden/[\w./-]+", text)}
    assert len(named) > 5
    return sorted(named)


def test_a_fresh_package_is_all_there_and_nothing_is_enabled(machine):
    assert machine.state_of_package().startswith("installed ")
    version = machine.run("mailwarden", "--version").split()[1]
    assert machine.state_of_package().split()[1].startswith(version + "-")
    assert machine.run("systemctl", "is-enabled", "mailwarden.service", may_fail=True) == "disabled"
    assert machine.run("systemctl", "is-enabled", "mailwarden-inline@x.service", may_fail=True) == "disabled"
    assert machine.run("systemctl", "is-enabled", "mailwarden-rules.service", may_fail=True) == "disabled"
    assert machine.run("systemctl", "is-enabled", "mailwarden-digest.timer", may_fail=True) == "disabled"
    assert machine.run("systemctl", "is-enabled", "mailwarden-audit.timer", may_fail=True) == "disabled"
    assert machine.run("sh", "-c", "find /etc/systemd -name '*mailwarden*'") == ""
    for page in (ROOT / "man").glob("*.[578]"):
        assert machine.run("test", "-e", f"/usr/share/man/man{page.suffix[1:]}/{page.name}.gz") == ""
    for path in ("/usr/share/bash-completion/completions/mailwarden", "/usr/share/doc/mailwarden/copyright",
                 "/usr/share/doc/mailwarden/changelog.gz", "/usr/share/doc/mailwarden/SECURITY.md", *named_by_texts()):
        machine.run("test", "-s", path)
    machine.run("mailwarden", "check", "--quiet", "/usr/share/mailwarden/rules/anssi-reference.yaml")


def test_the_user_of_the_service_owns_its_state_and_reads_its_config_and_others_do_not(machine):
    machine.write("/etc/mailwarden/matrix.yaml", "schema: 1\n")
    machine.run("systemd-tmpfiles", "--create", "mailwarden.conf")
    assert machine.run("stat", "-c", "%U:%G %a", "/var/lib/mailwarden") == "mailwarden:mailwarden 750"
    for name in ("mailwarden.yaml", "matrix.yaml"):
        assert machine.run("stat", "-c", "%U:%G %a", f"/etc/mailwarden/{name}") == "root:mailwarden 640"
        machine.run("setpriv", "--reuid", "mailwarden", "--regid", "mailwarden", "--clear-groups", "cat", f"/etc/mailwarden/{name}")
    assert "denied" in machine.run("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "ls",
                                   "/etc/mailwarden", may_fail=True)


def test_an_upgrade_keeps_an_edited_config_and_what_the_admin_enabled(machine, packages):
    machine.run("sed", "-i", "s/eth1/span7/", f"/{CONFIG}")
    machine.run("systemctl", "enable", "mailwarden.service")
    machine.dpkg("-i", packages[1])
    assert machine.state_of_package().endswith("+1")
    kept = machine.run("cat", f"/{CONFIG}")
    assert "span7" in kept and "as of the lower version" in kept
    assert machine.run("systemctl", "is-enabled", "mailwarden.service") == "enabled"


def test_an_upgrade_brings_the_new_default_where_nobody_edited_the_old(machine, packages):
    machine.dpkg("-i", packages[1])
    assert "as of the lower version" not in machine.run("cat", f"/{CONFIG}")
    assert machine.run("systemctl", "is-enabled", "mailwarden.service", may_fail=True) == "disabled"


def test_remove_keeps_config_and_state_and_purge_leaves_nothing(machine):
    machine.run("sed", "-i", "s/eth1/span7/", f"/{CONFIG}")
    machine.write("/etc/mailwarden/matrix.yaml", "schema: 1\n")
    machine.write("/var/lib/mailwarden/journal/0000.eve.jsonl", "{}\n")
    machine.write("/var/lib/mailwarden-x/eve.json", "{}\n")
    machine.run("systemctl", "enable", "mailwarden.service", "mailwarden-inline@x.service")
    machine.dpkg("-r", "mailwarden")
    assert "span7" in machine.run("cat", f"/{CONFIG}")
    assert machine.run("cat", "/var/lib/mailwarden/journal/0000.eve.jsonl") == "{}"
    assert machine.run("sh", "-c", "command -v mailwarden", may_fail=True) == ""
    assert f"/{CONFIG}" in machine.traces()
    machine.dpkg("-P", "mailwarden")
    assert "installed" not in machine.state_of_package()
    assert machine.traces() == []
