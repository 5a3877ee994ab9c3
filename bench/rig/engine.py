"""The engines that are compared: how each is configured, started and asked.

Each is configured as its own users would for this job, as fast as it goes without giving up what
the job needs: connections kept alive on both sides, no limit on requests per connection, one
thread, room for the largest request without a temporary file.

nginx        the official reference, 1.00. Debian's defaults for a proxy: answers buffered, in its
             default buffers. Streams are not (the stub says X-Accel-Buffering: no). It logs
             nothing, though its default would. worker_connections is above the limit of
             descriptors, since with a sixteenth of them left nginx closes waiting clients.
nginx-log    the same with its default access log, for those who find that comparison fairer:
             FluxRouter has everything on (keys, routing, metering, a log line, the journal).
nginx-big    the same with buffers of 64 KiB: what somebody gets who tunes nginx for long answers,
             at 64 KiB and more of memory per stream.
haproxy      http-no-delay, http-reuse always, abortonclose (else it keeps a stream whose client has
             gone until the next event), no log. Its pool keeps idle connections also where
             streams take most descriptors; by default it then dials for every request.

Not used as the reference: nginx with `proxy_buffering off` for all answers, as many guides for
model servers have it. It reads 4 KiB at a time, and a 32 KiB answer costs it more than twice as
much: beating that proves nothing.
"""

import os
import shutil
import subprocess
import time

from . import process, request

STREAMS_MAX = 9800  # what 20,000 descriptors allow: two per stream, and some requests beside them

NGINX = """
user root;
worker_processes 1;
worker_rlimit_nofile {files};
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log error;
events {{ worker_connections 32768; }}
http {{
    access_log {access_log};
    keepalive_timeout 3600s;
    keepalive_requests 100000000;
    client_body_buffer_size 1m;
    client_max_body_size 64m;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    upstream stub {{
        server 127.0.0.1:{stub};
        keepalive 1024;
        keepalive_requests 100000000;
        keepalive_timeout 3600s;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://stub;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_max_temp_file_size 0;
            proxy_read_timeout 3600s;
            {buffers}
        }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
    maxconn {streams}
    tune.pool-low-fd-ratio 90
    tune.pool-high-fd-ratio 95
defaults
    mode http
    option http-no-delay
    option abortonclose
    http-reuse always
    timeout connect 5s
    timeout client 3600s
    timeout server 3600s
    timeout http-keep-alive 3600s
    timeout http-request 60s
frontend in
    bind 127.0.0.1:{port} backlog 4096
    default_backend out
backend out
    server stub 127.0.0.1:{stub}
"""

FLUXROUTER = """
listen: ["127.0.0.1:{port}"]
metrics_listen: "127.0.0.1:{metrics}"
{store}
providers:
  - {{name: stub, dialect: chat, base_url: "http://127.0.0.1:{stub}/v1", api_key: "bench"}}
models:
{models}
tiers:
  fast: [bench-express]
  standard: [bench-daily]
  reasoning: [bench-deep]
"""

FLUX_MODEL = """  - name: bench-{lane}
    lane: {lane}
    price: {{input: 1.25, output: 10.00, cache_read: 0.125}}
    context: 1000000
    max_output: 128000
    can: [tools, images, json_schema]
    targets: [{{provider: stub, model: bench-{lane}-2026}}]"""


class Engine:
    """One engine on one port. A subclass says how it is configured and what its command is."""

    name = None
    key = "bench"
    share = 1.0  # of a case's requests
    warmup = 0   # requests before each measured run, at least
    cases = ()   # that it takes part in; () is all
    specials = ("start", "memory")

    def __init__(self, scratch, port, stub_port, core):
        self.dir = os.path.join(scratch, self.name)
        self.port, self.stub_port, self.core = port, stub_port, core
        self.process = None
        os.makedirs(self.dir, exist_ok=True)
        self.prepare()

    def write_plain(self, filename, text):
        path = os.path.join(self.dir, filename)
        with open(path, "w") as out:
            out.write(text)
        return path

    def write(self, filename, text, **more):
        return self.write_plain(filename, text.format(
            dir=self.dir, port=self.port, stub=self.stub_port, streams=STREAMS_MAX + 100,
            files=2 * STREAMS_MAX + 300, metrics=self.port + 200, **more))

    def start(self):
        """Starts it and waits for its first answer; gives the seconds from exec to that."""
        began = time.monotonic()
        self.process = process.spawn(self.command(), self.core, os.path.join(self.dir, "log"),
                                     env=self.environment(), cwd=self.dir)
        self._await_answer(began + 30)
        return time.monotonic() - began

    def _await_answer(self, deadline):
        raw = self.request("json:1024")
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                status, _, content = request.fetch(self.port, raw)
            except (OSError, ValueError):
                time.sleep(0.001)
                continue
            if status == 200:
                return
            raise SystemExit(f"bench: {self.name} answers {status}: {content[:500]!r}")
        with open(os.path.join(self.dir, "log"), errors="replace") as log:
            raise SystemExit(f"bench: {self.name} does not come up:\n{log.read()[-2000:]}")

    def stop(self):
        process.end(self.process)
        self.process = None

    def pids(self):
        return process.family(self.process.pid)

    def request(self, command, model="flux-fast", total_bytes=1024):
        return request.request(command, model, self.key, total_bytes)

    def environment(self):
        return None

    def sizes(self):
        """Other figures of memory, in bytes."""
        return {}

    program = None  # what must be on the PATH

    @classmethod
    def is_there(cls):
        return shutil.which(cls.program) is not None

    @classmethod
    def version(cls):
        done = subprocess.run([cls.program, "-v"], capture_output=True, text=True)
        return (done.stdout + done.stderr).split("\n")[0].strip()


class Nginx(Engine):
    name = program = "nginx"
    access_log = "off"
    buffers = ""

    def prepare(self):
        self.config = self.write("nginx.conf", NGINX, access_log=self.access_log,
                                 buffers=self.buffers)

    def command(self):
        return ["nginx", "-p", self.dir, "-c", self.config, "-e", f"{self.dir}/error.log"]


class NginxLog(Nginx):
    name = "nginx-log"
    specials = ()
    access_log = "access.log"


class NginxBig(Nginx):
    name = "nginx-big"
    specials = ()
    buffers = ("proxy_buffer_size 64k; proxy_buffers 16 64k; "
               "proxy_busy_buffers_size 128k;")


class Haproxy(Engine):
    name = program = "haproxy"

    def prepare(self):
        self.config = self.write("haproxy.cfg", HAPROXY)

    def command(self):
        return ["haproxy", "-db", "-f", self.config]


class Fluxrouter(Engine):
    name = "fluxrouter"
    binary = os.path.abspath("build/fluxrouter")

    def prepare(self):
        models = "\n".join(FLUX_MODEL.format(lane=lane) for lane in ("express", "daily", "deep"))
        # BENCH_STORE: a PostgreSQL, to measure leases and journal with that store
        url = os.environ.get("BENCH_STORE", "")
        self.config = self.write("fluxrouter.yaml", FLUXROUTER, models=models,
                                 store=f'store: "{url}"' if url else "")
        self.data = os.path.join(self.dir, "flux-data")
        self.key = self.verb("key", "create").strip()
        # A ceiling that is never met: every request holds and settles against it.
        self.verb("account", "set", "default", "--set", "month_usd=1000000")

    def verb(self, *words):
        store = os.environ.get("BENCH_STORE")
        env = dict(os.environ, FLUXROUTER_STORE=store) if store else None
        done = subprocess.run([self.binary, *words, "--data", self.data],
                              capture_output=True, text=True, cwd=self.dir, env=env)
        if done.returncode:
            raise SystemExit(f"bench: fluxrouter {' '.join(words)}: {done.stderr}")
        return done.stdout

    def sizes(self):
        stripped = os.path.join(self.dir, "stripped")
        subprocess.run(["strip", "-o", stripped, self.binary], check=True)
        return {"binary_stripped": os.path.getsize(stripped)}

    def command(self):
        return [self.binary, "serve", "-c", self.config, "--data", self.data, "--threads", "1"]

    @classmethod
    def is_there(cls):
        return os.access(cls.binary, os.X_OK)

    @classmethod
    def version(cls):
        done = subprocess.run([cls.binary, "--version"], capture_output=True, text=True)
        return done.stdout.strip()


ENGINES = {e.name: e for e in (Nginx, Haproxy, Fluxrouter, NginxLog, NginxBig)}
