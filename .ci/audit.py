"""Say what pip-audit found: its answer in JSON comes on standard input, empty where it had no network.

What became known since yesterday is no fault of the change that is tried today, so nothing fails for it.
"""

import json
import sys

packages = json.loads(sys.stdin.read() or "{}").get("dependencies", [])
known = [package for package in packages if "vulns" in package]
holes = [(package, hole) for package in known for hole in package["vulns"]]
sys.stdout.write(f"pip-audit: {len(holes)} known vulnerabilities in {len(known)} packages.\n")
if len(known) < len(packages) or not packages:
    which = f"{len(packages) - len(known)} packages" if known else "No package"
    what = "were not audited" if known else "was audited"
    sys.stdout.write(f"pip-audit: {which} {what}: PyPI's list of vulnerabilities cannot be had from here.\n")
for package, hole in holes:
    fixed = " or ".join(hole["fix_versions"]) or "nowhere yet"
    sys.stdout.write(f"  {package['name']} {package['version']}: {hole['id']}, fixed in {fixed}\n")
