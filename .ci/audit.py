"""Ask for the known vulnerabilities of everything that the requirements pin: `make audit`.

pip-audit ends with 0 where its service has no data on any of the packages, as behind a mirror of a package index
that has no advisories. Here that is what it is, an audit that did not take place: exit code 2. A vulnerability: 1.
None, and every package was looked at: 0.
"""

import json
import subprocess
import sys
from typing import Any


def main(program: str, *files: str) -> int:
    """Run pip-audit over `files` and say in one line how it ended."""
    listed = [argument for file in files for argument in ("--requirement", file)]
    command = [program, "--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json", *listed]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (arguments of ours)
    try:
        packages: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (ended.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        print(f"Not audited: the service of advisories did not answer ({reason[:200]})")
        return 2
    return _judged(packages)


def _judged(packages: list[dict[str, Any]]) -> int:
    found = [(each, advisory) for each in packages for advisory in each.get("vulns", [])]
    for package, advisory in found:
        fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {advisory['id']}, mended in {fixed}")
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if skipped or not packages:
        print(f"Not audited: the service has no data on {len(skipped)} of {len(packages)} packages")
    if found:
        print(f"{len(found)} known vulnerabilities: make lock UPGRADE='--upgrade-package NAME', then make test")
        return 1
    if skipped or not packages:
        return 2
    print(f"{len(packages)} packages, no known vulnerability")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
