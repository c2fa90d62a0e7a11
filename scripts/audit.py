"""Compare the installed packages with the database of known vulnerabilities; without a network, say so and succeed.

``python -m scripts.audit``. Exit codes: 0 nothing known, or nobody could be asked; 1 vulnerabilities, each printed, or
a pip-audit that does not work.
"""

from __future__ import annotations

import json
import subprocess
import sys

COMMAND = ("-m", "pip_audit", "--local", "--skip-editable", "--format", "json", "--progress-spinner", "off")
AWAY = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "Max retries", "ProxyError", "unreachable", "refused")
"""How pip-audit and the libraries under it say that nobody answered."""
LONGEST_S = 600


def judge(stdout: str, stderr: str) -> tuple[str, int]:
    """What pip-audit printed, in words, and the exit code that it deserves."""
    try:
        packages = json.loads(stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if any(sign in stderr for sign in AWAY):
            return "audit: the database of vulnerabilities cannot be reached from here; nothing was compared", 0
        return f"audit: pip-audit failed: {stderr.strip()[-2000:]}", 1
    compared = [package for package in packages if "skip_reason" not in package]
    if not compared:
        return (
            f"audit: none of {len(packages)} packages is known to the index that answers here; nothing was compared",
            0,
        )
    found = [
        f"{package['name']} {package['version']}: {one['id']}, fixed in {', '.join(one['fix_versions']) or 'none yet'}"
        for package in compared
        for one in package["vulns"]
    ]
    skipped = f", {len(packages) - len(compared)} could not be compared" if len(compared) < len(packages) else ""
    summary = f"audit: {len(found)} vulnerabilities known of {len(compared)} packages{skipped}"
    return "\n".join([*found, summary]), 1 if found else 0


def main() -> int:
    try:
        done = subprocess.run(
            [sys.executable, *COMMAND], capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        print("audit: the database of vulnerabilities did not answer in ten minutes; nothing was compared")
        return 0
    text, code = judge(done.stdout, done.stderr)
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
