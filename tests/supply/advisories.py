"""advisories.py DB: does Cargo.lock hold a crate that the advisory database DB warns of?

DB is a folder with a copy of https://github.com/rustsec/advisory-db, a checkout or its files alone; the network is not used.
Prints the database's date, and fails when that is more than ADVISORY_DAYS (30) ago, unless ADVISORY_STALE=1 says that this is
known. Advisories that deny.toml lists with a reason are named and do not fail.
"""

import datetime
import os
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def version(text):
    """A version as something that can be compared: without a prerelease is later than with one."""
    text = text.split("+")[0]
    numbers, _, before = text.partition("-")
    numbers = [int(part) for part in numbers.split(".")]
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in before.split(".") if part]
    return (numbers + [0, 0, 0])[:3], (not parts, parts)


def fits(found, requirement):
    """Whether a version fits one requirement of Cargo's: `>= 1.2, < 2`, `^0.8.4`, `~1.2`, `=1.0.3`, `*`."""
    for part in requirement.split(","):
        operator, wanted = re.fullmatch(r"\s*(>=|<=|>|<|=|\^|~)?\s*(\S+)\s*", part).groups()
        if wanted == "*":
            continue
        given = len(wanted.split("-")[0].split("."))
        least = version(wanted)
        (major, minor, patch), _ = least
        if operator in (None, "^"):
            high = (major + 1, 0, 0) if major or given == 1 else (0, minor + 1, 0) if minor or given == 2 else (0, 0, patch + 1)
            fine = least <= found and found < (list(high), (False, []))
        elif operator == "~":
            high = (major + 1, 0, 0) if given == 1 else (major, minor + 1, 0)
            fine = least <= found and found < (list(high), (False, []))
        elif operator == "=":
            fine = found[0][:given] == least[0][:given] and (given < 3 or found == least)
        else:
            fine = {">=": found >= least, "<=": found <= least, ">": found > least, "<": found < least}[operator]
        if not fine:
            return False
    return True


def advisories(db):
    """Every advisory: the TOML at the beginning of its file, and its title."""
    for file in sorted((db / "crates").rglob("*.md")):
        text = file.read_text()
        front = re.match(r"```toml\n(.*?)\n```", text, re.S)
        if front is None:
            sys.exit(f"advisories: {file}: it does not begin with its facts")
        title = re.search(r"^# (.*)$", text, re.M)
        yield tomllib.loads(front[1]), title[1] if title else ""


def database_date(db, newest):
    """The day of its last commit, or of its newest advisory where it is no checkout."""
    if (db / ".git").exists():
        command = ["git", "-c", "safe.directory=*", "-C", str(db), "log", "-1", "--format=%cs"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip(), "its last commit"
    return newest, "its newest advisory"


def main():
    if len(sys.argv) != 2 or not (pathlib.Path(sys.argv[1]) / "crates").is_dir():
        sys.exit("usage: make advisories DB=FOLDER, a copy of https://github.com/rustsec/advisory-db")
    db = pathlib.Path(sys.argv[1])
    lock = pathlib.Path(os.environ.get("ADVISORY_LOCK", ROOT / "Cargo.lock"))
    locked = {}
    for package in tomllib.loads(lock.read_text())["package"]:
        if "source" in package:
            locked.setdefault(package["name"], []).append(package["version"])
    excepted = {}
    for entry in tomllib.loads((ROOT / "deny.toml").read_text())["advisories"]["ignore"]:
        excepted[entry["id"]] = entry["reason"]
    count, newest, bad = 0, "", 0
    for facts, title in advisories(db):
        about, versions = facts["advisory"], facts.get("versions", {})
        count, newest = count + 1, max(newest, about["date"])
        if "withdrawn" in about:
            continue
        for found in locked.get(about["package"], []):
            good = versions.get("patched", []) + versions.get("unaffected", [])
            if any(fits(version(found), requirement) for requirement in good):
                continue
            kind = about.get("informational", "vulnerability")
            reason = excepted.get(about["id"])
            print(f"{about['id']} {kind}: {about['package']} {found}: {title}" + (f" (excepted: {reason})" if reason else ""))
            bad += reason is None
    date, whence = database_date(db, newest)
    print(f"advisories: database of {date} ({whence}): {count} advisories, {sum(map(len, locked.values()))} crates, {bad} found")
    age = (datetime.date.today() - datetime.date.fromisoformat(date)).days
    if age > int(os.environ.get("ADVISORY_DAYS", "30")):
        print(f"advisories: the database is {age} days old: what was found since is not in it", file=sys.stderr)
        if os.environ.get("ADVISORY_STALE") != "1":
            sys.exit(1)
    sys.exit(1 if bad else 0)


main()
