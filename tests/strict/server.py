"""The servers that are compared: nginx, HAProxy and FluxRouter, each before a port that is given.

nginx and HAProxy log one line per request, `target|status|where it went`: the check of message
boundaries reads from it what they sent on. nginx-stream does not gather a request's body first
(proxy_request_buffering off), so that chunks reach what is behind it.
"""

import os
import re
import shutil
import socket
import subprocess
import time

NGINX = """
user root;
worker_processes 1;
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log error;
events {{ worker_connections 512; }}
http {{
    log_format seen '$request_uri|$status|$upstream_status';
    access_log {dir}/seen.log seen;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    upstream behind {{ server 127.0.0.1:{behind}; keepalive 1; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://behind;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_next_upstream off;
            {more}
        }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
    log stdout format raw local0
defaults
    mode http
    log global
    log-format %HU|%ST|%s
    retries 0
    http-reuse always
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend in
    bind 127.0.0.1:{port}
    default_backend out
backend out
    server behind 127.0.0.1:{behind}
"""

FLUXROUTER = """
listen: ["127.0.0.1:{port}"]
metrics_listen: "off"
providers:
  - {{name: behind, dialect: chat, base_url: "http://127.0.0.1:{behind}/v1", api_key: "strict"}}
models:
  - name: strict
    lane: express
    price: {{input: 1, output: 2}}
    context: 100000
    max_output: 1000
    can: [tools]
    targets: [{{provider: behind, model: strict}}]
tiers:
  fast: [strict]
  standard: [strict]
  reasoning: [strict]
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Server:
    """A running one. `key` is what its callers must present."""

    key = "strict"
    text = None
    more = ""

    def __init__(self, scratch, behind):
        self.dir = os.path.join(scratch, f"{self.name}-{behind}")
        os.makedirs(self.dir)
        self.port, self.behind = free_port(), behind
        self.config = os.path.join(self.dir, "config")
        with open(self.config, "w") as out:
            out.write(self.text.format(dir=self.dir, port=self.port, behind=behind,
                                       more=self.more))
        self.prepare()
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, cwd=self.dir)
        self._await_port()

    def prepare(self):
        pass

    def _await_port(self):
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.01)
        raise SystemExit(f"strict: {self.name} does not come up, see {self.dir}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    @classmethod
    def is_there(cls):
        return shutil.which(cls.program) is not None

    def sent_on(self):
        """Ids in the targets of all requests that it sent to what is behind it, in order."""
        found = []
        with open(os.path.join(self.dir, self.seen_log), errors="replace") as lines:
            for line in lines:
                target, _, where = line.rstrip("\n").rpartition("|")
                ident = re.search(r"id=([a-z]+-\d+)", target)
                if "|" in target and where not in ("-", "", "<NOSRV>"):
                    found.append(ident.group(1) if ident else "?")
        return found


class Nginx(Server):
    name, program, text, seen_log = "nginx", "nginx", NGINX, "seen.log"

    def command(self):
        return ["nginx", "-p", self.dir, "-c", self.config, "-e", f"{self.dir}/error.log"]


class NginxStream(Nginx):
    name, more = "nginx-stream", "proxy_request_buffering off;"


class Haproxy(Server):
    name, program, text, seen_log = "haproxy", "haproxy", HAPROXY, "log"

    def command(self):
        return ["haproxy", "-db", "-f", self.config]


class Fluxrouter(Server):
    name, text = "fluxrouter", FLUXROUTER
    program = os.path.abspath("build/fluxrouter")

    def prepare(self):
        self.data = os.path.join(self.dir, "flux-data")
        made = subprocess.run([self.program, "key", "create", "--data", self.data],
                              capture_output=True, text=True)
        if made.returncode:
            raise SystemExit(f"strict: key create: {made.stderr}")
        self.key = made.stdout.strip()

    def command(self):
        return [self.program, "serve", "-c", self.config, "--data", self.data, "--threads", "1"]
