"""Where the tests import from: helpers of running sensors and servers, and the golden cases."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "live" / "lab"), str(HERE / "golden"), str(HERE / "books")]
