"""The servers that are measured: how to start each and publish to it, and what it cannot do.

Story   To add one, write a class with a name, its wires (`paths`, and `dialects` as in dialect.h), `start` and
        `publish`, and add it to SERVERS.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys

from places import BUILD, NODE_SERVERS
from processes import accepts, children, first_line, is_ready, listens, start, status, title, wait_for
from tracing import callgrind_command


# For servers that send each message by itself: a longer queue would only make the run take longer.
ONE_BY_ONE = {"sse": 16, "ws": 16}


class Unavailable(Exception):
    """This server cannot be measured here; the text says what is missing."""


def files_limit():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Server:
    """A server to measure. `start` returns group -> process IDs; the group "server" is the one that fans out."""

    name = ""
    label = ""
    needs_redis = True
    windows = {"sse": 512, "ws": 512}  # in bursts: the most messages in flight
    files_per_subscriber = 1
    paths = {"sse": "/events?channel={c}", "ws": "/ws?channel={c}"}  # wire -> request target, for each that it has
    dialects = {}  # wire -> dialect of bench_load, if its name differs

    def __init__(self, options):
        self.options = options

    def check(self):
        """Raise Unavailable if it cannot run here."""

    def version(self):
        return ""

    def refusal(self, case):
        """Return why this server cannot run the case; an empty string if it can."""
        if case.total * self.files_per_subscriber > files_limit() - 500:
            return f"{case.total:,} subscribers need {case.total * self.files_per_subscriber:,} open files"
        return ""

    def start(self, stack, port, redis_port, folder):
        raise NotImplementedError

    def publish(self, port, redis_port):
        return f"redis:{redis_port}"


class Floor(Server):
    name, label = "floor", "floor"

    def start(self, stack, port, redis_port, folder):
        process = start(stack, [BUILD / "bench_floor", port, redis_port], self.options.server_core,
                        folder / "server.log")
        wait_for("floor", lambda: accepts(port), process)
        return {"server": [process.pid]}


class Bridge(Server):
    name, label = "bridge", "redis-bridge"

    def check(self):
        if not os.access(self.binary(), os.X_OK):
            raise Unavailable(f"{self.binary()} is not built")

    def binary(self):
        return self.options.bridge

    def command(self, folder):
        return [self.binary()]

    def version(self):
        return first_line([str(self.binary()), "--version"])

    def start(self, stack, port, redis_port, folder):
        env = {key: value for key, value in os.environ.items() if not key.startswith("BRIDGE_")}
        env.update(PORT=str(port), REDIS_URL=f"redis://127.0.0.1:{redis_port}", BRIDGE_WORKERS="1",
                   BRIDGE_HOST="127.0.0.1", BRIDGE_SUBSCRIBE="bench:*", BRIDGE_PUBLISH="bench:*",
                   BRIDGE_CHANNELS="bench:*", BRIDGE_DRAIN="1s")
        env.update(setting.split("=", 1) for setting in self.options.bridge_env)
        process = start(stack, self.command(folder), self.options.server_core, folder / "server.log", env)
        wait_for("redis-bridge", lambda: is_ready(f"http://127.0.0.1:{port}/readyz"), process, 15)
        return self.groups(process.pid, port)

    def groups(self, pid, port):
        """Tell workers and recorder apart by their process titles, or else by which of them listen on the port."""
        groups = {"server": [], "recorder": [], "supervisor": [pid]}
        for child in children(pid):
            named = re.search(r"recorder|worker", title(child))
            role = named.group() if named else "worker" if listens(child, port) else "recorder"
            groups["server" if role == "worker" else role].append(child)
        if not groups["server"]:  # a single process does everything
            groups = {"server": [pid]}
        if groups.get("recorder") and self.options.recorder_core is not None:
            for child in groups["recorder"]:
                os.sched_setaffinity(child, {self.options.recorder_core})
        return {name: pids for name, pids in groups.items() if pids}


class BridgeRaw(Bridge):
    """Frames are bare payloads, like the floor's and nchan's; by default they are JSON objects with channel and id."""

    name, label = "bridge-raw", "redis-bridge, format=raw"
    paths = {"ws": "/ws?channel={c}&format=raw"}


class BridgeInCallgrind(Bridge):
    """Its processes run in valgrind; nothing is counted outside of a tracing.callgrind context."""

    name, label = "bridge-callgrind", "redis-bridge in callgrind"

    def command(self, folder):
        return callgrind_command(folder) + [self.binary()]


class BridgeFcall(Bridge):
    """Published with `FCALL bridge_publish`: Redis itself records it, which saves a hop and the recorder's work."""

    name, label = "bridge-fcall", "redis-bridge, FCALL"

    def publish(self, port, redis_port):
        return f"fcall:{redis_port}"


class BridgePost(Bridge):
    """Published with `POST /publish`. Messages for nchan are published by POST, too."""

    name, label = "bridge-post", "redis-bridge, POST"

    def publish(self, port, redis_port):
        return f"http:{port}/publish?channel={{c}}"


class Nchan(Server):
    """nginx with nchan. Messages are published by POST, since with either store it does not receive a plain PUBLISH."""

    redis = False
    windows = ONE_BY_ONE
    paths = {"sse": "/sse/{c}", "ws": "/ws/{c}"}

    def check(self):
        if not shutil.which("nginx"):
            raise Unavailable("nginx is not installed (Debian: apt-get install nginx libnginx-mod-nchan)")
        if not self.module().exists():
            raise Unavailable("nginx has no nchan module (Debian: apt-get install libnginx-mod-nchan)")

    def module(self):
        built = subprocess.run(["nginx", "-V"], stderr=subprocess.PIPE, text=True).stderr
        folder = re.search(r"--modules-path=(\S+)", built)
        return pathlib.Path(folder.group(1) if folder else "modules") / "ngx_nchan_module.so"

    def version(self):
        package = first_line(["dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-nchan"])
        return f"{first_line(['nginx', '-v'])}, nchan {package}"

    def configuration(self, port, redis_port, folder):
        upstream = f"upstream store {{ nchan_redis_server redis://127.0.0.1:{redis_port}; }}" if self.redis else ""
        store = "nchan_redis_pass store;" if self.redis else ""
        common = f"nchan_channel_id $1; {store}"
        temporary = "\n".join(f"    {kind}_temp_path {folder}/{kind};" for kind in
                              ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""
load_module {self.module()};
daemon off; worker_processes 1;
user root; pid {folder}/nginx.pid; error_log {folder}/server.log error;
events {{ worker_connections {files_limit() - 1000}; multi_accept on; }}
http {{
    access_log off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 600s;
{temporary}
    nchan_shared_memory_size 512M; nchan_message_buffer_length 1000; nchan_message_timeout 1h;
    {upstream}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location ~ ^/pub/(.+)$ {{ nchan_publisher; {common} }}
        location ~ ^/sse/(.+)$ {{ nchan_subscriber eventsource; nchan_subscriber_first_message newest; {common} }}
        location ~ ^/ws/(.+)$ {{ nchan_subscriber websocket; nchan_subscriber_first_message newest; {common} }}
    }}
}}
"""

    def start(self, stack, port, redis_port, folder):
        (folder / "nginx.conf").write_text(self.configuration(port, redis_port, folder))
        process = start(stack, ["nginx", "-p", folder, "-e", folder / "server.log", "-c", folder / "nginx.conf"],
                        self.options.server_core, folder / "server.log")
        # the master process listens before it forks its worker
        wait_for("nginx", lambda: self.serves(port) and children(process.pid), process)
        return {"server": children(process.pid), "master": [process.pid]}

    def publish(self, port, redis_port):
        return f"http:{port}/pub/{{c}}"


class NchanMemory(Nchan):
    name, label = "nchan-memory", "nchan, memory store"
    needs_redis = False

    def serves(self, port):
        return accepts(port)


class NchanRedis(Nchan):
    name, label = "nchan-redis", "nchan, Redis store"
    redis = True

    def serves(self, port):
        """nchan answers 503 until it is connected to Redis; after that, 404 for a channel that does not exist."""
        return status(f"http://127.0.0.1:{port}/pub/none") == 404


class Webdis(Server):
    """A subscriber sends a Redis command: an HTTP request whose chunked response does not end (counted as SSE), or
    JSON over WebSocket. webdis opens a connection to Redis for each subscriber."""

    name, label = "webdis", "webdis"
    files_per_subscriber = 2
    windows = ONE_BY_ONE
    paths = {"sse": "/SUBSCRIBE/{c}", "ws": "/.json"}
    dialects = {"ws": "webdis"}

    def check(self):
        if not shutil.which("webdis"):
            raise Unavailable("webdis is not installed (Debian: apt-get install webdis)")

    def version(self):
        return "webdis " + first_line(["dpkg-query", "-W", "-f", "${Version}", "webdis"])

    def start(self, stack, port, redis_port, folder):
        settings = {"redis_host": "127.0.0.1", "redis_port": redis_port, "http_host": "127.0.0.1", "http_port": port,
                    "threads": 1, "pool_size": 1, "daemonize": False, "websockets": True, "verbosity": 0,
                    "logfile": str(folder / "server.log")}
        (folder / "webdis.json").write_text(json.dumps(settings))
        process = start(stack, ["webdis", folder / "webdis.json"], self.options.server_core, folder / "server.log")
        wait_for("webdis", lambda: accepts(port), process)
        return {"server": [process.pid]}


class Node(Server):
    """servers/node.mjs: a hand-written bridge with `ws` and `ioredis`. Node.js sends consecutive writes to an HTTP
    response together; `ws` sends each message by itself."""

    name, label = "node", "Node.js by hand"
    script = "node.mjs"
    windows = {"sse": 512, "ws": 16}
    packages = ("ws", "ioredis")

    def check(self):
        major = re.match(r"v(\d+)", first_line(["node", "--version"]))
        if not major or int(major.group(1)) < 20:
            raise Unavailable("Node.js 20 or newer is not installed")
        for package in self.packages:
            if not (NODE_SERVERS / "node_modules" / package).exists():
                raise Unavailable(f"{package} is not installed (npm ci --prefix tests/bench/servers)")

    def version(self):
        found = [f"Node.js {first_line(['node', '--version'])}"]
        for package in self.packages:
            about = json.loads((NODE_SERVERS / "node_modules" / package / "package.json").read_text())
            found.append(f"{package} {about['version']}")
        return ", ".join(found)

    def start(self, stack, port, redis_port, folder):
        process = start(stack, ["node", NODE_SERVERS / self.script, port, redis_port], self.options.server_core,
                        folder / "server.log", os.environ | {"NODE_ENV": "production"})
        wait_for(self.script, lambda: accepts(port), process)
        return {"server": [process.pid]}


class SocketIo(Node):
    """servers/socketio.mjs. Published with the XADD that an emit on another Socket.IO server would make."""

    name, label = "socketio", "Socket.IO, Redis Streams"
    script = "socketio.mjs"
    packages = ("socket.io", "@socket.io/redis-streams-adapter", "redis")
    paths = {"ws": "/socket.io/?EIO=4&transport=websocket&channel={c}"}
    dialects = {"ws": "socketio"}

    def publish(self, port, redis_port):
        return f"socketio:{redis_port}"


SERVERS = [Floor, Bridge, BridgeRaw, BridgeFcall, BridgePost, NchanMemory, NchanRedis, Webdis, Node, SocketIo]
DEFAULT = [Floor, Bridge, BridgeRaw, NchanMemory, NchanRedis, Webdis, Node, SocketIo]


def names(kinds):
    return ",".join(kind.name for kind in kinds)


def install_packages(options):
    """Install the packages of the Node.js servers, as locked; if that fails, their check() reports it."""
    chosen = any(issubclass(kind, Node) for kind in SERVERS if kind.name in options.servers.split(","))
    lock, installed = NODE_SERVERS / "package-lock.json", NODE_SERVERS / "node_modules" / ".package-lock.json"
    if not chosen or not shutil.which("npm"):
        return
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=NODE_SERVERS, stdout=sys.stderr, timeout=300)


def choose(options):
    """Return the servers that can be measured, and why the others cannot."""
    chosen, skipped = [], {}
    for kind in SERVERS:
        if kind.name not in options.servers.split(","):
            continue
        server = kind(options)
        try:
            server.check()
            chosen.append(server)
        except Unavailable as why:
            skipped[server.label] = str(why)
            print(f"run: without {server.label}: {why}", file=sys.stderr)
    return chosen, skipped
