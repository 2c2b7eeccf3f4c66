#!/usr/bin/python3
"""Write expected.jsonl of all or the named cases anew, and their index: accept.py [--review] [--force] [CASE...]

A case whose records break the promise of its README is left alone and reported, so
that a wrong record is not accepted unseen; --force writes it all the same, --review
only reports.
"""

import argparse
import sys

import index
from cases import PCAPS, broken_promises, case_folders, records, replay


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--review", action="store_true", help="report, write nothing")
    parser.add_argument("--force", action="store_true", help="write whatever the README promises")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    folders = [PCAPS / name for name in options.cases] or case_folders()
    left = 0
    for folder in folders:
        code, output, errors = replay(folder, "--json")
        if code != 0:
            broken = [f"exit code {code}: {errors.decode(errors='replace').strip()}"]
        else:
            broken = broken_promises(folder, records(output))
        for difference in broken:
            print(f"{folder.name}: {difference}")
        if code != 0 or (broken and not options.force):
            left += 1
        elif not options.review:
            (folder / "expected.jsonl").write_bytes(output)
    if not options.review:
        index.write()
    print(f"{len(folders) - left} cases keep their promise or were forced, {left} do not",
          file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
