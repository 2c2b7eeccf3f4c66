"""The options of every command are the same in --help, in the manual and in the completion."""

import functools
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILWARDEN = str(ROOT / os.environ.get("MAILWARDEN", "build/plain/mailwarden"))
HELP = {"-h", "--help"}


@functools.cache
def help_of(*words):
    return subprocess.run([MAILWARDEN, *words, "--help"], capture_output=True, text=True, timeout=10, check=True).stdout


def commands():
    listed = help_of().split("\nCommands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\S+)", listed, re.M)


def options_of_help(command):
    """What its lines begin with: "  -m, --matrix FILE" or "      --json"."""
    lines = re.findall(r"^ {2,6}(-\w)?(?:, )?(--[a-z-]+)", help_of(command), re.M)
    return {name for line in lines for name in line if name}


def page_of(command):
    return (ROOT / f"man/mailwarden-{command}.8").read_text(encoding="utf-8")


def options_of_manual(command):
    """The items ".It Fl m , -matrix ..." of its OPTIONS."""
    part = page_of(command).split("\n.Sh OPTIONS\n")[1].split("\n.Sh ")[0]
    return {f"-{name}" for line in re.findall(r"^\.It Fl (\S+(?: , -\S+)?)", part, re.M) for name in line.split(" , ")}


def completed(*words):
    """What the completion offers for the last word."""
    script = f'. {ROOT}/completions/mailwarden.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mailwarden; printf "%s\\n" "${{COMPREPLY[@]}}"'
    answer = subprocess.run(["bash", "-c", script, "bash", MAILWARDEN, *words], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True)
    assert not answer.stderr
    return answer.stdout.split()


def run(*words):
    return subprocess.run([MAILWARDEN, *words], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)


COMMANDS = commands()


def test_every_command_is_in_the_manual_and_in_the_completion():
    assert len(COMMANDS) > 8
    assert set(COMMANDS) == {page.stem.removeprefix("mailwarden-") for page in (ROOT / "man").glob("mailwarden-*.8")}
    assert completed("") == [*COMMANDS, "--help", "--version"]
    listed = (ROOT / "man/mailwarden.8").read_text(encoding="utf-8").split("\n.Sh COMMANDS\n")[1].split("\n.Sh ")[0]
    assert set(COMMANDS) == set(re.findall(r"^\.It Cm (\w+)\n.*,\n\.Xr mailwarden-\1 8$", listed, re.M))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_terminal_and_is_built_alike(command):
    answer = run(command, "--help")
    assert answer.returncode == 0 and not answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0].startswith(f"Usage: mailwarden {command} ")
    assert "\nExamples:\n  mailwarden " in answer.stdout
    assert max(map(len, lines)) <= 80, [line for line in lines if len(line) > 80]
    assert run(command, "-h").stdout == answer.stdout
    assert max(map(len, help_of().splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_describes_the_options_that_help_shows(command):
    shown = options_of_help(command)
    assert "--help" in shown
    assert options_of_manual(command) == shown
    synopsis = page_of(command).split("\n.Sh SYNOPSIS\n")[1].split("\n.Sh ")[0]
    assert f"\n.Nm mailwarden Cm {command}\n" in f"\n{synopsis}"


def test_the_manual_has_the_options_of_the_program_itself():
    part = (ROOT / "man/mailwarden.8").read_text(encoding="utf-8").split("\n.Sh OPTIONS\n")[1].split("\n.Sh ")[0]
    assert re.findall(r"^\.It Fl (\w) , -(\w+)$", part, re.M) == [("h", "help"), ("V", "version")]
    assert run("-h").stdout == help_of() and run("-V").stdout == run("--version").stdout


def exits(command):
    """Of what help says behind "Exit: ": "0 it runs, 3 it does not"."""
    text = " ".join(help_of(command).split("\nExit: ")[1].split())
    return set(re.findall(r"(?:^|[,:;] )([0-3]) (?=[A-Za-z])", text))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_has_the_exit_statuses_that_help_shows(command):
    part = page_of(command).split("\n.Sh EXIT STATUS\n")[1].split("\n.Sh ")[0]
    assert re.findall(r"^\.It (\d)$", part, re.M) == sorted(exits(command))


NOWHERE = "/nowhere/at/all"
REFERENCE = "rules/anssi-reference.yaml"
NEEDS_MATRIX = {"audit", "dmarc", "digest", "grid", "report", "replay", "unused"}
ENDS = [("run", 2, "-c", NOWHERE), ("status", 3, "--state-dir", NOWHERE), ("ship", 2, "-c", NOWHERE), ("fleet", 2, "-c", NOWHERE), ("fleet", 3, "--observed", NOWHERE), ("unban", 3, "--state-dir", NOWHERE, "192.0.2.1"), ("list", 2, "stats", "-m", REFERENCE), ("list", 2, "dump", "typo", "-m", "pcaps/sender-listed/matrix.yaml"), ("list", 2, "stats", "typo", "-m", "pcaps/sender-listed/matrix.yaml"),
        ("list", 3, "stats", "--state-dir", NOWHERE), ("check", 2, NOWHERE), ("explain", 2, "-m", NOWHERE, "a", "b", "smtp"), ("diff", 2, NOWHERE, REFERENCE),
        ("import", 3, NOWHERE), ("import", 2, "LICENSE"), ("learn", 3, NOWHERE), ("export", 2, "--to", "csv", "-m", NOWHERE), ("catalogue", 2, "no.such"),
        ("observed", 2, "LICENSE"), ("observed", 3, NOWHERE), ("servers", 2, "LICENSE"), ("servers", 3, NOWHERE),
        ("audit", 3, "-m", REFERENCE, "--server", "all", "--ca-file", NOWHERE), ("dmarc", 2, "-m", REFERENCE, "LICENSE"),
        *((command, 2, "-m", NOWHERE, *(() if command == "audit" else ("LICENSE",))) for command in sorted(NEEDS_MATRIX)),
        *((command, 3, "-m", REFERENCE, NOWHERE) for command in sorted(NEEDS_MATRIX - {"audit"}))]


@pytest.mark.parametrize("command, code, words", [(command, code, words) for command, code, *words in ENDS])
def test_what_is_not_there_or_wrong_ends_as_the_manual_says(command, code, words):
    answer = run(command, *words)
    assert answer.returncode == code and answer.stderr
    assert f"\n.It {code}\n" in page_of(command) and str(code) in exits(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_completion_offers_the_options_that_help_shows(command):
    long = {name for name in options_of_help(command) if name.startswith("--")}
    assert set(completed(command, "-")) == long


WORDS = [(command, name, words.split("|")) for command in COMMANDS
         for name, words in re.findall(r"^ {2}.{4}(--[a-z-]+) ([a-z]+(?:\|[a-z]+)+)(?= |$)", help_of(command), re.M)]


def test_some_options_take_words():
    assert {("run", "--mode"), ("replay", "--checksums"), ("export", "--to")} <= {(command, name) for command, name, _ in WORDS}


@pytest.mark.parametrize("command, name, words", WORDS)
def test_the_completion_of_words_offers_what_the_command_takes(command, name, words):
    assert completed(command, name, "") == words
    assert completed(command, name, "=") == words
    assert completed(command, name, "=", words[0][:2]) == [word for word in words if word.startswith(words[0][:2])]
    for word in (*words, "maybe"):
        answer = run(command, name, word)
        assert answer.returncode == 2 and (name.lstrip("-") + " takes " in answer.stderr) == (word == "maybe"), answer.stderr


def test_the_completion_offers_values_of_the_site():
    matrix = "rules/anssi-reference.yaml"
    findings = [line.split()[0] for line in run("catalogue").stdout.splitlines()[1:] if re.match(r"[a-z]", line)]
    assert len(findings) > 30 and completed("catalogue", "") == findings
    assert completed("catalogue", "tls.starttls-s") == ["tls.starttls-stripped"]
    assert {"relay", "mx-out", "workstations", "internet", "gateway"} <= set(completed("explain", "-m", matrix, ""))
    assert completed("explain", "-m", matrix, "relay", "mx-o") == ["mx-out"]
    assert {"smtp", "imaps"} <= set(completed("explain", "-m", matrix, "relay", "mx-out", ""))
    assert completed("run", "--action", "tls.missing", "=", "re") == ["refuse", "reject"]
    assert completed("run", "--action", "sender.ill") == ["sender.illegitimate="]
    assert "lo" in completed("run", "-i", "")


def test_the_completion_offers_files_folders_and_users():
    assert completed("check", "rules/anssi-r") == ["rules/anssi-reference.yaml"]
    assert completed("check", "--config", "=", "systemd/mailwarden.y") == ["systemd/mailwarden.yaml"]
    assert completed("replay", "x", "-m", "rules/anssi-r") == ["rules/anssi-reference.yaml"]
    assert completed("replay", "x", "--journal", "sens") == ["sensor"]
    assert completed("status", "--state-dir", "LICEN") == []  # is no folder
    assert "root" in completed("run", "--user", "roo")


def test_the_completion_of_a_program_that_is_not_there_is_empty():
    script = f'. {ROOT}/completions/mailwarden.bash; COMP_WORDS=(/nowhere/mailwarden r); COMP_CWORD=1; _mailwarden; echo "${{#COMPREPLY[@]}}"'
    answer = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=10, check=True)
    assert answer.stdout == "0\n" and not answer.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_help_shows_is_known_and_another_is_not(command):
    for name in options_of_help(command) - HELP:
        answer = subprocess.run([MAILWARDEN, command, name, "", "--help"], capture_output=True, text=True, timeout=10, check=False)
        assert "unknown option" not in answer.stderr, name
    answer = run(command, "--no-such-option")
    assert answer.returncode == 2 and not answer.stdout
    assert answer.stderr == f'mailwarden {command}: unknown option "--no-such-option"\nTry \'mailwarden {command} --help\'.\n'


@pytest.mark.parametrize("command", COMMANDS)
def test_a_mistyped_option_is_told_with_the_right_one(command):
    for name in sorted(options_of_help(command) - {"-h"}):
        if name.startswith("--"):
            wrong = name[:3] + "x" + name[3:]
            assert f'unknown option "{wrong}"; did you mean "--' in run(command, wrong).stderr, name


def test_a_mistyped_command_is_told_with_the_right_one():
    answer = run("replya")
    assert answer.returncode == 2 and not answer.stdout
    assert answer.stderr == 'mailwarden: unknown command "replya"; did you mean "replay"?\nTry \'mailwarden --help\'.\n'


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


INSTALLED = {"/usr/share/doc/mailwarden/docs": "docs", "/usr/share/mailwarden": "."}


def texts():
    return [*(path.read_text(encoding="utf-8") for path in (ROOT / "man").glob("*.[578]")), *(help_of(command) for command in COMMANDS)]


def test_pages_and_files_that_texts_name_are_there():
    """As the package has them: tests/live/install looks for them there."""
    named = {(place, name) for text in texts() for place in INSTALLED for name in re.findall(rf"{place}/([\w./-]+)", text)}
    named |= {("/usr/share/doc/mailwarden/docs", name) for text in texts() for name in re.findall(r"(\w+\.md) of the documentation", text)}
    assert len(named) > 6
    assert not [(place, name) for place, name in named if not list((ROOT / INSTALLED[place]).rglob(name.rstrip(".")))]


def test_manuals_that_texts_name_are_there():
    named = {found for text in texts() for found in (*re.findall(r"^\.Xr (mailwarden\S*) (\d)", text, re.M), *re.findall(r"(mailwarden[\w.-]*)\((\d)\)", text))}
    assert len(named) > 24
    assert not [name for name in named if not (ROOT / "man" / ".".join(name)).exists()]


SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_of_a_command_has_all_its_sections(command):
    heads = re.findall(r"^\.Sh (.+)$", page_of(command), re.M)
    assert [head for head in heads if head in SECTIONS] == SECTIONS
    assert re.findall(r"^\.Nm (\S+)$", page_of(command), re.M)[0] == f"mailwarden-{command}"


def item_of_manual(command, name):
    """The text below ".It Fl m , -matrix ..."."""
    part = page_of(command).split("\n.Sh OPTIONS\n")[1].split("\n.Sh ")[0]
    return " ".join(re.search(rf"^\.It Fl (?:\w , )?{name[1:]}\b.*\n((?:(?!\.It |\.El).*\n)*)", part, re.M).group(1).split("\n"))


NUMBERS = [(command, name) for command in COMMANDS for name in re.findall(r"^ {2,6}(?:-\w)?(?:, )?(--[a-z-]+) [A-Z]", help_of(command), re.M) if command != "run"]


def test_the_manual_has_the_bounds_of_the_options_of_each_command():
    """A number that is too large is refused with the bounds. Those of run: test_settings_manual."""
    answers = {(command, name): run(command, name, "99999999999999999999").stderr for command, name in NUMBERS}
    bounds = {place: found.group(1) for place, answer in answers.items() if (found := re.search(r"takes (\d+ to \d+)", answer))}
    assert bounds["audit", "--timeout"] == "1 to 120" and len(bounds) > 12
    assert not [(place, wanted) for place, wanted in bounds.items() if wanted not in item_of_manual(*place)]


def test_the_manual_has_the_defaults_that_help_shows():
    shown = {}
    for command in COMMANDS:
        for name, text in re.findall(r"^ {2,6}(?:-\w)?(?:, )?(--[a-z-]+)(.*\n(?: {8,}.*\n)*)", help_of(command), re.M):
            default = re.search(r"\(?default:? ([\w/.*-]+)", " ".join(text.split()))
            if default and default.group(1) not in ("all", "without"):  # a sentence
                shown[command, name] = default.group(1).rstrip(".")
    assert shown["run", "--table"] == "262144" and len(shown) > 25
    assert not [(place, word) for place, word in shown.items() if "efault" not in item_of_manual(*place) or word not in item_of_manual(*place)]
