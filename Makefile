# What can be done with a clone of this project; `make` alone lists it.

CARGO ?= cargo
PREFIX ?= /usr/local
BUILD = $(CARGO) --locked

# $(call need,TOOL,REMEDY): a missing tool fails the target in one line, it never skips it.
need = @command -v $(1) >/dev/null 2>&1 || { echo "make $@: $(1) is missing; $(2)" >&2; exit 1; }
need_kernel = @[ -n "$${UNBLINK_LAB_KERNEL:-$$(ls /boot/vmlinuz-* 2>/dev/null)}" ] || { echo "make $@: no kernel in /boot; apt-get install linux-image-amd64" >&2; exit 1; }
need_root = @[ "$$(id -u)" = 0 ] || { echo "make $@: needs root" >&2; exit 1; }

.DEFAULT_GOAL = help
# What is said on the command line is meant for this file: jemalloc's own make would install itself there.
MAKEOVERRIDES =
unexport DESTDIR PREFIX

.PHONY: help run install install-units deb deb-twice rpm tarball packages test test-system test-qemu stress restarts faults fair bench bench-fanout bench-footprint bench-instructions fuzz-build check format lint docs dependencies advisories

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Without jemalloc, whose C build is a third of the work: a demo does not run for months.
run: ## this machine live in this terminal: no configuration, no root, no network
	$(BUILD) run --profile quick --no-default-features -- demo

# PREFIX and DESTDIR as everywhere. The commit goes into `unblink --version`.
install: ## the program and its manual pages, under PREFIX (/usr/local)
	UNBLINK_BUILD_ID=$${UNBLINK_BUILD_ID:-$$(git describe --always --dirty --abbrev=12 2>/dev/null)} \
	  $(BUILD) build --release
	install -D -m 755 target/release/unblink "$(DESTDIR)$(PREFIX)/bin/unblink"
	install -d "$(DESTDIR)$(PREFIX)/share/man/man1"
	target/release/unblink man "$(DESTDIR)$(PREFIX)/share/man/man1"

# The units name the program where PREFIX puts it.
install-units: ## systemd's units, users and folders, under PREFIX; docs/deploy.md tells what comes next
	for unit in systemd/*.service systemd/*.socket systemd/user/*.service systemd/user/*.socket; do \
	  to="$(DESTDIR)$(PREFIX)/lib/systemd/$$(case $$unit in */user/*) echo user;; *) echo system;; esac)"; \
	  install -d "$$to" && \
	  sed -e 's|/usr/bin/unblink|$(PREFIX)/bin/unblink|' -e 's|/usr/share/|$(PREFIX)/share/|' "$$unit" >"$$to/$${unit##*/}" || exit 1; \
	done
	install -D -m 644 systemd/unblink.sysusers "$(DESTDIR)$(PREFIX)/lib/sysusers.d/unblink.conf"
	install -D -m 644 systemd/unblink.tmpfiles "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/unblink.conf"
	install -d "$(DESTDIR)$(PREFIX)/share/unblink/allow"
	install -m 644 systemd/allow/*.conf "$(DESTDIR)$(PREFIX)/share/unblink/allow/"
	install -d "$(DESTDIR)$(PREFIX)/share/doc/unblink"
	install -m 644 docs/*.md "$(DESTDIR)$(PREFIX)/share/doc/unblink/"

# The scripts say in a line which tool is missing, and in which version it is known to work.
deb: ## a package for Debian in target/package (cargo-deb, cargo-cyclonedx)
	packaging/deb.sh

deb-twice: deb ## the same again from a fresh clone in another folder: the same bytes, or it fails; two whole builds
	packaging/reproduce.sh

rpm: ## a package for Fedora and its kin in target/package (cargo-generate-rpm, cargo-cyclonedx)
	packaging/rpm.sh

tarball: ## an archive with an install script in target/package (cargo-cyclonedx)
	packaging/tarball.sh

packages: deb rpm tarball ## all three, and what is beside them, looked over (lintian, rpm, rpm2cpio, cpio, python3-venv)
	packaging/lint.sh sources deb rpm tarball

test: ## all tests but those that need root
	$(BUILD) test -- --skip as_root_

test-system: ## tests with real users, a real terminal, console, systemd, journald, Prometheus, a network that is cut, PostgreSQL and Go's pprof (root; tmux, qemu)
	$(need_root)
	$(call need,tmux,apt-get install tmux)
	$(call need,setpriv,apt-get install util-linux)
	$(call need,pkill,apt-get install procps)
	@[ -x /lib/systemd/systemd-journald ] || { echo "make $@: journald is missing; apt-get install systemd" >&2; exit 1; }
	$(call need,ip,apt-get install iproute2)
	$(call need,qemu-system-x86_64,apt-get install qemu-system-x86)
	$(call need,busybox,apt-get install busybox-static)
	$(call need,cpio,apt-get install cpio)
	$(call need,go,apt-get install golang-go)
	$(call need,mmdebstrap,apt-get install mmdebstrap)
	$(call need,systemd-nspawn,apt-get install systemd-container)
	$(call need,prometheus,apt-get install prometheus)
	$(call need,prometheus-node-exporter,apt-get install prometheus-node-exporter)
	$(call need,cargo-deb,packaging/tools.sh cargo-deb)
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { echo "make $@: postgresql is missing; apt-get install postgresql" >&2; exit 1; }
	$(need_kernel)
	for suite in bookworm trixie; do UNBLINK_LAB_SUITE=$$suite packaging/lab/systemd.sh create || exit 1; done
	$(BUILD) test --lib as_root_
	$(BUILD) test --test system

test-qemu: ## a daemon on an emulated machine: limits of tenants, consoles, power cuts, clocks, or PARTS of it (root; qemu); the result goes to docs/results/
	$(need_root)
	$(call need,qemu-system-x86_64,apt-get install qemu-system-x86)
	$(call need,qemu-img,apt-get install qemu-utils)
	$(call need,mmdebstrap,apt-get install mmdebstrap)
	$(call need,mke2fs,apt-get install e2fsprogs)
	$(call need,ssh,apt-get install openssh-client)
	packaging/lab/machine.sh create
	PARTS="$(PARTS)" ./tests/qemu/run

faults: ## N faults (10000) drawn by SEED (1) in live daemons while 50 people watch each; an hour, results go to docs/
	N="$(N)" SEED="$(SEED)" DAEMONS="$(DAEMONS)" VIEWERS="$(VIEWERS)" CUTS="$(CUTS)" ./tests/chaos/run

stress: ## long counts of what `make test` does shortly; results go to docs/results/
	./tests/stress/run

restarts: ## RESTARTS (50) and UPGRADES (5) of the service while VIEWERS (100) look on (root; systemd-container); the result goes to docs/results/
	$(need_root)
	$(call need,mmdebstrap,apt-get install mmdebstrap)
	$(call need,systemd-nspawn,apt-get install systemd-container)
	$(call need,cargo-deb,packaging/tools.sh cargo-deb)
	packaging/lab/systemd.sh create
	RESTARTS="$(RESTARTS)" UPGRADES="$(UPGRADES)" VIEWERS="$(VIEWERS)" ./tests/restarts/run

fair: ## half an hour in which workers cannot answer, and none is killed (root); the result goes to docs/results/
	$(need_root)
	./tests/fair/run

bench: ## what labels, drawing, encoding and every widget cost, beside ratatui
	$(BUILD) bench --bench drawing
	$(BUILD) bench --bench widgets
	$(BUILD) bench --bench peer_ratatui
	$(BUILD) bench --bench ingest

bench-instructions: ## instructions the same parts take, against benches/instructions.toml (valgrind)
	$(call need,valgrind,apt-get install valgrind)
	$(BUILD) bench --bench instructions

fuzz-build: ## check that the fuzz targets build; fuzz/README.md says how to run them for long
	cd fuzz && $(CARGO) check --target-dir ../target/fuzz

bench-footprint: ## what the idle daemon and a viewer cost, and how soon the demo shows something
	$(BUILD) bench --profile quick --bench footprint -- --json target/footprint.json

bench-fanout: ## what VIEWERS (500) of one daemon cost beside a bare write, ratatui, tmux and Node.js (tmux, nodejs); ROUNDS (5) of SECONDS (4) each, a quarter of an hour
	$(call need,tmux,apt-get install tmux)
	$(call need,node,apt-get install nodejs)
	$(BUILD) bench --bench fanout -- --viewers $(or $(VIEWERS),500) --rounds $(or $(ROUNDS),5) \
	  --seconds $(or $(SECONDS),4) --only "$(ONLY)" --json target/fanout.json

check: format lint docs dependencies ## everything CI checks without running a test

format:
	$(CARGO) fmt --all --check

lint:
	$(BUILD) clippy --all-targets -- -D warnings
	$(BUILD) clippy --test system --test qemu --test restarts --test stress --test fair -- -D warnings
	$(BUILD) clippy --all-targets --no-default-features -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" $(BUILD) doc --no-deps --document-private-items

dependencies:
	$(call need,cargo-deny,cargo install cargo-deny --locked)
	$(CARGO) deny --locked --all-features check bans licenses sources

advisories: ## known holes in dependencies, from the RustSec database (network)
	$(call need,cargo-deny,cargo install cargo-deny --locked)
	$(CARGO) deny --locked --all-features check advisories
