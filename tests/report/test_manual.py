"""Every key of every output is in the manual."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))


def listed():
    text = subprocess.run([MAILWARDEN, "ship", "--list"], capture_output=True, text=True, timeout=10, check=True).stdout
    keys = {key.removesuffix("_file") for key in re.findall(r"^    (\w+)", text, re.M)}  # of a secret
    return keys, set(re.findall(r"^([\w-]+): ", text, re.M))


def test_the_manual_names_every_output_and_every_key():
    page = (ROOT / "man/mailwarden.yaml.5").read_text()
    words = set(re.findall(r"[\w-]+", page))
    keys, kinds = listed()
    assert len(keys) > 8 and {"file", "syslog", "syslog-net"} <= kinds
    assert not (keys | kinds) - words
