"""Builds redis-bridge and the benchmark's own programs."""

import subprocess
import sys

from places import BRIDGE, BUILD, HERE, ROOT


def build_programs():
    """Build bench_floor and bench_load."""
    for command in (["cmake", "-S", HERE, "-B", BUILD, "-DCMAKE_BUILD_TYPE=Release"],
                    ["cmake", "--build", BUILD, "--target", "bench_floor", "bench_load"]):
        subprocess.run(command, check=True, stdout=sys.stderr)


def build_bridge(options):
    """Build redis-bridge, if its source is here and no other binary was given. If the build fails, report it and go on
    with an earlier build, if there is one."""
    if options.no_build or options.bridge != BRIDGE or not (ROOT / "CMakePresets.json").exists():
        return
    for command in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release"]):
        if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
            print(f"run: `{' '.join(command)}` failed; going on with the existing build", file=sys.stderr)
            return
