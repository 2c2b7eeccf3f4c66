"""What the compiler makes does not tell where it was made, and is hardened."""

import pathlib
import re
import shutil
import subprocess

import pytest

import sensor
from sensor import ROOT

OBJECT = "build/plain/sensor/base/text.o"
needs_gcc = pytest.mark.skipif(not shutil.which("gcc") or not shutil.which("objcopy"), reason="needs gcc and objcopy")


def built_in(folder):
    """The object as it is linked: without what the compiler keeps for itself until then."""
    (folder / "sensor").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "sensor" / "base", folder / "sensor" / "base")
    subprocess.run(["make", "CC=gcc", OBJECT], cwd=folder, check=True, capture_output=True, timeout=120)
    subprocess.run(["objcopy", "--wildcard", "--remove-section=.gnu.lto_*", "--remove-section=.gnu.debuglto_*", OBJECT, "object"],
                   cwd=folder, check=True, timeout=60)
    return (folder / "object").read_bytes()


@needs_gcc
def test_an_object_has_the_same_bytes_from_any_folder(tmp_path):
    first, second = built_in(tmp_path / "one"), built_in(tmp_path / "a" / "longer" / "one")
    assert str(tmp_path).encode() not in first
    assert first == second


@pytest.mark.skipif(not shutil.which("readelf"), reason="needs readelf")
def test_the_program_is_hardened():
    def said(path, *words):
        return subprocess.run(["readelf", "-W", *words, path], check=True, capture_output=True, text=True, timeout=60).stdout
    headers = said(sensor.MAILWARDEN, "-hld")
    assert "DYN (Position-Independent Executable" in headers and "GNU_RELRO" in headers
    assert re.search(r"FLAGS.*NOW", headers)
    assert re.search(r"GNU_STACK .* RW ", headers), "no stack that can be executed"
    if "X86-64" in headers:  # of what is ours: the C library of Debian has no such mark, so the program has none
        notes = said(pathlib.Path(sensor.MAILWARDEN).parent / "sensor" / "base" / "text.o", "-n")
        assert "IBT" in notes and "SHSTK" in notes
