"""python-tds against the tests' TDS peer: types both ways, calls, transactions, errors, bulk load, as JSON."""
import datetime
import decimal
import json
import sys
import uuid

import pytds

port, user, password, database = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]


def connect(**more):
    given = {"server": "127.0.0.1", "port": port, "user": user, "password": password, "database": database}
    return pytds.connect(given.pop("server"), **{**given, **more})


def said(work):
    try:
        work()
    except pytds.Error as error:
        return getattr(error, "number", None) or getattr(error, "msg_no", None) or str(error)
    return None


found = {}
with connect(autocommit=True) as db:
    cur = db.cursor()
    cur.execute("SELECT * FROM dbo.py ORDER BY id")
    found["columns"] = [column[0] for column in cur.description]
    found["rows"] = [[str(value) if value is not None else None for value in row] for row in cur.fetchall()]

    # A call of sp_executesql with typed parameters, and back.
    values = (
        7, 2**40, 1.5, "Ünïcødé 🦀", pytds.Binary(b"\x00\xff"), decimal.Decimal("123.4500"), datetime.date(2024, 2, 29),
        datetime.datetime(2024, 2, 29, 12, 30, 15, 123456), uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"), True, None,
    )
    cur.execute(
        "INSERT INTO dbo.py (id, big, real8, text, raw, amount, day, moment, guid, flag, note) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        values,
    )
    cur.execute("SELECT big, real8, text, raw, amount, day, moment, guid, flag, note FROM dbo.py WHERE id = %s", (7,))
    row = cur.fetchone()
    found["kept"] = [str(value) if value is not None else None for value in row]
    cur.execute("SELECT CAST(COUNT(*) AS int) FROM dbo.py")
    found["count"] = cur.fetchone()[0]

    found["missing"] = said(lambda: cur.execute("SELECT * FROM dbo.nowhere"))
    found["duplicate"] = said(lambda: cur.execute("INSERT INTO dbo.py (id) VALUES (7)"))
    found["null"] = said(lambda: cur.execute("INSERT INTO dbo.py (big) VALUES (7)"))
    found["long"] = said(lambda: cur.execute("INSERT INTO dbo.py (id, short) VALUES (70, 'abcdef')"))

    cur.execute("EXEC dbo.above @least = 2")
    found["called"] = [row[0] for row in cur.fetchall()]
    cur.callproc("dbo.above", {"@least": 7})
    found["callproc"] = [row[0] for row in cur.fetchall()]

    found["copied"] = cur.copy_to(
        data=[(100 + i, f"row {i}") for i in range(500)],
        table_or_view="py",
        schema="dbo",
        columns=[pytds.Column("id", type=pytds.tds_types.IntType()), pytds.Column("text", type=pytds.tds_types.NVarCharMaxType())],
    )
    cur.execute("SELECT CAST(COUNT(*) AS int) FROM dbo.py WHERE id >= 100")
    found["loaded"] = cur.fetchone()[0]

# What is not committed is not seen by others, and is gone after a rollback.
with connect(autocommit=False) as one, connect(autocommit=True) as two:
    a, b = one.cursor(), two.cursor()
    a.execute("INSERT INTO dbo.py (id) VALUES (5000)")
    b.execute("SELECT id FROM dbo.py WHERE id = 5000")
    found["seen_before"] = len(b.fetchall())
    one.rollback()
    a.execute("INSERT INTO dbo.py (id) VALUES (5001)")
    one.commit()
    b.execute("SELECT id FROM dbo.py WHERE id >= 5000")
    found["seen_after"] = [row[0] for row in b.fetchall()]

try:
    connect(password="wrong")
    found["login"] = "let in"
except pytds.Error as error:
    found["login"] = str(error)
print(json.dumps(found))
