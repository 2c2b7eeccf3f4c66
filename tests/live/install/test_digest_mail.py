"""mailwarden-digest.service: what it executes, with a sendmail of our own that keeps what it is given."""

import base64
import email
import email.policy
import os
import pathlib
import re
import shlex
import subprocess

import pytest

import sensor
from sensor import ROOT

UNIT = (ROOT / "systemd/mailwarden-digest.service").read_text()
STRANGER = ROOT / "pcaps/smtp-illegitimate-workstation/traffic.pcap"
MATRIX = ROOT / "rules/anssi-reference.yaml"
NEWS = f"--matrix {MATRIX} --until 2026-11-29 {STRANGER}"


class Host:
    """A folder of programs in front of the path, and the mails that were sent."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin/mailwarden").symlink_to(sensor.MAILWARDEN)
        self.program("sendmail", f'echo "$@" >> {folder}/told; cat >> {folder}/sent')

    def program(self, name, text):
        file = self.folder / "bin" / name
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def start(self, recipients, options):
        """The service, as systemd executes it: $DIGEST is split into words, ${TO} is one."""
        code = 0
        for key in ("ExecStart", "ExecStartPost"):
            (line,) = re.findall(rf"^{key}=.*(send-digest .*)$", UNIT, re.MULTILINE)
            words = [word for part in line.split()[1:]
                     for word in {"$DIGEST": shlex.split(options), "${TO}": [recipients]}.get(part, [part])]
            words = [word.replace("/run/mailwarden-digest", str(self.folder)) for word in words]
            code = code or subprocess.run(
                [str(ROOT / "systemd/send-digest"), *words], stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                env={"PATH": f"{self.folder}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}).returncode
        return code

    def sent(self):
        file = self.folder / "sent"
        return email.message_from_bytes(file.read_bytes(), policy=email.policy.default) if file.exists() else None

    def left(self):
        return sorted(set(os.listdir(self.folder)) - {"bin", "sent", "told"})


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_news_is_sent_to_whom_it_is_for(host):
    assert host.start("postmaster@example.org  soc@example.org", NEWS + " --lang fr") == 0
    mail = host.sent()
    assert (host.folder / "told").read_text() == "-oi postmaster@example.org soc@example.org\n"
    assert mail["To"] == "postmaster@example.org, soc@example.org" and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == f"mailwarden digest of {os.uname().nodename}"
    assert mail.get_content_type() == "text/plain" and mail["Content-Transfer-Encoding"] == "8bit"
    text = mail.get_content()
    assert text.startswith("Flux de messagerie : les nouveautés") and "192.0.2.70" in text
    assert host.left() == []


def test_a_page_is_sent_in_lines_that_a_mail_may_have(host):
    assert host.start("postmaster@example.org", NEWS + " --html") == 0
    mail = host.sent()
    assert mail.get_content_type() == "text/html" and "192.0.2.70" in mail.get_content()
    assert base64.b64decode(mail.get_payload()).startswith(b"<!DOCTYPE html>")
    assert max(map(len, (host.folder / "sent").read_bytes().splitlines())) <= 78


def test_where_nothing_is_new_or_nobody_is_named_nothing_is_sent(host):
    (host.folder / "mail").write_text("left behind by an earlier one")
    host.program("mailwarden", "exit 0")
    assert host.start("postmaster@example.org", NEWS) == 0
    host.program("mailwarden", "echo news")
    assert host.start("", NEWS) == 0
    assert host.sent() is None and host.left() == []
    assert host.start("postmaster@example.org", NEWS) == 0
    assert host.sent().get_content() == "news\n"


def test_a_digest_that_failed_and_a_mail_that_was_refused_are_no_success(host):
    assert host.start("postmaster@example.org", f"--matrix {host.folder}/none.yaml {STRANGER}") == 2
    assert host.sent() is None
    host.program("sendmail", "exit 75")
    assert host.start("postmaster@example.org", NEWS) == 75


@pytest.mark.parametrize("recipients", ["-Cx", "a@example.org;b", "a@example.org,b@example.org", "a@example.org\nBcc:b@example.org"
                                        "\x07", "<a@example.org>"])
def test_what_is_no_address_gets_nothing(host, recipients):
    assert host.start(recipients, NEWS) == 2
    assert host.sent() is None


def test_only_a_host_that_has_its_settings_sends():
    assert "ConditionPathExists=/etc/mailwarden/digest.env\n" in UNIT
    example = pathlib.Path(ROOT / "systemd/digest.env").read_text()
    assert re.findall(r"^(\w+)=", example, re.MULTILINE) == ["TO", "DIGEST"]
