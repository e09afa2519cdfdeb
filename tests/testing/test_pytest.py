"""The page about testing: its example passes, in a folder of its own, under a pytest that knows nothing of ours."""

import re
import subprocess
import sys
from pathlib import Path

import authctl

PAGE = Path(authctl.__file__).parent / "manual" / "testing.md"


def test_the_example_of_the_manual_passes(tmp_path):
    files = re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert [name for name, _ in files] == ["app.py", "conftest.py", "test_app.py"]
    for name, text in files:
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:xdist"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "3 passed" in ran.stdout, ran.stdout + ran.stderr
