"""connectorx' and pyarrow's way from PostgreSQL to Parquet, for comparison.

    connectorx_copy.py PORT USER PASSWORD TABLE FILE
"""

import sys

import connectorx
import pyarrow.parquet

port, user, password, table, file = sys.argv[1:]
# It has no other way to be told the password than the address.
rows = connectorx.read_sql(
    f"postgresql://{user}:{password}@127.0.0.1:{port}/postgres?cxprotocol=binary",
    f"SELECT * FROM {table}",
    return_type="arrow",
    partition_on="l_orderkey",
    partition_num=2,
)
pyarrow.parquet.write_table(rows, file, compression="snappy")
