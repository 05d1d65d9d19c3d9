"""The formats as other programs have them: python's csv and json, fastavro, pyarrow, openpyxl and xlwt.

make WHAT FILE     writes a file for Sluice to read
show WHAT FILE     prints the rows of a file that Sluice wrote, as one line of JSON
"""

import csv
import datetime as dt
import decimal
import json
import sys
import uuid

UTC = dt.timezone.utc
MOMENT = dt.datetime(2024, 2, 29, 12, 30, 15, 123456)


def plain(value):
    """A value as JSON tells it."""
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def make_avro(path, codec):
    import fastavro

    logical = lambda kind, name, **more: {"type": kind, "logicalType": name, **more}
    optional = lambda kind: ["null", kind]
    schema = fastavro.parse_schema(
        {
            "type": "record",
            "name": "Order",
            "namespace": "shop.v1",
            "fields": [
                {"name": "id", "type": "long"},
                {"name": "name", "type": optional("string")},
                {"name": "price", "type": optional(logical("bytes", "decimal", precision=20, scale=4))},
                {"name": "day", "type": optional(logical("int", "date"))},
                {"name": "clock", "type": optional(logical("long", "time-micros"))},
                {"name": "moment", "type": optional(logical("long", "timestamp-micros"))},
                {"name": "key", "type": optional(logical("string", "uuid"))},
                {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "DONE"]}},
                {"name": "ratio", "type": ["double", "null"]},
                {"name": "tags", "type": {"type": "array", "items": "string"}},
                {"name": "at", "type": optional({"type": "record", "name": "At", "fields": [{"name": "city", "type": "string"}]})},
            ],
        }
    )
    rows = [
        {
            "id": number,
            "name": None if number % 7 == 0 else f"Ünï {number}",
            "price": None if number % 5 == 0 else decimal.Decimal(number * 12345).scaleb(-4),
            "day": dt.date(2024, 2, 29),
            "clock": MOMENT.time(),
            "moment": MOMENT.replace(tzinfo=UTC),
            "key": uuid.UUID(int=number),
            "state": "OPEN" if number % 2 else "DONE",
            "ratio": None if number % 3 == 0 else number / 3,
            "tags": [str(number)] * (number % 4),
            "at": None if number % 2 else {"city": "Kraków"},
        }
        for number in range(5000)
    ]
    with open(path, "wb") as file:
        fastavro.writer(file, schema, rows, codec=codec, sync_interval=4000)


def show_avro(path):
    import fastavro

    with open(path, "rb") as file:
        reader = fastavro.reader(file)
        schema = reader.writer_schema
        return {"name": schema["name"], "codec": reader.codec, "rows": [plain(row) for row in reader]}


def make_xlsx(path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "First"
    sheet = book.create_sheet("Zahlen & more")
    sheet.append([None, None, None])
    sheet.append(["n", "text", "when", "whole", "yes"])
    sheet.append([0.1, "x <&> ß", MOMENT.replace(microsecond=0), dt.date(2024, 2, 29), True])
    sheet.append([-12345678901, "  spaces ", dt.time(18, 0), dt.timedelta(hours=30), False])
    sheet.append([1e-7, None, None, None, None])
    book.save(path)


def make_xls(path):
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Old")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for row, values in enumerate([["n", "t", "d"], [1, "ein ß", dt.date(2024, 2, 29)], [2.5, "zwei", None]]):
        for column, value in enumerate(values):
            if value is not None:
                sheet.write(row, column, value, *([day] if isinstance(value, dt.date) else []))
    book.save(path)


def make_csv(path, encoding):
    with open(path, "w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for number, text in enumerate(['a "q", b', "line\r\nbreak", "", "日本 é" if "utf" in encoding else "日本"]):
            writer.writerow([number, text])


def make_json(path):
    rows = [{"id": n, "big": 2**80 + n, "x": n / 10, "in": {"l": [n, None], "t": "ü\u2028\U0001f9ea"}} for n in range(300)]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(rows, file, ensure_ascii=True, indent=1)


def show_json(path, encoding, lines):
    with open(path, encoding=encoding) as file:
        text = file.read()
    load = lambda part: json.loads(part, parse_float=decimal.Decimal)
    rows = [load(line) for line in text.splitlines()] if lines == "lines" else load(text)
    return [plain(row) for row in rows]


def show_csv(path, encoding):
    with open(path, encoding=encoding, newline="") as file:
        return list(csv.reader(file))


if __name__ == "__main__":
    verb, what, path, *more = sys.argv[1:]
    result = globals()[f"{verb}_{what}"](path, *more)
    print(json.dumps(result))
