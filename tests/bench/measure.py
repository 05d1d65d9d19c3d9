"""Runs a command and prints what it and its children needed: {"wall": s, "cpu": s, "mb": peak}.

    measure.py COMMAND...

CPU is user and system time by wait4, of all children that were waited for; the peak is the largest of any of them.
"""

import json
import os
import subprocess
import sys
import time

begun = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
errors = child.stderr.read()
_, status, usage = os.wait4(child.pid, 0)
wall = time.monotonic() - begun
if status:
    sys.exit(f"{sys.argv[1:]} ended with {status}: {errors.decode(errors='replace')[-2000:]}")
print(json.dumps({"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "mb": usage.ru_maxrss / 1024}))
