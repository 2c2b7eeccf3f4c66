"""The options of every command are the same in --help, in the manual and in the completion."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
HELP = {"-h", "--help"}


def help_of(*words):
    return subprocess.run([MAILWARDEN, *words, "--help"], capture_output=True, text=True, timeout=10, check=True).stdout


def commands():
    listed = help_of().split("\nCommands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\S+)", listed, re.M)


def options_of_help(command):
    """What its lines begin with: "  -m, --matrix FILE" or "      --json"."""
    lines = re.findall(r"^ {2,6}(-\w)?(?:, )?(--[a-z-]+)", help_of(command), re.M)
    return {name for line in lines for name in line if name}


def options_of_manual():
    """Of each command: the items ".It Fl m , -matrix ..." of the list in its part of COMMANDS."""
    found, command, depth = {}, None, 0
    page = (ROOT / "man/mailwarden.8").read_text()
    for line in page.split(".Sh COMMANDS\n")[1].split("\n.Sh ")[0].splitlines():
        depth += line.startswith(".Bl") - line.startswith(".El")
        if depth == 1 and line.startswith(".It Cm "):
            command = line.split()[2]
            found[command] = set()
        elif depth == 2 and line.startswith(".It Fl "):
            names = re.match(r"\.It Fl (\S+)(?: , (-\S+))?", line).groups()
            found[command] |= {f"-{name}" for name in names if name}
    return found


def options_of_completion():
    script = (ROOT / "completions/mailwarden.bash").read_text()
    return {name: set(options.split()) for name, options in re.findall(r'^\t(\w+)\) options="([^"]*)"', script, re.M)}


COMMANDS = commands()


def test_every_command_is_in_the_manual_and_in_the_completion():
    assert len(COMMANDS) > 8
    assert set(COMMANDS) == set(options_of_manual())
    assert set(COMMANDS) == set(options_of_completion())
    script = (ROOT / "completions/mailwarden.bash").read_text()
    first = re.search(r'COMP_CWORD" -eq 1.*?compgen -W "([^"]*)"', script, re.S).group(1)
    assert set(COMMANDS) | {"--help", "--version"} == set(first.split())
    synopsis = (ROOT / "man/mailwarden.8").read_text().split(".Sh SYNOPSIS\n")[1].split("\n.Sh ")[0]
    assert set(COMMANDS) == set(re.findall(r"^\.Nm\n\.Cm (\w+)$", synopsis, re.M))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_describes_the_options_that_help_shows(command):
    shown = options_of_help(command)
    assert "--help" in shown
    assert options_of_manual()[command] == shown - HELP


@pytest.mark.parametrize("command", COMMANDS)
def test_the_completion_offers_the_options_that_help_shows(command):
    long = {name for name in options_of_help(command) if name.startswith("--")}
    assert options_of_completion()[command] == long


def completed(*words):
    """What the completion offers for the last word."""
    script = f'. {ROOT}/completions/mailwarden.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mailwarden; printf "%s\\n" "${{COMPREPLY[@]}}"'
    answer = subprocess.run(["bash", "-c", script, "bash", "mailwarden", *words], capture_output=True, text=True, timeout=10, check=True)
    return answer.stdout.split()


@pytest.mark.parametrize("command, offered", [("run", ["yes", "no"]), ("replay", ["verify", "ignore"])])
def test_the_completion_of_checksums_offers_what_the_command_takes(command, offered):
    assert completed(command, "--checksums", "") == offered
    assert re.search(r"--checksums (?:MODE +)?(.*)", help_of(command))
    for word in (*offered, "maybe"):
        answer = subprocess.run([MAILWARDEN, command, "--checksums", word], capture_output=True, text=True, timeout=10, check=False)
        assert answer.returncode == 2 and ("checksums" in answer.stderr) == (word == "maybe"), answer.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_help_shows_is_known_and_another_is_not(command):
    for name in options_of_help(command) - HELP:
        answer = subprocess.run([MAILWARDEN, command, name, "", "--help"], capture_output=True, text=True, timeout=10, check=False)
        assert "unknown option" not in answer.stderr, name
    answer = subprocess.run([MAILWARDEN, command, "--no-such-option"], capture_output=True, text=True, timeout=10, check=False)
    assert answer.returncode == 2 and "option" in answer.stderr and not answer.stdout


def test_the_manual_of_the_settings_has_every_option_of_run_that_takes_a_value():
    page = (ROOT / "man/mailwarden.yaml.5").read_text()
    part = page.split(".Ss Options of run\n")[1].split("\n.Ss ")[0]
    keys = set(re.findall(r"^\.It Cm (\S+)$", part, re.M))
    options = {name.removeprefix("--") for name in options_of_help("run") if name.startswith("--")}
    assert keys == options - {"config", "audit", "enforce", "help"}


def test_the_bounds_in_the_manual_of_the_settings_are_those_of_the_program():
    """A number that is too large is told with the bounds."""
    page = (ROOT / "man/mailwarden.yaml.5").read_text()
    checked = 0
    for key, text in re.findall(r"^\.It Cm (\S+)\n((?:(?!\.It |\.El).*\n)*)", page.split(".Ss Options of run\n")[1].split("\n.Ss ")[0], re.M):
        answer = subprocess.run([MAILWARDEN, "run", f"--{key}", "99999999999"], capture_output=True, text=True, timeout=10, check=False)
        bounds = re.search(r"takes (\d+) to (\d+), not", answer.stderr)
        if bounds:
            checked += 1
            assert bounds.group(2) in re.findall(r"\d+", text), (key, bounds.group(0))
    assert checked > 7
