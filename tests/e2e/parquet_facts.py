"""Reads a Parquet file with pyarrow and prints what it holds: rows, the sum of one column, the columns.

    parquet_facts.py FILE COLUMN
"""

import json
import sys

import pyarrow.compute as pc
import pyarrow.parquet as pq

file, column = sys.argv[1:]
table = pq.read_table(file)
table.validate(full=True)
print(json.dumps({
    "rows": table.num_rows,
    "sum": int(pc.sum(table[column]).as_py()),
    "columns": table.column_names,
    "nulls": {name: table[name].null_count for name in table.column_names},
}))
