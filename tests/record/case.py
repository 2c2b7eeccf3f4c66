"""What one golden case is, and how its folder is written."""

import dataclasses
import pathlib
import textwrap
import typing

PCAPS = pathlib.Path(__file__).resolve().parents[2] / "pcaps"
LARGEST_BYTES = 150_000


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    record: typing.Callable  # () -> bytes of a capture file
    matrix: str
    shows: str
    findings: tuple = ()  # exactly these are expected
    absent: tuple = ()  # worth saying that these are not
    files: tuple = ()  # name and text of each that the matrix names
    flows: tuple = ()  # "protocol verdict [row]" of the mail records, where the case is about it

    def write(self):
        content = self.record()
        if not 24 < len(content) <= LARGEST_BYTES:
            raise RuntimeError(f"{self.name}: a capture of {len(content)} bytes")
        folder = PCAPS / self.name
        folder.mkdir(exist_ok=True)
        (folder / "traffic.pcap").write_bytes(content)
        self.write_texts()
        return len(content)

    def write_texts(self):
        folder = PCAPS / self.name
        (folder / "matrix.yaml").write_text(self.matrix)
        (folder / "README.md").write_text(self.readme())
        for name, text in self.files:
            (folder / name).write_text(text)

    def readme(self):
        def listed(words):
            return ", ".join(f"`{word}`" for word in words) or "none"
        parts = [f"# {self.name}\n", textwrap.fill(self.shows, 110)]
        parts.append(f"\nFindings: {listed(self.findings)}")
        if self.absent:
            parts.append(f"Absent: {listed(self.absent)}")
        if self.flows:
            parts.append(f"Flows: {listed(self.flows)}")
        parts.append(f"Made by: `tests/record/make_case.py {self.name}`")
        return "\n".join(parts) + "\n"


class Family:
    """Collects the cases of one module; `case` is a decorator for its recording functions."""

    def __init__(self):
        self.cases = []

    def case(self, name, matrix, shows, **expected):
        def add(record):
            self.cases.append(Case(name, record, matrix, " ".join(shows.split()), **expected))
            return record
        return add
