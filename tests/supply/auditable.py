"""Reads the list of crates that cargo-auditable put into a binary, and compares it with Cargo.lock.

    auditable.py BINARY
"""

import json
import struct
import sys
import tomllib
import zlib


def section(data, wanted):
    """A section of a 64-bit ELF file."""
    if data[:5] != b"\x7fELF\x02":
        sys.exit("auditable: the binary is no 64-bit ELF file")
    table, size, count, names = *struct.unpack_from("<Q", data, 0x28), *struct.unpack_from("<HHH", data, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", data, table + size * number) for number in range(count)]
    text = headers[names]
    for name, _, _, _, offset, length in headers:
        start = text[4] + name
        if data[start : data.index(b"\0", start)] == wanted:
            return data[offset : offset + length]
    sys.exit("auditable: the binary has no list of its crates")


def main(path):
    with open(path, "rb") as file:
        listed = json.loads(zlib.decompress(section(file.read(), b".dep-v0")))
    with open("Cargo.lock", "rb") as file:
        locked = {(package["name"], package["version"]) for package in tomllib.load(file)["package"]}
    found = {(package["name"], package["version"]) for package in listed["packages"]}
    if strange := found - locked:
        sys.exit(f"auditable: crates that Cargo.lock does not have: {sorted(strange)}")
    if not {"sluice", "sluice-agent", "rustls", "tokio"} <= {name for name, _ in found}:
        sys.exit("auditable: the list is not that of the binary")
    print(f"auditable: {len(found)} crates are listed in {path}", file=sys.stderr)


main(*sys.argv[1:])
