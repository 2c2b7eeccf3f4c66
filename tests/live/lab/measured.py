"""measured.py COMMAND...: run it; behind all that it says on standard error stands the most memory it had, in KiB.

A process begins with the peak of the one that made it, so a large test cannot ask for that itself.
"""
import os
import sys

child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss, file=sys.stderr, flush=True)
sys.exit(os.waitstatus_to_exitcode(status))
