"""How long a message takes to reach each hop on its way to one browser.

Story   With redis-bridge a plain PUBLISH goes through Redis twice before it reaches a browser:

          PUBLISH ─► redis ─► recorder ─► redis (FCALL: log, announce) ─► worker ─► browser
                     └ Redis alone        └ announced                               └ received

        Each row is timed from just before the PUBLISH, 50 times a second, with one subscriber, on the same cores as the
        trials; the difference of two rows is the hop between them. The reader spins, so no row includes its wake-up.
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
    """One measurement: the server that runs (None: only Redis), and the wire and path of its one subscriber."""

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
    """Return percentiles of latency and the number of messages; or `error`."""
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
    """Return the hops that need no server, and those whose server is measured in this run."""
    kinds = {type(server) for server in servers}
    return [hop for hop in HOPS if not hop.server or any(issubclass(hop.server, kind) for kind in kinds)]
