"""The hops of one message on its way to one browser, measured each by itself.

Story   With redis-bridge a plain PUBLISH goes through Redis twice before a browser has it:

          PUBLISH ─► redis ─► recorder ─► redis (FCALL: log, announce) ─► worker ─► browser
                     └ Redis alone        └ announced                               └ received

        Each row is measured from before the PUBLISH, 50 times a second, one subscriber, on the cores of the trials; the
        difference of two rows is the hop between. The reader spins, so its own waking up is in none of them.
"""

import contextlib
import pathlib
import subprocess
import tempfile

from processes import free_port, start_redis
from servers import Bridge, BridgeFcall, Floor
from trial import load_command, run_load

PER_SECOND = 50


class Hop:
    """What is measured: `server` runs meanwhile, `wire` and `path` are where the subscriber listens."""

    def __init__(self, title, server, wire, path):
        self.title, self.server, self.wire, self.path = title, server, wire, path


HOPS = [
    Hop("`PUBLISH` → `SUBSCRIBE`, Redis alone", None, "redis", "{c}"),
    Hop("`PUBLISH` → floor → an SSE browser", Floor, "sse", "/events?channel={c}"),
    Hop("`PUBLISH` → recorded and announced on `bridge:live:…`", Bridge, "redis", "bridge:live:{c}"),
    Hop("`PUBLISH` → redis-bridge → an SSE browser", Bridge, "sse", "/events?channel={c}"),
    Hop("`FCALL bridge_publish` → redis-bridge → an SSE browser", BridgeFcall, "sse", "/events?channel={c}"),
]


def measure(hop, options):
    """Gives p50, p99 and the number of messages; or `error`."""
    found = {"hop": hop.title}
    with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as stack:
        folder, groups = pathlib.Path(name), {}
        try:
            redis_port, redis = start_redis(stack, options.load_core, folder)
            port, target = free_port(), f"redis:{redis_port}"
            if hop.server:
                server = hop.server(options)
                groups = server.start(stack, port, redis_port, folder)
                target = server.publish(port, redis_port)
            arguments = ["--port", redis_port if hop.wire == "redis" else port, "--publish", target, "--wire", hop.wire,
                         "--path", hop.path, "--mode", "paced", "--rate", PER_SECOND, "--messages", 100000,
                         "--seconds", 2 * options.seconds, "--grace", 5]
            result = run_load(load_command(arguments, groups | {"redis": [redis]}, options), {"redis": [redis]})
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            return found | {"error": str(error)}
    latency = {f"{name}_us": ns / 1e3 for name, ns in result["latency_ns"].items()}
    return found | {"messages": result["messages"], "flawless": result["flawless"]} | latency


def choose(servers):
    """Those whose servers are measured in this run."""
    kinds = {type(server) for server in servers}
    return [hop for hop in HOPS if not hop.server or any(issubclass(hop.server, kind) for kind in kinds)]
