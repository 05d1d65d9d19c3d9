"""Checks an SBOM against Cargo.lock, takes this machine's paths out of it, and writes it.

    sbom.py FROM TO
"""

import json
import os
import sys
import tomllib


def cleaned(value, here):
    """The same without the folder that it was made in."""
    if isinstance(value, dict):
        return {name: cleaned(inner, here) for name, inner in value.items()}
    if isinstance(value, list):
        return [cleaned(inner, here) for inner in value]
    if isinstance(value, str):
        return value.replace("path+file://" + here + "#", "path+file:///#").replace("path+file://" + here, "path+file://")
    return value


def main(source, target):
    with open(source, encoding="utf-8") as file:
        bom = json.load(file)
    with open("Cargo.lock", "rb") as file:
        locked = {(package["name"], package["version"]) for package in tomllib.load(file)["package"]}
    main_part = bom["metadata"]["component"]["name"]
    found = {(part["name"], part["version"]) for part in bom["components"]}
    if bom["bomFormat"] != "CycloneDX" or main_part != "sluice":
        sys.exit(f"sbom: {source} is not the SBOM of the binary but of {main_part}")
    if strange := found - locked:
        sys.exit(f"sbom: crates that Cargo.lock does not have: {sorted(strange)}")
    # What no binary can be without.
    for name in ("sluice-agent", "rustls", "aws-lc-rs", "tokio"):
        if name not in {part for part, _ in found}:
            sys.exit(f"sbom: {name} is missing")
    with open(target, "w", encoding="utf-8") as file:
        json.dump(cleaned(bom, os.getcwd()), file, indent=1, sort_keys=True)
        file.write("\n")
    print(f"sbom: {len(found)} crates", file=sys.stderr)


main(*sys.argv[1:])
