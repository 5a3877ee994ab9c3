"""What the rules compare with: one table for each question that needs judgement.

A new arrow, a module without a test of its own, a parser: whoever adds one adds a row here, and
the row is what gets reviewed. docs/design.md explains the arrows."""

LIMITS = {"file": 600, "function": 60, "nesting": 3, "parameters": 5, "line": 100,
          "python line": 120}

# Layer -> what its files may include beside itself and base/: a layer, or one header. A file right
# under src/ is a layer of its own.
COMMON = ["limits", "fail", "metric", "llm"]
LAYERS = ["front", "gate", "wire", "route", "provider", "upstream", "ledger", "store", "config", "trace",
          "token", "daemon/snapshot.h", "version.h"]
ARROWS = {
    "base": [],
    "limits": [],
    "version": [],
    "fail": [],
    "metric": [],
    "llm": ["limits"],
    "front": ["limits", "fail", "metric"],
    "upstream": ["limits", "fail", "metric", "front/http1.h"],
    "wire": COMMON,
    "store": COMMON,
    "token": COMMON,
    "gate": COMMON + ["config", "store"],
    "config": COMMON + ["ledger/price.h"],
    "route": COMMON + ["config", "ledger/price.h", "token/picture.h"],  # the dry run's estimate
    "trace": COMMON + ["route", "config"],
    "provider": COMMON + ["config", "wire", "route/catalog.h", "upstream/exchange.h",
                          "front/http1.h", "version.h"],  # User-Agent
    "ledger": COMMON + ["store"],
    "path": COMMON + LAYERS,
    # its own listener is a front like any other; errors there have the shape of everywhere else
    "admin": COMMON + ["gate", "route", "ledger", "config", "store", "front/listen.h",
                       "front/stream.h", "wire/wire.h", "version.h",
                       "upstream/exchange.h"],  # webhooks
    "demo": COMMON + ["front", "wire"],
    "daemon": COMMON + LAYERS + ["path", "admin"],
    "cli": COMMON + ["config", "route", "trace", "store", "ledger", "gate/key.h", "gate/terms.h",
                     "wire/wire.h", "wire/fates.h", "demo", "daemon", "admin"],
    "main": ["cli", "version.h"],
}

# Calls that a preprocessor cannot tell from something harmless: pattern, where it is allowed, what
# to use instead.
BANNED = [
    (r"(malloc|calloc|realloc|free|strdup|strndup)\s*\(", ["src/base/"], "use mem_get and mem_put"),
    (r"(rand|srand|random|drand48)\s*\(", [], "use random_bytes"),
    (r"(system|popen|execvp?|execlp?)\s*\(", [], "start no programs"),
    (r"(usleep|sleep|nanosleep)\s*\(", ["src/ledger/carrier.c", "src/ledger/verify.c"],
     "use a timer of the loop"),  # a thread of its own, and a verb
    (r"(getaddrinfo|gethostbyname)\s*\(", ["src/upstream/resolve.c"], "use resolve"),
    (r"(printf|puts|putchar|perror)\s*\(", ["src/cli/", "src/main.c"], "use log_say"),
    (r"assert\s*\(", [], "use must"),
    (r"typedef\s+(struct|union)\b", [], "say struct"),
]

# Functions whose parameters somebody else has laid down.
WIDE = ["uv_getaddrinfo", "on_alpn",
        "on_header", "on_invalid_header", "on_data", "read_data", "on_send_data"]  # of nghttp2

# Money is integer.
NO_FLOATS = ["src/ledger/", "src/gate/", "src/store/", "src/base/decimal.c"]

# HTTP statuses of failures stand in fail.def, their words in front/answer.c.
STATUS_HOMES = ["src/front/", "src/fail.c"]

# Modules without a tests/unit/test_NOUN.c -> the test that goes through all of them.
TESTED_BY = {
    path: test
    for test, paths in {
        "tests/unit/test_json_read.c": "src/base/json_ask.c src/base/json_keys.c"
                                       " src/base/json_scan.c",
        "tests/unit/test_json_run.c": "src/base/json_prose.c",
        "tests/unit/test_tls.c": "src/base/tls_client.c",
        "tests/unit/test_proxy_header.c": "src/front/forwarded.c",
        "tests/run_front.py": "src/front/h2.c src/front/h2_frame.c src/front/h2_head.c src/front/h2_stream.c",
        "tests/unit/test_config.c": "src/config/alias.c src/config/embed.c src/config/listen.c src/config/make.c"
                                    " src/config/mistake.c src/config/tree.c"
                                    " src/config/value.c",
        "tests/run_cases.py": "src/path/calling.c",
        "tests/unit/test_canon.c": "src/route/gather.c",
        "tests/unit/test_score.c": "src/route/gather.c src/route/reading.c src/route/toll.c",
        "tests/unit/test_routing.c": "src/route/structure.c",
        "tests/unit/test_feature.c": "src/route/lexicon.c",
        "tests/unit/test_demo.c": "src/demo/simulator.c src/demo/speech.c src/demo/speech_chat.c"
                                  " src/demo/speech_messages.c src/demo/speech_responses.c",
        "tests/unit/test_front.c": "src/front/body.c src/front/conn.c src/front/conn_read.c"
                                   " src/front/conn_open.c src/front/conn_tls.c src/front/conn_write.c"
                                   " src/front/listen.c src/front/stream.c",
        "tests/unit/test_http1.c": "src/front/http1_body.c src/front/http1_bytes.c",
        "tests/unit/test_carrier.c": "src/ledger/carry.c src/ledger/verify.c",
        "tests/unit/test_journal.c": "src/ledger/record.c src/ledger/replay.c"
                                     " src/ledger/segment.c",
        "tests/unit/test_store.c": "src/store/datadir.c src/store/entry.c src/store/sqlite.c"
                                   " src/store/sql.c src/store/entry_put.c src/store/sum.c",
        "tests/unit/test_lease.c": "src/store/spent.c",
        "tests/unit/test_postgres.c": "src/store/libpq.c src/store/postgres_link.c",
        "tests/unit/test_dial.c": "src/upstream/resolve.c",
        "tests/unit/test_provider.c": "src/provider/origin.c src/provider/proxy.c"
                                      " src/provider/path.c src/provider/body.c",
        "tests/unit/test_auth.c": "src/provider/auth_aws.c src/provider/auth_entra.c"
                                  " src/provider/auth_google.c src/provider/auth_style.c"
                                  " src/provider/jwt.c",
        "tests/unit/test_policy.c": "src/route/conversation.c src/route/estimate.c"
                                    " src/route/explain.c src/route/judge.c",
        "tests/unit/test_catalog.c": "src/route/near.c",
        "tests/unit/test_chat_talk.c": "src/wire/chat_ask.c src/wire/chat_hear.c"
                                       " src/wire/chat_options.c src/wire/chat_read.c"
                                       " src/wire/chat_row.c src/wire/chat_say.c"
                                       " src/wire/flow.c src/wire/job.c"
                                       " src/wire/reading.c src/wire/talk.c src/wire/translate.c",
        "tests/unit/test_fates.c": "src/cli/dialects.c",
        "tests/unit/test_rename.c": "src/wire/put.c src/wire/seal.c src/wire/whole.c",
        "tests/unit/test_look.c": "src/cli/check.c src/cli/models.c src/cli/page.c"
                                  " src/cli/route.c src/cli/settings.c",
        "tests/unit/test_desk.c": "src/admin/desk_field.c src/admin/desk_key.c"
                                  " src/admin/desk_owner.c src/admin/desk_report.c"
                                  " src/admin/invoice.c src/store/purge.c",
        "tests/unit/test_recount.c": "src/ledger/price_text.c src/ledger/tariff.c"
                                     " src/store/rates.c",
        "tests/unit/test_alert.c": "src/admin/hook.c src/admin/watch.c",
        "tests/run_verbs.py": "src/cli/connect.c src/cli/verb.c src/cli/errand.c src/cli/file.c src/cli/key_list.c",
        "tests/run_admin.py": "src/admin/api.c src/admin/clerk.c src/admin/office.c"
                              " src/config/admin.c",
        "tests/run_scenes.py": "src/cli/backup.c src/cli/books.c src/cli/place.c src/cli/ledger.c src/cli/replay.c"
                              " src/cli/tally.c"
                               " src/cli/serve.c"
                               " src/cli/found.c src/daemon/daemon.c src/main.c src/path/worker.c"
                               " src/admin/admin.c src/daemon/snapshot.c",
        "tests/chaos/run_overload.py": "src/path/away.c src/path/turnstile.c",
        "tests/chaos/run_upgrade.py": "src/base/notify.c src/cli/pid_file.c src/front/inherit.c"
                                      " src/daemon/handover.c src/daemon/heir.c",
        "tests/unit/test_trace.c": "src/trace/series.c src/trace/writer.c src/path/decided.c",
        "tests/caselib/routing.py": "src/path/feedback.c src/cli/tune.c",
        "tests/unit/test_limit.c": "src/gate/bucket.c src/gate/judging.c src/gate/lend.c"
                                   " src/gate/payer.c src/gate/wait.c",
        "tests/cases/ceiling.case": "src/path/payment.c src/gate/account.c"
                                    " src/gate/limit_say.c",
        "tests/cases/bound.case": "src/path/bound.c src/token/picture.c",
        "tests/cases/routing.case": "src/path/wish.c",
        "tests/cases/models.case": "src/path/models.c",
        "tests/cases/alias.case": "src/path/dry_run.c",
        "tests/cases/upstream.case": "src/path/attempt.c src/path/refusal.c",
        "tests/cases/failover.case": "src/path/candidate.c",
        "tests/cases/heartbeat.case": "src/path/heartbeat.c",
        "tests/cases/errors.case": "src/fail.c src/llm.c src/wire/error.c src/wire/field.c"
                                    " src/path/endpoint.c src/path/ready.c src/path/reply.c src/gate/bad_keys.c",
        "tests/cases/chat.case": "src/wire/chat.c src/wire/edit.c"
                                  " src/path/relay.c src/path/handing.c src/path/request.c src/path/told.c",
        "tests/cases/cloud.case": "src/path/frames.c",
        "tests/cases/messages.case": "src/wire/messages.c",
        "tests/cases/translate.case": "src/path/translation.c",
        "tests/cases/compact.case": "src/wire/compact.c",
        "tests/cases/tokens.case": "src/path/tokens.c src/path/counting.c src/path/choice.c src/path/understanding.c",
        "tests/unit/test_vocab.c": "src/token/guess.c src/token/shelf.c src/token/split.c src/token/tally.c",
        "tests/unit/test_count.c": "src/token/joins.c src/token/memo.c src/token/trie.c",
        "tests/run_cloud.py": "src/path/proof.c",
        "tests/unit/test_gemini.c": "src/wire/gemini_ask.c src/wire/gemini_hear.c"
                                    " src/wire/gemini_row.c",
        "tests/unit/test_pairs.c": "src/wire/hearing.c src/wire/messages_ask.c src/wire/messages_hear.c"
                                   " src/wire/messages_read.c src/wire/messages_row.c"
                                   " src/wire/messages_say.c src/wire/messages_turns.c"
                                   " src/wire/responses_ask.c src/wire/responses_hear.c"
                                   " src/wire/responses_item.c src/wire/responses_items.c"
                                   " src/wire/responses_row.c"
                                   " src/wire/responses_say.c",
        "tests/cases/responses.case": "src/wire/responses.c",
    }.items()
    for path in paths.split()
}

# Everything that reads bytes of strangers -> its fuzz target.
PARSERS = {
    "src/provider/auth_aws.c": "fuzz_auth",
    "src/provider/auth_style.c": "fuzz_auth",
    "src/base/clock.c": "fuzz_date",
    "src/base/csv.c": "fuzz_csv",
    "src/ledger/bill.c": "fuzz_bill",
    "src/base/decimal.c": "fuzz_decimal",
    "src/base/json_read.c": "fuzz_json_read",
    "src/base/url.c": "fuzz_url",
    "src/config/tree.c": "fuzz_config",
    "src/front/h2.c": "fuzz_h2",
    "src/front/h2_head.c": "fuzz_h2",
    "src/front/forwarded.c": "fuzz_proxy",
    "src/front/http1.c": "fuzz_http1",
    "src/front/proxy_header.c": "fuzz_proxy",
    "src/gate/terms.c": "fuzz_terms",
    "src/ledger/replay.c": "fuzz_journal",
    "src/ledger/price_text.c": "fuzz_price_text",
    "src/trace/trace.c": "fuzz_trace",
    "src/upstream/answer.c": "fuzz_answer",
    "src/token/vocab.c": "fuzz_vocab",
    "src/wire/chat.c": "fuzz_wire",
    "src/wire/chat_hear.c": "fuzz_talk_stream",
    "src/wire/chat_options.c": "fuzz_talk_request",
    "src/wire/chat_read.c": "fuzz_talk_request",
    "src/wire/messages.c": "fuzz_wire",
    "src/wire/responses.c": "fuzz_wire",
    "src/wire/eventstream.c": "fuzz_eventstream",
    "src/wire/fault.c": "fuzz_fault",
    "src/wire/sse.c": "fuzz_sse",
}
FUZZ_LINES = 40

# What users are told must be what there is: every match in the sources must stand in the document.
# Rows: sources, pattern whose first group is the word, document.
SCHEMA_KEY = r'^ +(?:(?:TEXT|NEEDED|NUMBER|COUNT|LIST)\(|CYAML_FIELD_\w+\(")(\w+)'
DOCUMENTED = [
    (["src/path/endpoint.c"], r'^    \{"\w+", "(/[^"]+)"', "docs/contract.md"),
    (["src/path/reply.c"], r'STR\("(X-Flux-[A-Za-z-]+)"\)', "docs/contract.md"),
    (["src/fail.def"], r"^FAIL\(\w+, +(?:4(?!05|08|11|15|17|26|31)\d\d|50[0234]|0), +\"(?!config)(\w+)\"",
     "docs/contract.md"),
    (["src/cli/"], r'^\t    \{"(\w[\w-]*)", (?:"[A-Z]|NULL)', "docs/man/fluxrouter.1"),
    (["src/main.c"], r'^    \{"(\w+)", cli_', "docs/man/fluxrouter.1"),
    (["src/admin/desk.c"], r'^    \{"\w+", "(/[^"]+)"', "docs/operations.md"),
    (["src/config/schema.c"], SCHEMA_KEY, "docs/man/fluxrouter.yaml.5"),
    (["src/config/schema.c"], SCHEMA_KEY, "etc/fluxrouter.yaml"),
    (["src/gate/terms.h"], r'^\tTERM\((\w+), ', "docs/operations.md"),
    (["src/metric.def"], r'^METRIC\(\w+, +\w+, +"(\w+)"', "docs/operations.md"),
]

# Places that exist on one machine only: somebody's home.
MACHINE_PATHS = r"(/home/\w|/root/|/Users/\w)"
