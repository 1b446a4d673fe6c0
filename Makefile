# nsprobe: build, test and install. `make help` lists the targets.
#
#   make SAN=1 ...     build with AddressSanitizer and UBSan, in build/san
#   make CC=clang-14   another compiler; give BUILD= too, to keep the objects apart

VERSION   := 0.1.0
ABI       := 0

ifeq ($(origin CC),default)
CC        := gcc
endif
AR        ?= ar
CLANG     ?= clang-14
PREFIX    ?= /usr/local
LIBDIR    ?= $(PREFIX)/lib
DESTDIR   ?=
ifdef SAN
BUILD     ?= build/san
else ifdef TSAN
BUILD     ?= build/tsan
else ifdef COVERAGE
BUILD     ?= build/coverage
else
BUILD     ?= build/release
endif

WARN      := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
STD       := -std=c17 -D_GNU_SOURCE -DNSPROBE_VERSION='"$(VERSION)"'
ifdef SAN
MODE      := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDMODE    := -fsanitize=address,undefined
else ifdef TSAN
MODE      := -O1 -g -fsanitize=thread
LDMODE    := -fsanitize=thread
else ifdef COVERAGE
MODE      := -O0 -g --coverage -fprofile-update=atomic
LDMODE    := --coverage
else ifdef AFL
MODE      := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDMODE    := -fsanitize=fuzzer,address,undefined
else ifdef FUZZER
MODE      := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
             -fno-omit-frame-pointer
LDMODE    := -fsanitize=fuzzer,address,undefined
else
MODE      := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fstack-clash-protection
LDMODE    := -Wl,-z,relro,-z,now
PIE       := -pie
endif
CFLAGS    += $(STD) $(MODE) $(WARN) -fPIC -ffile-prefix-map=$(CURDIR)=. -MMD -MP
CPPFLAGS  += -I. -Isrc
PROTO_CPPFLAGS :=
# --as-needed: each program needs only what it uses
LDLIBS    := -Wl,--as-needed -ljansson -lidn2 -lcap-ng
# src/dkim, src/dnssec, src/watch
LDLIBS    += -lcrypto -lsqlite3 -lmicrohttpd
# src/queue
LDLIBS    += -lnats
# src/report: places on a scale
LDLIBS    += -lm
# capture
LDLIBS    += -lpcap -lseccomp -lz -llzma -lzstd
LDLIBS    += -pthread

PROTO_SRC := $(sort $(wildcard proto/*.c))
# Installed; the other headers of proto/ are for its own files.
PROTO_HDR := $(addprefix proto/,nsproto.h edns.h encode.h error.h frame.h generate.h \
               mangle.h message.h mutate.h name.h \
               rdata.h rrtype.h rrtypes.def text.h wire.h zone.h)
PROG_SRC  := $(sort $(wildcard capture/*.c src/*/*.c))
UNIT_SRC  := $(sort $(wildcard tests/unit/test_*.c))
TESTLIB_SRC := $(filter-out $(UNIT_SRC),$(sort $(wildcard tests/unit/*.c)))
FUZZ_SRC  := $(sort $(wildcard fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard bench/*.c))

obj        = $(patsubst %.c,$(BUILD)/%.o,$(1))
PROTO_OBJ := $(call obj,$(PROTO_SRC))
# data/providers.conf is compiled in
TABLE_OBJ := $(BUILD)/gen/provider_table.o
PROG_OBJ  := $(call obj,$(PROG_SRC)) $(TABLE_OBJ)
TESTLIB_OBJ := $(call obj,$(TESTLIB_SRC))
UNIT_BIN  := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SRC))
FUZZ_BIN  := $(patsubst fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
BENCH_BIN := $(patsubst bench/%.c,$(BUILD)/bench/%,$(BENCH_SRC))

LIB_A     := $(BUILD)/libnsproto.a
LIB_SO    := $(BUILD)/libnsproto.so.$(VERSION)
PROG_A    := $(BUILD)/libnsprobe-internal.a
PROG      := $(BUILD)/nsprobe

.PHONY: all help deps demo test unit units cli lab corpus fuzzers fuzz fuzz-smoke coverage seeded-bugs torture-table comparison bench screenshot lint format \
        man install clean check-docs tools tsan
.DEFAULT_GOAL := all
.PHONY: FORCE
FORCE:

.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROG) $(LIB_A) $(LIB_SO) $(BUILD)/libnsproto.pc

help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

## all         the program and libnsproto, in build/release (SAN=1: build/san)
## deps        install the Debian packages that build and tests need (root)
deps:
	scripts/deps.sh

$(BUILD)/proto/%.o: proto/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(PROTO_CPPFLAGS) -fvisibility=hidden -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(BUILD)/gen/provider_table.c: data/providers.conf scripts/embed.sh
	@mkdir -p $(@D)
	scripts/embed.sh $< provider_table > $@

$(TABLE_OBJ): $(BUILD)/gen/provider_table.c
	$(CC) $(CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(LIB_A): $(PROTO_OBJ)
	@rm -f $@
	$(AR) rcsD $@ $^

# The list of symbols is the ABI: what is not in it is not shown.
$(LIB_SO): $(PROTO_OBJ) proto/libnsproto.map
	$(CC) -shared $(MODE) $(LDMODE) $(LDFLAGS) -Wl,-soname,libnsproto.so.$(ABI) \
	  -Wl,--version-script=proto/libnsproto.map -o $@ $(PROTO_OBJ)

# Made each time: PREFIX may be another one than last time.
$(BUILD)/libnsproto.pc: proto/libnsproto.pc.in FORCE
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	  -e 's|@VERSION@|$(VERSION)|' $< > $@

$(PROG_A): $(PROG_OBJ)
	@rm -f $@
	$(AR) rcsD $@ $^

$(PROG): $(BUILD)/src/main.o $(PROG_A) $(LIB_A)
	$(CC) $(MODE) $(LDMODE) $(LDFLAGS) $(PIE) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(TESTLIB_OBJ) $(PROG_A) $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(MODE) $(LDMODE) $(PIE) -o $@ $^ -lcmocka $(LDLIBS)

units: $(UNIT_BIN)

## demo        install what is needed, build, and run check on the embedded lab
demo: deps
	$(MAKE) all
	scripts/demo.sh $(PROG)

## test        everything: units (release and sanitized), command line, corpora, lab
test: deps
	$(MAKE) all units corpus tools
	$(MAKE) SAN=1 all units corpus
	tests/run.py --release build/release --san build/san unit cli corpus memcheck cost lab package

## unit        the unit tests of this build alone
unit: units
	tests/run.py --release $(BUILD) unit

## tools       what tests of the command line and benchmarks of bulk run beside the program
tools: $(BUILD)/bench/mkpcap $(BUILD)/bench/peak

cli: all tools
	tests/run.py --release $(BUILD) cli

## lab         real name servers in network namespaces (root)
lab: all tools
	tests/run.py --release $(BUILD) lab

# What only one target needs: the peers that it is compared with.
TARGET_LIBS_differ := -lknot -lldns

# Verification is tested in the world that the unit tests have for it.
TARGET_LIBS_dkim := -lcmocka
FUZZ_WORLD = $(patsubst %,$(BUILD)/tests/unit/%.o,dkimcase fakezone netwrap)
$(BUILD)/corpus/fuzz_dkim $(BUILD)/fuzz_dkim: $(FUZZ_WORLD)

# What targets share; allocations fail when a target says so.
FUZZ_SHARED = $(patsubst %,$(BUILD)/fuzz/%.o,alloc items fragment_model pair_check place)
FUZZ_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
# fuzz_flight plays kernel and clock
comma := ,
TARGET_LIBS_flight := $(patsubst %,-Wl$(comma)--wrap=%,pool_new pool_free pool_open pool_send pool_wait \
                        pool_receive clock_gettime clock_nanosleep getrandom)

# Corpora run as ordinary tests through a plain main, without clang.
$(BUILD)/corpus/%: $(BUILD)/fuzz/%.o $(BUILD)/fuzz/replay_main.o $(FUZZ_SHARED) $(PROG_A) $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(MODE) $(LDMODE) $(PIE) $(FUZZ_WRAP) -o $@ $(filter %.o,$^) $(PROG_A) $(LIB_A) \
	  $(LDLIBS) $(TARGET_LIBS_$(*:fuzz_%=%))

corpus: $(patsubst fuzz/%.c,$(BUILD)/corpus/%,$(FUZZ_SRC))

# Targets whose input has a structure that the mutator knows (fuzz/mutator.h).
MUTATOR_message := message
MUTATOR_roundtrip := message
MUTATOR_differ := message
MUTATOR_rdata := rdata
MUTATOR_signed := replies
MUTATOR_dnssec := replies
$(foreach t,config expect hints list optout profile providers rdatatext recording scenario spf table taglist zone, \
  $(eval MUTATOR_$(t) := text))
# AFL++ brings a driver of its own, and takes mutators as libraries.
mutator_obj = $(if $(AFL),,$(if $(MUTATOR_$(1)),$(BUILD)/fuzz/mutator.o \
               $(BUILD)/fuzz/libfuzzer_$(MUTATOR_$(1)).o))

.SECONDEXPANSION:
$(BUILD)/fuzz_%: $(BUILD)/fuzz/fuzz_%.o $(FUZZ_SHARED) $$(call mutator_obj,$$*) $(PROG_A) $(LIB_A)
	$(CC) $(MODE) $(LDMODE) $(FUZZ_WRAP) -o $@ $(filter %.o,$^) $(PROG_A) $(LIB_A) $(LDLIBS) \
	  $(TARGET_LIBS_$*)

$(BUILD)/mutator_%.so: fuzz/afl_mutator.c fuzz/mutator.c $(PROTO_SRC)
	@mkdir -p $(@D)
	gcc $(STD) -O2 $(WARN) $(CPPFLAGS) -DAFL_MUTATE=mutate_$* -shared -fPIC -o $@ $^

fuzzers: $(patsubst fuzz/%.c,$(BUILD)/%,$(FUZZ_SRC))

## fuzz        fuzz one target: make fuzz TARGET=message [RUNS=N] [ENGINE=libfuzzer|afl]
## fuzz-smoke  every fuzz target for a short, fixed number of runs
fuzz fuzz-smoke:
	@ENGINE="$(ENGINE)" scripts/fuzz.sh $@ "$(TARGET)" "$(RUNS)"

## coverage    lines of proto/ and capture/ that the fuzz corpora execute
coverage:
	$(MAKE) COVERAGE=1 corpus
	scripts/coverage.py build/coverage

## seeded-bugs  do the fuzz targets find bugs? Ten minutes at most for each (scripts/seed-bugs.py)
seeded-bugs:
	scripts/seed-bugs.py

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(PROG_A) $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(MODE) $(LDMODE) $(PIE) -o $@ $^ $(LDLIBS) -lknot -lldns

$(BUILD)/torture/getaddrinfo: tests/torture/getaddrinfo.c
	@mkdir -p $(@D)
	$(CC) $(STD) -O2 $(WARN) -o $@ $<
$(BUILD)/torture/cares: tests/torture/cares.c
	@mkdir -p $(@D)
	$(CC) $(STD) -O2 $(WARN) -o $@ $< -lcares

## torture-table  docs/TORTURE.md: what real clients do at every fault (root)
torture-table: $(PROG) $(BUILD)/torture/getaddrinfo $(BUILD)/torture/cares
	@tests/torture/table.py --prog $(PROG) --build $(BUILD)/torture

## tsan        replay with its threads under ThreadSanitizer
tsan:
	$(MAKE) TSAN=1 all tools build/tsan/tests/test_flow_pipe build/tsan/tests/test_input
	scripts/tsan.sh build/tsan

## comparison  docs/COMPARISON.md: beside zonemaster-cli and dnsviz on a lab of broken zones (root)
comparison: $(PROG)
	tests/comparison/run.py --prog $(PROG) --write docs/COMPARISON.md

## screenshot  docs/img/check-html.png of the README, from the demo's broken domain (needs chromium)
screenshot: $(PROG)
	@mkdir -p docs/img
	scripts/screenshot.sh $(PROG) docs/img/check-html.png

## bench       speed beside libknot, ldns, libpcap, dnscap, tshark and dnsperf, as ratios
bench: all $(BENCH_BIN)
	scripts/bench.sh $(BUILD)

## lint        clang-tidy, cppcheck, clang-format, dependency arrows
lint:
	scripts/lint.sh

data/profile.conf: FORCE
	@{ echo '# Every finding with its usual severity: error, warning, notice, info; or ignore.'; \
	  echo '# For nsprobe check --profile FILE. As it stands it changes nothing.'; \
	  $(PROG) explain --list | awk '{ printf "%-25s %s\n", $$2, $$1 }'; } > $@

## check-docs  docs/FINDINGS.md says what the table of findings says
check-docs:
	scripts/findings-doc.sh | diff -u docs/FINDINGS.md -
	scripts/faults-doc.sh | diff -u docs/FAULTS.md -
	scripts/differences-doc.sh | diff -u docs/DIFFERENCES.md -

format:
	clang-format-14 -i $$(git ls-files '*.c' '*.h')

MAN := $(patsubst docs/man/%.scd,$(BUILD)/man/%,$(wildcard docs/man/*.scd))
$(BUILD)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	scdoc < $< > $@
## man         the man pages, in the build's man/
man: $(MAN)

# Completions are made of the program's own table of options.
COMPLETIONS := $(BUILD)/completions/nsprobe.bash $(BUILD)/completions/_nsprobe \
               $(BUILD)/completions/nsprobe.fish
$(BUILD)/completions/nsprobe.bash: $(PROG) scripts/completions.sh
	@mkdir -p $(@D)
	scripts/completions.sh $(PROG) bash > $@
$(BUILD)/completions/_nsprobe: $(PROG) scripts/completions.sh
	@mkdir -p $(@D)
	scripts/completions.sh $(PROG) zsh > $@
$(BUILD)/completions/nsprobe.fish: $(PROG) scripts/completions.sh
	@mkdir -p $(@D)
	scripts/completions.sh $(PROG) fish > $@
## completions  for bash, zsh and fish, in the build's completions/
completions: $(COMPLETIONS)

## install     under PREFIX (/usr/local), libraries in LIBDIR, below DESTDIR
SHARE = $(DESTDIR)$(PREFIX)/share
install: all man completions
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR)/pkgconfig \
	  $(DESTDIR)$(PREFIX)/include/nsproto $(SHARE)/man/man1 $(SHARE)/nsprobe/schema \
	  $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions \
	  $(SHARE)/fish/vendor_completions.d $(SHARE)/doc/nsprobe/examples \
	  $(SHARE)/doc/nsprobe/docs/img $(SHARE)/doc/nsprobe/demo \
	  $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(PROG) $(DESTDIR)$(PREFIX)/bin/nsprobe
	install -m 644 $(LIB_A) $(DESTDIR)$(LIBDIR)/libnsproto.a
	install -m 644 $(LIB_SO) $(DESTDIR)$(LIBDIR)/
	ln -sf libnsproto.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libnsproto.so.$(ABI)
	ln -sf libnsproto.so.$(ABI) $(DESTDIR)$(LIBDIR)/libnsproto.so
	install -m 644 $(PROTO_HDR) $(DESTDIR)$(PREFIX)/include/nsproto/
	install -m 644 $(BUILD)/libnsproto.pc $(DESTDIR)$(LIBDIR)/pkgconfig/
	install -m 644 $(wildcard data/*.conf) $(SHARE)/nsprobe/
	install -m 644 docs/schema/*.json $(SHARE)/nsprobe/schema/
# laid out as here, so that what documents name is there
	install -m 644 README.md CONTRIBUTING.md $(SHARE)/doc/nsprobe/
	install -m 644 docs/*.md $(SHARE)/doc/nsprobe/docs/
	install -m 644 docs/img/*.png $(SHARE)/doc/nsprobe/docs/img/
	install -m 644 demo/*.scn $(SHARE)/doc/nsprobe/demo/
	ln -sfn ../../nsprobe $(SHARE)/doc/nsprobe/data
	ln -sfn ../../../nsprobe/schema $(SHARE)/doc/nsprobe/docs/schema
	install -m 644 examples/decode.c $(SHARE)/doc/nsprobe/examples/
	install -m 644 $(BUILD)/completions/nsprobe.bash $(SHARE)/bash-completion/completions/nsprobe
	install -m 644 $(BUILD)/completions/_nsprobe $(SHARE)/zsh/site-functions/
	install -m 644 $(BUILD)/completions/nsprobe.fish $(SHARE)/fish/vendor_completions.d/
	install -d $(BUILD)/systemd
	for u in dist/systemd/*; do \
	  sed 's|@PREFIX@|$(PREFIX)|' $$u > $(BUILD)/systemd/$${u##*/} && \
	  install -m 644 $(BUILD)/systemd/$${u##*/} $(DESTDIR)$(PREFIX)/lib/systemd/system/ || exit; done
	for m in $(MAN); do install -m 644 $$m $(SHARE)/man/man1/; done

## deb         Debian packages in build/deb (see packaging/debian)
deb:
	scripts/deb.sh $(VERSION)

## package     tests of installing, of the library's ABI, of completions, of building twice
package: all man completions
	tests/run.py --release $(BUILD) package

## clean       remove build/
clean:
	rm -rf build

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
