"""Building what is measured, and what measures."""

import subprocess
import sys

from places import BRIDGE, BUILD, HERE, ROOT


def build_programs():
    """Those of this folder."""
    for command in (["cmake", "-S", HERE, "-B", BUILD, "-DCMAKE_BUILD_TYPE=Release"],
                    ["cmake", "--build", BUILD, "--target", "bench_floor", "bench_load"]):
        subprocess.run(command, check=True, stdout=sys.stderr)


def build_bridge(options):
    """Where its source is there, and no other binary is named. A bridge that does not build is told, and measured as it
    was built before, if it was."""
    if options.no_build or options.bridge != BRIDGE or not (ROOT / "CMakePresets.json").exists():
        return
    for command in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release"]):
        if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
            print(f"run: `{' '.join(command)}` failed; going on with what is built", file=sys.stderr)
            return
