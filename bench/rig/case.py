"""The cases: what is asked of every engine, how often, and the bar for FluxRouter.

A bar is a ratio to nginx; `figure` names what it is about. `engines` restricts a case whose
request differs only in what FluxRouter alone understands.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    name: str
    what: str
    command: str            # to the stub, see bench/canned.h
    connections: int
    requests: int = 0       # per round; 0: paced streams
    bar: float = None
    figure: str = "cpu"     # the figure with the bar
    request_bytes: int = 1024
    model: str = "flux-fast"
    engines: tuple = ()     # () is all

    @property
    def is_paced(self):
        return self.command.startswith("pace:")


FOR_ALIASES = ("nginx", "fluxrouter")

CASES = [
    Case("json-1k", "answer 1 KiB, request 1 KiB, tier alias", "json:1024", 64, 30000, 0.80),
    Case("json-1k-auto", "the same, flux-auto", "json:1024", 64, 30000, 0.90,
         model="flux-auto", engines=FOR_ALIASES),
    Case("json-1k-pinned", "the same, flux-pinned-NAME", "json:1024", 64, 30000,
         model="flux-pinned-bench-express", engines=FOR_ALIASES),
    Case("json-32k", "answer 32 KiB, request 1 KiB", "json:32768", 64, 15000, 1.00),
    Case("json-512k", "answer 512 KiB, request 1 KiB", "json:524288", 32, 1500, 0.95),
    Case("ask-32k", "request 32 KiB, answer 1 KiB", "json:1024", 64, 15000,
         request_bytes=32 << 10),
    Case("ask-512k", "request 512 KiB, answer 1 KiB", "json:1024", 32, 1500,
         request_bytes=512 << 10),
    Case("sse", "stream of 67 events at once", "sse:64", 64, 8000, 0.55),
    Case("paced", "2,000 streams, an event each 100 ms; per event", "pace:1000000:100", 2000,
         bar=0.80),
    Case("one", "one connection, answer 1 KiB: time added to the direct way", "json:1024", 1,
         3000, 1.00, figure="added_p50"),
]
