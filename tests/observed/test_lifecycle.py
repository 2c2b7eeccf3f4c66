"""docs/lifecycle.md: every command in it is run as it stands there, in its order."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
MAILWARDEN = os.environ.get("MAILWARDEN", str(ROOT / "mailwarden"))


def test_every_command_of_the_page_runs_as_written(traffic, tmp_path):
    page = (ROOT / "docs/lifecycle.md").read_text()
    commands = [line for block in re.findall(r"^```sh\n(.*?)^```$", page, re.M | re.S) for line in block.splitlines()]
    assert len(commands) >= 8 and all(line.startswith("mailwarden ") for line in commands)
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "mailwarden").symlink_to(pathlib.Path(MAILWARDEN).resolve())
    traffic.rename(folder / "week.json")
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    said = {}
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, input="a\na\n", capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, (command, done.stderr)
        said[command] = done.stdout
    assert (folder / "answers").read_text().count("accept ") == 2
    matrix = (folder / "matrix.yaml").read_text()
    assert "protocols: [imaps]" in matrix and "protocols: [submission]" in matrix
    assert "# Nothing to propose." in (folder / "more.yaml").read_text()
    assert "has no owner; name one" in said["mailwarden check matrix.yaml"]
    assert "allowed" in said["mailwarden explain -m matrix.yaml 192.0.2.64 192.0.2.10 imaps"].lower()
