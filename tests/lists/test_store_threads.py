"""Look-ups while lists are swapped, as ThreadSanitizer sees them: who waits for all races with nobody, who does not is seen."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ("tests/lists/store_threads.c", "sensor/lists/build.c", "sensor/lists/lists.c", "sensor/lists/store.c",
           "sensor/matrix/network.c", "sensor/base/address.c", "sensor/base/text.c", "sensor/base/reason.c",
           "sensor/base/utf8.c")
COMPILE = ("gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=thread", "-pthread", "-Isensor")


def built(folder, *sources):
    program = folder / "threads"
    done = subprocess.run([*COMPILE, "-o", program, *sources], cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    return program if done.returncode == 0 else done.stderr


def run(program, *words):
    # where addresses are scattered wider than it can map, it asks for less
    return subprocess.run(["setarch", os.uname().machine, "-R", program, *words], capture_output=True, text=True, check=False,
                          timeout=200, env={**os.environ, "TSAN_OPTIONS": "exitcode=66 halt_on_error=0"})


@pytest.fixture(scope="module", name="program")
def with_sanitizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("threads")
    (folder / "try.c").write_text("int main(void) { return 0; }\n")
    tried = built(folder, folder / "try.c")
    if isinstance(tried, str):
        pytest.skip(f"no ThreadSanitizer here: {tried.strip().splitlines()[-1]}")
    if run(tried).returncode != 0:
        pytest.skip(f"ThreadSanitizer does not run here: {run(tried).stderr.strip().splitlines()[:1]}")
    program = built(folder, *SOURCES)
    assert not isinstance(program, str), program
    return program


def test_whoever_waits_until_all_have_taken_the_new_lists_races_with_nobody(program):
    done = run(program)
    assert done.returncode == 0 and "ThreadSanitizer" not in done.stderr, done.stderr[:3000]
    words = done.stdout.split()
    assert words[:2] == ["40", "swaps,"] and int(words[2]) >= 40 and words[4:6] == ["0", "at"]


def test_whoever_does_not_wait_is_seen(program):
    assert "ThreadSanitizer: data race" in run(program, "unsafe").stderr
