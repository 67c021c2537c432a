# SPDX-License-Identifier: GPL-2.0
#
# make            fwtree.ko for KDIR, and tools/fwctl/fwctl
# make demo       a gateway in an embedded kernel, with real clients
# make check      all tests, from a fresh checkout on a fresh machine
# make help       the other targets

# No implicit rules: one of them would make a .c of each .y.
MAKEFLAGS += -r

KVER ?= $(shell uname -r)
MODULESDIR ?= /lib/modules
KDIR ?= $(MODULESDIR)/$(KVER)/build
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/fwtree
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

CC ?= gcc
CLANG ?= clang
OBJCOPY ?= objcopy
CFLAGS ?= -O2 -g
O := build/user
S := build/san
F := build/fuzzed
top := $(CURDIR)

include kmod/core/sources.mk

# make V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)	$(2)")

includes := -Iuapi/linux -Ikmod/core -Itools/libfwtree -I$(O)
warn := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes
cflags = -std=gnu11 -DFWT_VERSION='"$(VERSION)"' $(warn) $(includes) -MMD -MP
core_src := $(addprefix kmod/core/,$(addsuffix .c,$(FWT_CORE_SOURCES)))
lib_src := $(wildcard tools/libfwtree/*.c)
ctl_src := $(wildcard tools/fwctl/*.c)
gen := $(O)/parse.tab.c $(O)/lex.c
# libpcap and c-ares are loaded by whoever needs them: tools/libfwtree/load.h.
libs := -lmnl

# The simulation runs the module's own files, with a kernel of a few hundred lines in
# place of the real one's headers: tools/libfwtree/kernel/kernel.h.
# Not those that are the kernel's side alone; sim_env.c says what they would.
sim_kmod_src := $(filter-out $(patsubst %,kmod/%.c,answer_frame answer_other bound conn_filter digest drop gone log main netlink% \
	filter node owner policy_patch queue rlu route sockopt trace trial world),$(wildcard kmod/*.c))
sim_src := $(wildcard tools/libfwtree/sim*.c)
sim_kernel := $(O)/kernel
sim_includes := -I$(sim_kernel) -Itools/libfwtree/kernel -Ikmod
sim_kmod_flags := $(sim_includes) -Dfwt_walk=fwt_sim_walk -Wno-unused -Wno-sign-compare \
	-Wno-unused-parameter -Wno-missing-prototypes
lib_src += $(sim_kmod_src)

.PHONY: all help modules tools demo check check-offline check-kunit check-net \
	check-stock check-sets check-races nightly bench lint docs install install-lib lib \
	uninstall dkms-install dkms-uninstall deb clean fuzz deps

all: modules tools

help:
	@echo 'make                fwtree.ko for KDIR ($(KDIR)) and fwctl'
	@echo 'make modules        the module alone'
	@echo 'make tools          fwctl alone'
	@echo 'make demo           a gateway with real clients, in an embedded kernel'
	@echo 'make check          all tests; parts: check-offline check-kunit check-net'
	@echo 'make check-stock    on Debian'"'"'s own kernels, under QEMU'
	@echo 'make check-sets     rule sets of up to a million rules against first match (hours)'
	@echo 'make check-races    two CPUs against each other, a minute for each kind'
	@echo 'make nightly        both, an hour of generated policies, changes by the thousand'
	@echo 'make fuzz [SECONDS=60]   the fuzzers, SECONDS each'
	@echo 'make bench          measure, against the kernel and nftables'
	@echo 'make lint           checkpatch, sparse, cppcheck, shellcheck, generated files'
	@echo 'make install        fwctl, the module, the man pages (as root)'
	@echo 'make install-lib    libfwtree for programs in C: header, archive, pkg-config (as root)'
	@echo 'make dkms-install   the module by DKMS, for each kernel (as root)'
	@echo 'make uninstall      what install and install-lib did; dkms-uninstall (as root)'
	@echo 'make deb            Debian packages, in build/'
	@echo 'make clean'

## The module

modules:
	@if [ ! -e "$(KDIR)/Makefile" ]; then \
		echo "fwtree.ko needs the headers of the kernel it is for, and $(KDIR) is not there."; \
		echo "  Debian:  apt install linux-headers-$(KVER)"; \
		echo "  else:    make KDIR=/path/to/the/kernel's/build/directory"; \
		echo "The tool alone: make tools.  No kernel at hand: make demo, which brings one."; \
		exit 1; \
	fi
	$(MAKE) -C $(KDIR) M=$(top) modules

## libfwtree and fwctl

tools: tools/fwctl/fwctl

ifneq ($(shell pkg-config --exists libmnl jansson libpcap libcares 2>/dev/null && command -v bison >/dev/null && command -v flex >/dev/null && echo yes),yes)
need_deps := deps
endif

# Only where root, and only what is missing; else says the line to type.
deps:
	@tests/deps

lib_obj := $(core_src:%.c=$(O)/%.o) $(lib_src:%.c=$(O)/%.o) $(gen:.c=.o)
ctl_obj := $(ctl_src:%.c=$(O)/%.o)

$(O)/parse.tab.c: tools/libfwtree/parse.y | $(need_deps)
	@mkdir -p $(@D)
	$(call say,BISON,$<)
	$(Q)bison -Wall -Wno-yacc -Wcounterexamples -Werror -d -o $@ $<

$(O)/lex.c: tools/libfwtree/lex.l | $(need_deps)
	@mkdir -p $(@D)
	$(call say,FLEX,$<)
	$(Q)flex -o $@ $<

$(O)/%.o: %.c $(O)/parse.tab.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(cflags) $(CFLAGS) -c -o $@ $<

$(O)/parse.tab.o $(O)/lex.o: %.o: %.c $(O)/parse.tab.c
	$(Q)$(CC) $(cflags) $(CFLAGS) -Wno-unused-function -Wno-sign-compare -Wno-unused-parameter -c -o $@ $<

# A header for each of the kernel's that the module's files name.
$(sim_kernel)/made: $(wildcard kmod/*.[ch]) Makefile
	@mkdir -p $(@D)
	@sed -n 's/^#include <\(.*\)>/\1/p' $(wildcard kmod/*.h) $(sim_kmod_src) | \
		grep -v '^linux/types.h' | sort -u | while read -r h; do \
		mkdir -p $(@D)/$${h%/*}; echo '#include "kernel.h"' >$(@D)/$$h; done
	@touch $@

$(foreach d,$(O) $(S) $(F),$(sim_kmod_src:%.c=$(d)/%.o)): cflags += $(sim_kmod_flags)
$(foreach d,$(O) $(S) $(F),$(sim_src:%.c=$(d)/%.o)): cflags += $(sim_includes)
$(foreach d,$(O) $(S) $(F),$(patsubst %.c,$(d)/%.o,$(sim_kmod_src) $(sim_src))): $(sim_kernel)/made

$(O)/libfwtree.a: $(lib_obj)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

tools/fwctl/fwctl: $(ctl_obj) $(O)/libfwtree.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(libs)

# What programs of others link with. Of the archive the members that fwtree_sim.h needs,
# as one object, in which no name but that header's can be seen: the module's own code,
# and what it takes for the kernel, have names that a program may have as well.
api := tools/libfwtree/fwtree_sim.h
open := (
api_names := $(shell sed -n 's/^[^ *\/].*\b\(fwt_sim_[a-z_]*\)$(open).*/\1/p' $(api))

lib: $(O)/lib/libfwtree.a

$(O)/lib/libfwtree.a: $(O)/libfwtree.a $(api)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	@rm -f $@
	$(Q)$(LD) -r -o $(@D)/fwtree.o $(api_names:%=-u %) $<
	$(Q)$(OBJCOPY) $(api_names:%=--keep-global-symbol=%) $(@D)/fwtree.o
	$(Q)$(AR) rcs $@ $(@D)/fwtree.o

## Tests. Each target prints "ok"/"not ok" lines or cmocka's; tests/report adds up.

offline_test := $(patsubst tests/offline/test_%.c,%,$(wildcard tests/offline/test_*.c))
offline_help := $(filter-out tests/offline/test_%,$(wildcard tests/offline/*.c))
san := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
san_lib_obj := $(core_src:%.c=$(S)/%.o) $(lib_src:%.c=$(S)/%.o) $(S)/parse.tab.o $(S)/lex.o
san_help_obj := $(offline_help:%.c=$(S)/%.o)

$(S)/%.o: %.c $(O)/parse.tab.c
	@mkdir -p $(@D)
	@$(CC) $(cflags) -Werror -Itests/offline -O1 -g $(san) -c -o $@ $<

$(S)/parse.tab.o: $(O)/parse.tab.c
$(S)/lex.o: $(O)/lex.c
$(S)/parse.tab.o $(S)/lex.o: $(O)/parse.tab.c $(O)/lex.c
	@mkdir -p $(@D)
	@$(CC) $(cflags) -O1 -g $(san) -Wno-unused-function -Wno-sign-compare -Wno-unused-parameter -c -o $@ $(O)/$(basename $(@F)).c

$(S)/libfwtree.a: $(san_lib_obj)
	@rm -f $@
	@$(AR) rcs $@ $^

$(S)/test_%: $(S)/tests/offline/test_%.o $(san_help_obj) $(S)/libfwtree.a
	@$(CC) $(san) -o $@ $^ $(libs) -lcmocka

# What it holds us against.
$(S)/test_bpf: libs += -lpcap

# The tool's writer beside the library that it stands for.
$(S)/test_json: $(S)/tools/fwctl/json_writer.o
$(S)/test_json: libs += $(S)/libfwtree.a -ljansson
$(S)/tests/offline/test_json.o: includes += -Itools/fwctl

.PRECIOUS: $(S)/%.o
fuzzers := $(patsubst tests/fuzz/fuzz_%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
.PHONY: offline-build
offline-build: lib $(S)/player $(S)/test_gateway $(S)/fuzz_gateway $(addprefix $(S)/test_,$(offline_test)) fuzzers tools/fwctl/fwctl

# What plays tests/vectors through the module, and races it, in a guest
# (tests/net/packets.sh, first-packets.sh).
player_obj := $(patsubst %.c,$(O)/%.o,$(wildcard tests/player/*.c) \
	tests/offline/pkt.c tests/offline/tcp_vectors.c)
player_mains := $(patsubst %,$(O)/tests/player/%.o,main race sim corpus corpus_policy)
$(player_obj): cflags += -Itests/offline

.PHONY: player
player: build/player/player build/player/race build/player/corpus build/player/corpus-sim
build/player/player: $(O)/tests/player/main.o
build/player/race: $(O)/tests/player/race.o
# The same with the simulation in place of the wires.
corpus_obj := $(patsubst %,$(O)/tests/%.o,offline/pkt player/corpus player/corpus_policy)
build/player/corpus-sim: $(O)/tests/player/sim.o $(corpus_obj) $(O)/libfwtree.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(libs)
build/player/corpus: $(corpus_obj) $(O)/tests/player/wire.o $(O)/tests/player/fw.o $(O)/libfwtree.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(libs) -ljansson
build/player/player build/player/race: $(filter-out $(player_mains),$(player_obj)) $(O)/libfwtree.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(libs) -ljansson -pthread

# The same against the simulation (tests/offline/test_sim.sh).
player_sim := $(patsubst %,$(S)/tests/player/%.o,main case run sim)
$(player_sim): cflags += -Itests/offline
$(S)/player: $(player_sim) $(S)/tests/offline/pkt.o $(S)/tests/offline/tcp_vectors.o $(S)/libfwtree.a
	@$(CC) $(san) -o $@ $^ $(libs)

# The examples in C, as their users would build them (tests/offline/test_examples.sh).
$(S)/test_gateway: Documentation/examples/test_gateway.c $(S)/libfwtree.a
	@$(CC) -std=gnu11 -Wall -Wextra -Werror -O1 -g $(san) -Itools/libfwtree -o $@ $^ $(libs) -lcmocka

# The same for fuzzers: instrumented, as who would be guided by the policy's own code has it.
fuzzed := -O1 -g -fno-sanitize-recover=undefined
$(F)/%.o: %.c $(O)/parse.tab.c
	@mkdir -p $(@D)
	@$(CLANG) $(cflags) -w $(fuzzed) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

$(F)/parse.tab.o $(F)/lex.o: $(F)/%.o: $(O)/parse.tab.c $(O)/lex.c
	@mkdir -p $(@D)
	@$(CLANG) $(cflags) -w $(fuzzed) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $(O)/$*.c

$(F)/libfwtree.a: $(patsubst %.c,$(F)/%.o,$(core_src) $(lib_src)) $(F)/parse.tab.o $(F)/lex.o
	@rm -f $@; $(AR) rcs $@ $^

$(S)/fuzz_gateway: Documentation/examples/fuzz_gateway.c $(F)/libfwtree.a
	@$(CLANG) -std=gnu11 -Wall -Wextra -Werror $(fuzzed) -fsanitize=fuzzer,address,undefined \
		-Itools/libfwtree -o $@ $^ $(libs)

# Tests need more than the build does: it is asked for each time.
check: | deps
	@tests/check all

check-offline check-kunit check-net: check-%: | deps
	@tests/check $*

check-stock:
	@tests/check stock

# Hours: rule sets of up to a million rules, generated policies.
check-sets check-races nightly: | deps
	@tests/check $(@:check-%=%)

SECONDS ?= 60
.PHONY: fuzzers
fuzzers: $(fuzzers)
fuzz: $(fuzzers)
	@tests/fuzz/run $(SECONDS) $^

$(F)/tests/fuzz/%.o $(F)/tests/offline/%.o: cflags += -Itests/offline
$(F)/help.a: $(offline_help:%.c=$(F)/%.o)
	@rm -f $@; $(AR) rcs $@ $^
$(fuzzers): build/fuzz/%: $(F)/tests/fuzz/fuzz_%.o $(F)/help.a $(F)/libfwtree.a
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)$(CLANG) $(fuzzed) -fsanitize=fuzzer,address,undefined -o $@ $^ $(libs)

demo: | deps
	@tests/demo/run

bench: | $(need_deps)
	@tests/bench/run

build/bench/%: tests/bench/%.c tests/offline/filters.c tests/offline/filters.h $(O)/libfwtree.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(filter-out -MMD -MP,$(cflags)) $(CFLAGS) -Itests/offline -o $@ $(filter-out %.h,$^) $(libs)

lint:
	@tests/lint/run

docs:
	@Documentation/check

## On a real machine

# Without the kernel's System.map, which distributions' headers have not, modules_install
# passes over depmod, and modprobe finds nothing.
install: all
	install -D -m 755 tools/fwctl/fwctl $(DESTDIR)$(SBINDIR)/fwctl
	install -D -m 644 Documentation/man/fwctl.8 $(DESTDIR)$(MANDIR)/man8/fwctl.8
	install -D -m 644 Documentation/man/fwtree-policy.5 $(DESTDIR)$(MANDIR)/man5/fwtree-policy.5
	install -D -m 644 Documentation/json.rst $(DESTDIR)$(DOCDIR)/json.rst
	$(MAKE) -C $(KDIR) M=$(top) $(if $(DESTDIR),INSTALL_MOD_PATH=$(abspath $(DESTDIR))) modules_install
	$(if $(DESTDIR)$(INSTALL_MOD_PATH),,depmod -a "$$(cat $(KDIR)/include/config/kernel.release)")
	@echo "Now: modprobe fwtree; fwctl apply FILE"

# Of programs in C that try policies.
install-lib: lib
	install -D -m 644 $(api) $(DESTDIR)$(INCLUDEDIR)/fwtree_sim.h
	install -D -m 644 $(O)/lib/libfwtree.a $(DESTDIR)$(LIBDIR)/libfwtree.a
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	printf '%s\n' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: libfwtree' \
		'Description: firewall policies, tried on a machine that is not there' \
		'Version: $(VERSION)' 'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lfwtree' \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/libfwtree.pc
	install -D -m 644 Documentation/man/libfwtree.3 $(DESTDIR)$(MANDIR)/man3/libfwtree.3

# What both did, the module for each kernel.
uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/fwctl $(DESTDIR)$(MANDIR)/man8/fwctl.8 \
		$(DESTDIR)$(MANDIR)/man5/fwtree-policy.5 $(DESTDIR)$(MANDIR)/man3/libfwtree.3 \
		$(DESTDIR)$(DOCDIR)/json.rst $(DESTDIR)$(INCLUDEDIR)/fwtree_sim.h \
		$(DESTDIR)$(LIBDIR)/libfwtree.a $(DESTDIR)$(LIBDIR)/pkgconfig/libfwtree.pc
	[ ! -d $(DESTDIR)$(DOCDIR) ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(DOCDIR)
	for m in $(foreach d,updates extra,$(DESTDIR)$(MODULESDIR)/*/$(d)/fwtree.ko*); do \
		[ -e "$$m" ] || continue; k=$${m%/*/*}; k=$${k##*/}; \
		! dkms status -m fwtree -k "$$k" 2>/dev/null | grep -q installed || continue; \
		rm "$$m" || exit 1; $(if $(DESTDIR),,depmod -a "$$k";) \
	done

# dkms builds no version a second time: what is there goes first.
dkms-uninstall:
	@command -v dkms >/dev/null || { echo "dkms is not there: apt install dkms"; exit 1; }
	if dkms status -m fwtree -v $(VERSION) | grep -q .; then dkms remove fwtree/$(VERSION) --all; fi
	rm -rf /usr/src/fwtree-$(VERSION)

# Left to itself dkms builds for the running kernel alone, and the next boot may be of a newer
# one. So for each that has headers; for the running one in any case, to be told of its own.
dkms_kernels := $(patsubst $(MODULESDIR)/%/build/include,%,$(wildcard $(MODULESDIR)/*/build/include))

dkms-install: dkms-uninstall
	install -d /usr/src/fwtree-$(VERSION)
	cp -r Kbuild Makefile dkms.conf LICENSE kmod uapi /usr/src/fwtree-$(VERSION)/
	failed=; for k in $(sort $(KVER) $(dkms_kernels)); do \
		dkms install fwtree/$(VERSION) -k $$k || failed="$$failed $$k"; done; \
	[ -z "$$failed" ] || { echo "no module for:$$failed"; exit 1; }

deb:
	@tools/debian/build

clean:
	rm -rf build tools/fwctl/fwctl
	@if [ -e "$(KDIR)/Makefile" ]; then $(MAKE) -s -C $(KDIR) M=$(top) clean; fi

-include $(wildcard $(F)/*.d $(F)/*/*.d $(F)/*/*/*.d $(O)/*.d $(O)/*/*.d $(O)/*/*/*.d $(S)/*.d $(S)/*/*.d $(S)/*/*/*.d)
