/* Every cap in one place: what a stranger may make us hold, and why just so much. Bytes, counts,
 * milliseconds. */
#ifndef LIMITS_H
#define LIMITS_H

enum {
	LIMIT_HEAD_BYTES = 32 * 1024, /* request line + headers; agents send 1-4 KiB */
	LIMIT_HEADERS = 100, /* as many as nginx-fronted sites meet in the wild, and some */
	LIMIT_TARGET_BYTES = 8 * 1024,       /* request target; ours are short */
	LIMIT_CHUNK_LINE_BYTES = 256,        /* chunk size line with extensions, which we ignore */
	LIMIT_BODY_BYTES = 32 * 1024 * 1024, /* OpenAI and Anthropic take 32 MB */
	LIMIT_REQUESTS = 16384,              /* under way at once per loop; option */
	LIMIT_QUEUE = 1024,                  /* that wait for a place, per loop; option */
	LIMIT_BODY_MEMORY_BYTES = 512 * 1024 * 1024, /* all request bodies together; option */
	LIMIT_ANSWER_BYTES = 32 * 1024 * 1024,       /* a gathered, non-streaming answer */
	LIMIT_EVENT_BYTES = 16 * 1024 * 1024, /* one SSE event: response.completed repeats it all */
	LIMIT_ERROR_BODY_BYTES = 64 * 1024,   /* a provider's error answer */
	LIMIT_JSON_DEPTH = 128,               /* as deep as tool schemas get, four times over */
	LIMIT_JSON_NODES = 1 << 20,           /* values in one body */
	LIMIT_STREAM_UNSENT_BYTES = 64 * 1024, /* a slow reader holds this much, then we pause */
	LIMIT_CONNECTIONS = 16384,             /* client connections per loop; option */
	LIMIT_H2_STREAMS = 100,         /* at once on a connection; RFC 9113 6.5.2: not less */
	LIMIT_H2_PATIENCE = 4096,       /* of a connection: see front/h2.c; 128 streams reset */
	LIMIT_H2_PATIENCE_S = 64,       /* that it gets back each second */
	LIMIT_H2_CONTINUATIONS = 8,     /* frames of one head; two hold the longest */
	LIMIT_H2_ACKS = 64,             /* that a client makes us keep by not reading */
	LIMIT_POOL_IDLE = 256,          /* idle provider connections per origin and loop */
	LIMIT_POOL_IDLE_MS = 50 * 1000, /* less than the usual 60 s of providers' front ends */
	LIMIT_HANDSHAKE_MS = 10 * 1000, /* from connecting to the end of TLS's handshake */
	LIMIT_PROXY_BYTES = 2048,       /* behind a PROXY header's first 16: addresses, and TLVs */
	LIMIT_HEAD_MS = 10 * 1000,      /* first byte of a head to its end (slow loris) */
	LIMIT_BODY_IDLE_MS = 30 * 1000, /* between two pieces of a request body */
	LIMIT_BODY_BYTES_S = 500,       /* and on average, after that (Apache's mod_reqtimeout) */
	LIMIT_WRITE_IDLE_MS = 120 * 1000,     /* a client that takes nothing */
	LIMIT_WRITE_STEP_BYTES = 1024,        /* or less than this */
	LIMIT_KEEPALIVE_MS = 75 * 1000,       /* idle client connection */
	LIMIT_RESOLVE_TTL_MS = 30 * 1000,     /* getaddrinfo tells no TTL */
	LIMIT_HAPPY_EYEBALLS_MS = 250,        /* RFC 8305 connection attempt delay */
	LIMIT_CONFIG_BYTES = 4 * 1024 * 1024, /* a configuration file: thousands of models */
	LIMIT_CONFIG_NODES = 200 * 1000,      /* values in it */
	LIMIT_CONFIG_DEPTH = 16,              /* it needs six */
	LIMIT_SCORER_BYTES = 512 * 1024,      /* a scorer file */
	LIMIT_ALIAS_BYTES = 256,              /* a model name in a request */
	LIMIT_CANDIDATES = 16,                /* targets that one request may consider */
	LIMIT_METRIC_TARGETS = 1000,          /* that /metrics tells of one by one */
	LIMIT_TAGS_BYTES = 63,                /* X-Flux-Tags, as many as the journal keeps */
	LIMIT_CEILING_WAIT_MS = 10 * 1000,    /* for money that others hold */
	LIMIT_CREDENTIAL_WAIT_MS = 5 * 1000,  /* for a provider's first token; then the next one */
	LIMIT_PROVIDER_CALLS = 10,            /* of a provider's own tool, where no limit is set */
	LIMIT_PROVIDER_CALLS_MAX = 1000, /* the most that a request under a ceiling may allow */
	LIMIT_PROVIDER_ROUNDS = 10,      /* Anthropic's own, for tools that no request can limit */
	LIMIT_PROVIDER_TOOLS = 3,    /* of a request under a ceiling that limits each of its own */
	LIMIT_FOUND_TOKENS = 8192,   /* that one call of a provider's tool is taken to find */
	LIMIT_WARNINGS_BYTES = 1024, /* X-Flux-Warnings */
	LIMIT_BAD_KEYS_PER_MINUTE = 120, /* look-ups for unknown keys from one address */
};

#endif
