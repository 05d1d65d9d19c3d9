"""DuckDB's way from PostgreSQL to Parquet, for comparison.

    duckdb_copy.py PORT USER PASSWORD TABLE FILE
"""

import glob
import os
import sys

import duckdb
import duckdb_extension_postgres_scanner as scanner

port, user, password, table, file = sys.argv[1:]
folder = os.path.dirname(scanner.__file__)
extension = glob.glob(f"{folder}/extensions/v{duckdb.__version__}/*.duckdb_extension")[0]
connection = duckdb.connect()
connection.execute(f"LOAD '{extension}'")
connection.execute(
    f"ATTACH 'host=127.0.0.1 port={port} user={user} password={password} dbname=postgres' AS pg (TYPE postgres, READ_ONLY)"
)
connection.execute("SET threads = 2")
connection.execute(f"COPY (SELECT * FROM pg.public.{table}) TO '{file}' (FORMAT parquet, COMPRESSION snappy)")
