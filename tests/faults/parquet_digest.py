"""Reads a Parquet file of columns id and text with pyarrow and prints the number of its rows and a digest of all of them.

    parquet_digest.py FILE
"""

import hashlib
import json
import sys

import pyarrow.parquet as pq

table = pq.read_table(sys.argv[1])
table.validate(full=True)
rows = sorted(zip(table["id"].to_pylist(), table["text"].to_pylist()))
text = "\n".join(f"{number} {line}" for number, line in rows)
print(json.dumps(f"{len(rows)} {hashlib.md5(text.encode()).hexdigest()}"))
