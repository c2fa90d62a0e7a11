"""The audit of dependencies tolerates being offline, and says when it has compared nothing."""

from __future__ import annotations

import json

from scripts.audit import judge

SOUND = {"name": "numpy", "version": "2.0", "vulns": []}
BROKEN = {"name": "x", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "torch", "skip_reason": "Dependency not found on PyPI"}


def judged(*packages: dict, stderr: str = "") -> tuple[str, int]:
    return judge(json.dumps({"dependencies": packages}), stderr)


def test_a_vulnerability_fails_and_is_named() -> None:
    text, code = judged(SOUND, BROKEN, SKIPPED)
    assert code == 1
    assert "x 1.0: CVE-1, fixed in 1.1" in text
    assert "1 vulnerabilities known of 2 packages, 1 could not be compared" in text


def test_nothing_known_succeeds() -> None:
    assert judged(SOUND) == ("audit: 0 vulnerabilities known of 1 packages", 0)


def test_without_a_network_it_succeeds_and_says_that_nothing_was_compared() -> None:
    offline = judge("", "requests.exceptions.ConnectionError: HTTPSConnectionPool(...)")
    for text, code in (offline, judged(SKIPPED, SKIPPED)):
        assert code == 0
        assert "nothing was compared" in text
        assert len(text.splitlines()) == 1


def test_a_tool_that_does_not_work_fails() -> None:
    assert judge("", "No module named pip_audit")[1] == 1
