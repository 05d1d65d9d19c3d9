"""connectorx' and pyarrow's way from MariaDB to Parquet, for comparison.

    connectorx_mysql.py PORT USER PASSWORD DATABASE TABLE FILE
"""

import sys

import connectorx
import pyarrow.parquet

port, user, password, database, table, file = sys.argv[1:]
# It has no other way to be told the password than the address.
rows = connectorx.read_sql(
    f"mysql://{user}:{password}@127.0.0.1:{port}/{database}",
    f"SELECT * FROM {table}",
    return_type="arrow",
    partition_on="l_orderkey",
    partition_num=2,
)
pyarrow.parquet.write_table(rows, file, compression="snappy")
