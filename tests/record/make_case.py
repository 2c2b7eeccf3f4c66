#!/usr/bin/python3
"""Record golden cases anew: make_case.py [--list] [--texts] [--all] CASE..."""

import argparse
import importlib
import pathlib
import sys
import time

FAMILIES = ("relay", "starttls", "submission", "policy", "access", "tls_quality", "foreign",
            "exchange", "wrapped", "segments", "ledger", "opening", "behind", "letters", "offers",
            "likeness", "names", "crowd", "unseen", "ends", "accepted", "domains", "lists", "answers")


def all_cases():
    cases = {}
    for name in FAMILIES:
        for case in importlib.import_module(f"family_{name}").FAMILY.cases:
            if case.name in cases:
                raise RuntimeError(f"two cases are named {case.name}")
            cases[case.name] = case
    return cases


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the cases and end")
    parser.add_argument("--all", action="store_true", help="every case")
    parser.add_argument("--texts", action="store_true",
                        help="write matrix and README only, keep the captures")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    cases = all_cases()
    if options.list:
        print("\n".join(cases))
        return 0
    unknown = [name for name in options.cases if name not in cases]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    failed = 0
    for name in list(cases) if options.all else options.cases:
        started = time.monotonic()
        try:
            if options.texts:
                cases[name].write_texts()
                continue
            size = cases[name].write()
            print(f"{name}: {size} bytes, {time.monotonic() - started:.1f} s", flush=True)
        except Exception as error:  # one case that fails must not stop the others
            failed += 1
            print(f"{name}: FAILED: {error}", file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    sys.exit(main())
