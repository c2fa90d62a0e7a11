"""Search spaces from strangers: clear lines, nothing executed, in bounded time and memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hostile.contained import Container
from tests.hostile.test_hostile_data import require_refused

SOUND = "study: s\ndata: {path: planted}\nmodel: {name: dmd}\narms: {ablation: {design: published}}\n"


def _laughs(depth: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, depth)]
    return "\n".join(lines)


def _merges(count: int) -> str:
    return SOUND + "x: &x {" + ", ".join(f"k{n}: 1" for n in range(count)) + "}\ny: {<<: [" + "*x, " * count + "]}\n"


SPACES: Mapping[str, bytes] = {
    name: text.encode() if isinstance(text, str) else text
    for name, text in {
        "call": SOUND + "x: !!python/object/apply:os.system ['touch canary']\n",
        "object": SOUND + "x: !!python/object/new:subprocess.Popen [['touch', 'canary']]\n",
        "name": SOUND + "x: !!python/name:os.system\n",
        "module": SOUND + "x: !!python/module:antigravity\n",
        "own tag": SOUND + "x: !exec touch canary\n",
        "tag directive": "%TAG ! tag:yaml.org,2002:python/object/apply:\n---\nx: !os.system ['touch canary']\n",
        "billion laughs": _laughs(12),
        "merges of merges": _merges(2_000),
        "lists, 100,000 deep": "x: " + "[" * 100_000 + "]" * 100_000,
        "mappings, 100,000 deep": "{a: " * 100_000 + "1" + "}" * 100_000,
        "lists of lists in one line": "- " * 100_000,
        "keys of keys": "? " * 100_000,
        "indented ever deeper": "\n".join(" " * n + "a:" for n in range(1_400)),
        "a key of 900 kB": SOUND + "k" * 900_000 + ": 1\n",
        "a value of 900 kB": SOUND + "primary: " + "v" * 900_000 + "\n",
        "9,000 unknown keys": SOUND + "\n".join(f"unknown_key_{n}: 1" for n in range(9_000)),
        "9,000 unknown settings": "study: s\ndata: {path: planted}\nmodel:\n  name: dmd\n"
        + "\n".join(f"  unknown_setting_{n}: 1" for n in range(9_000)),
        "9,000 arms": SOUND.replace("design: published", "rows: [" + "{fd: true}, " * 9_000 + "]"),
        "a number of 100,000 digits": SOUND + f"x: {'9' * 100_000}\n",
        "an exponent": SOUND + "x: 1e999999999\n",
        "too large": SOUND + "#" * 1_000_001,
        "control signs": SOUND.replace("published", '"\\e]0;title\\a"'),
        "a name that leads out": SOUND.replace("study: s", "study: ../../out"),
        "an absolute name": SOUND.replace("study: s", "study: /tmp/out"),
        "a hidden name": SOUND.replace("study: s", "study: .ssh"),
        "a name with a line": SOUND.replace("study: s", 'study: "a\\nb"'),
        "NUL in a name": SOUND.replace("study: s", 'study: "a\\0b"'),
        "NUL in a path": SOUND.replace("path: planted", 'path: "a\\0b"'),
        "a device as data": SOUND.replace("path: planted", "path: /dev/zero"),
        "a password file as data": SOUND.replace("path: planted", "path: /etc/passwd"),
        "NUL bytes": SOUND.encode() + b"\0" * 100,
        "another encoding": SOUND.encode("utf-16"),
        "a pickle": b"\x80\x04cos\nsystem\n(S'touch canary'\ntR.",
    }.items()
}


@pytest.mark.parametrize("name", SPACES)
def test_a_hostile_space_is_refused(container: Container, tmp_path: Path, name: str) -> None:
    (tmp_path / "space.yaml").write_bytes(SPACES[name])
    outcome = container.run(
        "dmd-search", "--space", str(tmp_path / "space.yaml"), "--out", str(tmp_path / "runs"), "--dry-run"
    )
    require_refused(outcome, "", most_lines=101)
    assert outcome.stderr.replace("\n", "").isprintable()
    assert "root:" not in outcome.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"space.yaml"}
    assert not Path("canary").exists()
