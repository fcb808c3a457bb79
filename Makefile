# make            programs and libpostinvite.a into build/
# make demo       the main job on this machine, shown step by step
# make check      everything that can be tested, packages included (make unit, system, fuzz: parts of it)
# make corpus     real mail of collections, if they are there (CORPORA=FOLDER): a table of what becomes of it
# make bench-milter bench-policy bench-rewrite bench-scale bench-store bench-table bench-tokend bench-wizard   figures
# make install    DESTDIR= PREFIX=/usr/local

BUILD = build
PREFIX = /usr/local
CC = gcc
PYTHON = /usr/bin/python3
FUZZ_SECONDS = 10

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wvla -Wformat=2 -Wundef -Wno-missing-field-initializers
HARDENING = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
OPTIMISE = -O2 -g
WERROR =
SANITIZE =
ifneq ($(SANITIZE),)
HARDENING = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE
endif

GMIME_CFLAGS := $(shell pkg-config --cflags gmime-3.0 2>/dev/null)
CPPFLAGS = -D_GNU_SOURCE -Ilib
CFLAGS = -std=c11 $(OPTIMISE) $(WARNINGS) $(WERROR) $(HARDENING) -pthread
LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread $(if $(SANITIZE),-fsanitize=$(SANITIZE))
LDLIBS = -lmilter -lopendkim -lmicrohttpd -lgnutls -lcurl -ljson-c -lgmime-3.0 -lgobject-2.0 -lglib-2.0 \
	-ldb-5.3 -levent_core -levent_extra -lpcre2-8 -lssl -lcrypto -lm

MODULES = base invite mail store token web
PROGRAMS = store milter policy wizard tokend admin
LIB = $(BUILD)/libpostinvite.a
LIB_OBJECTS := $(foreach m,$(MODULES),$(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/$(m)/*.c)))
BINARIES := $(PROGRAMS:%=$(BUILD)/postinvite-%) $(BUILD)/postinvite

objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))

all: $(LIB) $(BINARIES)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(if $(filter lib/mail/% admin/% tests/% ,$<),$(GMIME_CFLAGS)) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJECTS)
	@mkdir -p $(@D)
	rm -f $@
	ar rcs $@ $(LIB_OBJECTS)

define program
$(BUILD)/postinvite-$(1): $(call objects,$(1)) $(LIB)
	$$(CC) $$(LDFLAGS) -o $$@ $(call objects,$(1)) $(LIB) $$(LDLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

$(BUILD)/postinvite: $(call objects,cli) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $(call objects,cli) $(LIB) $(LDLIBS)

# Tests: tests/unit/test_NAME.c is one cmocka program; what they share is tests/unit/support*.c.
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/support*.c))

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(UNIT_SUPPORT) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $< $(UNIT_SUPPORT) $(LIB) $(LDLIBS) -lcmocka

$(BUILD)/tests/entra/entra: $(call objects,tests/entra)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

CORPUS = $(BUILD)/tests/corpus/corpus
$(CORPUS): $(call objects,tests/corpus) $(BUILD)/tests/unit/support_mail.o \
		$(BUILD)/tests/unit/support_faithful.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)

test-programs: $(UNIT_TESTS) $(BENCHES) $(CORPUS) $(BUILD)/tests/entra/entra

unit: $(UNIT_TESTS)
	tests/run-unit $(UNIT_TESTS)

# What comes from npm, as tests/peer/package-lock.json pins it: a server to test against, and axe-core. Without the
# registry the tests that need them are skipped, and say so.
$(BUILD)/peer/.installed: $(wildcard tests/peer/*)
	@mkdir -p $(BUILD)/peer
	cp tests/peer/* $(BUILD)/peer
	cd $(BUILD)/peer && if npm ci --ignore-scripts --no-audit --no-fund; then touch .installed; else \
		rm -rf node_modules; \
		echo "npm's registry gave no packages: tests of the peer and of accessibility are skipped"; \
	fi

peer: $(BUILD)/peer/.installed

system: all docs test-programs peer
	BUILD=$(BUILD) $(PYTHON) -m pytest -q -p no:cacheprovider --basetemp=$(BUILD)/pytest -n 2 --dist loadfile \
		-rs --durations=5 tests/system tests/browser

# Collections of real mail, which are no part of the project: where they are, if they are.
CORPORA = ../shared/corpora
corpus: all test-programs
	BUILD=$(BUILD) $(PYTHON) tests/corpus.py $(CORPORA)

# Fuzzing: tests/fuzz/fuzz_NAME.c with seeds in tests/fuzz/seeds/NAME and in CORPORA, FUZZ_SECONDS each. What was reached is kept
# in FUZZ_CORPUS.
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SANITIZE = address,undefined
FUZZ_CORPUS =

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/unit/support_faithful.o $(LIB)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/tests/unit/support_faithful.o $(LIB) $(LDLIBS)

fuzzers: $(addprefix $(BUILD)/tests/fuzz/,$(FUZZERS))

fuzz:
	$(MAKE) BUILD=$(BUILD)/fuzz CC=clang SANITIZE=fuzzer-no-link,$(FUZZ_SANITIZE) WERROR=-Werror fuzzers
	CORPORA=$(CORPORA) FUZZ_CORPUS=$(FUZZ_CORPUS) tests/run-fuzz $(BUILD)/fuzz/tests/fuzz $(FUZZ_SECONDS) $(FUZZERS)

# What the table of settings says, for people.
$(BUILD)/settings-doc: $(BUILD)/man/settings_doc.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

# What the tables of values and the English catalog say.
$(BUILD)/templates-doc: $(BUILD)/man/templates_doc.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

# What the tables of metrics and of the health's parts say.
$(BUILD)/metrics-doc: $(BUILD)/man/metrics_doc.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

docs: $(BUILD)/settings-doc $(BUILD)/templates-doc $(BUILD)/metrics-doc
	@mkdir -p $(BUILD)/conf $(BUILD)/man
	$(BUILD)/settings-doc sample > $(BUILD)/conf/postinvite.cf.sample
	$(BUILD)/settings-doc manual > $(BUILD)/man/settings.mdoc
	sed -e '/^@SETTINGS@$$/{r $(BUILD)/man/settings.mdoc' -e 'd;}' man/postinvite.cf.5.in \
		> $(BUILD)/man/postinvite.cf.5
	for part in pages mails operator; do \
		$(BUILD)/templates-doc $$part > $(BUILD)/man/$$part.mdoc || exit 1; \
	done
	$(BUILD)/templates-doc words conf/templates/words.en > $(BUILD)/man/words.mdoc
	$(BUILD)/templates-doc words conf/templates/operator.en > $(BUILD)/man/operator_words.mdoc
	sed -e '/^@PAGES@$$/{r $(BUILD)/man/pages.mdoc' -e 'd;}' \
		-e '/^@MAILS@$$/{r $(BUILD)/man/mails.mdoc' -e 'd;}' \
		-e '/^@OPERATOR@$$/{r $(BUILD)/man/operator.mdoc' -e 'd;}' \
		-e '/^@OPERATOR_WORDS@$$/{r $(BUILD)/man/operator_words.mdoc' -e 'd;}' \
		-e '/^@WORDS@$$/{r $(BUILD)/man/words.mdoc' -e 'd;}' man/postinvite.templates.5.in \
		> $(BUILD)/man/postinvite.templates.5
	for part in metrics parts; do \
		$(BUILD)/metrics-doc $$part > $(BUILD)/man/$$part.mdoc || exit 1; \
	done
	sed -e '/^@METRICS@$$/{r $(BUILD)/man/metrics.mdoc' -e 'd;}' \
		-e '/^@PARTS@$$/{r $(BUILD)/man/parts.mdoc' -e 'd;}' man/postinvite.metrics.5.in \
		> $(BUILD)/man/postinvite.metrics.5

demo:
	tests/install-packages build demo
	$(MAKE) -j2 -s all $(BUILD)/tests/entra/entra
	BUILD=$(BUILD) $(PYTHON) tests/demo.py

check:
	tests/install-packages build demo check
	$(MAKE) -j2 WERROR=-Werror all docs test-programs
	$(MAKE) unit
	$(MAKE) -j2 BUILD=$(BUILD)/asan SANITIZE=address,undefined WERROR=-Werror unit
	$(MAKE) -j2 fuzz CORPORA=
	$(MAKE) system

bench-milter: all test-programs
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-milter

bench-policy: all test-programs
	tests/install-packages bench
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-policy

bench-rewrite: all
	tests/install-packages bench
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-rewrite

# BENCH_SECONDS: how long the polls are watched.
BENCH_SECONDS = 600
bench-tokend: all $(BUILD)/tests/entra/entra
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-tokend --seconds $(BENCH_SECONDS)

bench-wizard: all test-programs
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-wizard

bench-scale: all test-programs
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-rates
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-pages
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-policy --scale 1000000
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-rewrite --scale 1000000

bench-store: all test-programs
	$(BUILD)/tests/bench/bench_store $(BUILD)/postinvite-store

bench-table: all test-programs
	BUILD=$(BUILD) $(PYTHON) tests/bench/bench-table

install: all docs
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/postinvite/templates \
		$(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/lib/systemd/system \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install $(BINARIES) $(DESTDIR)$(PREFIX)/sbin
	install -m 644 $(BUILD)/conf/postinvite.cf.sample conf/consent_patterns conf/main.cf.lines \
		docs/CONSENT-MAIL.md docs/SECURITY.md $(DESTDIR)$(PREFIX)/share/postinvite
	install -m 644 conf/templates/* $(DESTDIR)$(PREFIX)/share/postinvite/templates
	install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 man/*.5 $(BUILD)/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 conf/completion/postinvite.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/postinvite
	for unit in $(PROGRAMS); do \
		sed 's|@PREFIX@|$(PREFIX)|' conf/systemd/postinvite-$$unit.service \
			> $(BUILD)/conf/postinvite-$$unit.service || exit 1; \
		install -m 644 $(BUILD)/conf/postinvite-$$unit.service \
			$(DESTDIR)$(PREFIX)/lib/systemd/system || exit 1; \
	done
	install -m 644 conf/systemd/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/postinvite.conf
	install -m 644 conf/systemd/tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/postinvite.conf

clean:
	rm -rf $(BUILD)

.PHONY: all clean corpus unit system peer fuzz fuzzers docs demo check install test-programs \
	bench-milter bench-policy bench-rewrite bench-scale bench-store bench-table bench-tokend bench-wizard
.SECONDARY:
