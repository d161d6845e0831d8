"""The paths of folders and binaries."""

import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "bench"
BRIDGE = ROOT / "build" / "release" / "redis-bridge"
NODE_SERVERS = HERE / "servers"
DOCS = HERE / "results"
