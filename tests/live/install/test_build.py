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


def without_kafka(folder):
    """The program, with what knows librdkafka compiled anew where there is none."""
    built, objects = pathlib.Path(sensor.MAILWARDEN).parent, [f"build/plain/sensor/ship/{name}.o" for name in ("kafka_producer", "ship_kafka")]
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "sensor", folder / "sensor")
    subprocess.run(["make", "CC=gcc", "KAFKA=", *objects], cwd=folder, check=True, capture_output=True, timeout=120)
    shutil.copy(built / "libmailwarden.a", folder)
    subprocess.run(["ar", "r", "libmailwarden.a", *objects], cwd=folder, check=True, capture_output=True, timeout=60)
    packages = re.search(r"^PKGS +:= (.*)", (ROOT / "Makefile").read_text(), re.M)[1].split()
    if subprocess.run(["pkg-config", "--exists", "liblogging-stdlog"], check=False, timeout=60).returncode == 0:
        packages.append("liblogging-stdlog")
    libraries = subprocess.run(["pkg-config", "--libs", *packages], check=True, capture_output=True, text=True, timeout=60).stdout.split()
    libraries.append("-lunbound")
    sanitizers = ["-fsanitize=address,undefined"] if built.name == "san" else []
    subprocess.run(["gcc", "-fno-lto", "-pie", *sanitizers, "-o", "mailwarden", built / "sensor/main.o", "libmailwarden.a", *libraries],
                   cwd=folder, check=True, timeout=120)
    return folder / "mailwarden"


@pytest.mark.skipif(not (pathlib.Path(sensor.MAILWARDEN).parent / "libmailwarden.a").exists(), reason="needs the folder it was built in")
@needs_gcc
def test_a_sensor_that_was_built_without_librdkafka_says_so_where_the_output_is_asked_for(tmp_path):
    program, settings = without_kafka(tmp_path), tmp_path / "mailwarden.yaml"
    settings.write_text("outputs:\n  - {type: file, path: '-'}\n  - {type: kafka, brokers: kafka.example.org, topic: mail}\n")
    assert "librdkafka" not in subprocess.run(["ldd", program], check=True, capture_output=True, text=True, timeout=60).stdout
    for words in (["check", "--config", settings], ["ship", "-c", settings, "--journal", tmp_path]):
        answer = subprocess.run([program, *words], check=False, capture_output=True, text=True, timeout=60)
        assert answer.returncode == 2, answer.stderr
        assert f"{settings}:3:5: output kafka: this mailwarden was built without librdkafka" in answer.stderr
    with_it = subprocess.run([sensor.MAILWARDEN, "check", "--config", settings], check=False, capture_output=True, text=True, timeout=60)
    assert "librdkafka" not in with_it.stderr
