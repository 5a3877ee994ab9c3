# FluxRouter. `make` builds, `make run` tries it, `make test` proves it, `make help` lists the rest.
#
#   CC=clang          another compiler
#   VARIANT=asan      address + undefined sanitizers, into build/asan
#   VARIANT=tsan      thread sanitizer, into build/tsan
#   VARIANT=cover     gcc coverage, into build/cover

CC       ?= gcc
VARIANT  ?= release
ROOT     := $(if $(filter release,$(VARIANT)),build,build/$(VARIANT))
OBJ      := $(ROOT)/obj

PACKAGES := libuv openssl sqlite3 libcyaml yaml-0.1
CFLAGS_release := -O2 -D_FORTIFY_SOURCE=2
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -fsanitize=thread
CFLAGS_cover   := -O0 -g --coverage

CFLAGS  := -std=c11 -D_GNU_SOURCE -g -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wpointer-arith -Wwrite-strings -fno-strict-aliasing -fstack-protector-strong \
           -ffunction-sections -fdata-sections \
           -Isrc -include src/base/banned.h $(CFLAGS_$(VARIANT)) $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LDFLAGS := $(CFLAGS_$(VARIANT)) -Wl,--gc-sections -Wl,-z,relro,-z,now
LIBS    := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm

SOURCES  := $(filter-out src/main.c,$(sort $(wildcard src/*.c src/*/*.c)))
OBJECTS  := $(SOURCES:src/%.c=$(OBJ)/src/%.o)
PROVIDER := $(sort $(wildcard tests/provider/*.c))
UNITS    := $(patsubst tests/unit/%.c,$(ROOT)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
LIB      := $(ROOT)/libfluxrouter.a

.PHONY: all run test units clean help
.SECONDARY:

all: $(ROOT)/fluxrouter $(ROOT)/fluxprovider

$(ROOT)/fluxrouter: $(OBJ)/src/main.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(ROOT)/fluxprovider: $(PROVIDER:%.c=$(OBJ)/%.o) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(ROOT)/unit/%: $(OBJ)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LIBS) -ljansson -lhttp_parser

units: $(UNITS) ## builds and runs the unit tests
	@for t in $(UNITS); do $$t || exit 1; done

clean: ## removes build/
	rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
