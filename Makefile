# Thin: every step is a script in scripts/ or one cargo command. `make demo` and `make test` do all set-up.

export PATH := $(CURDIR)/.build/tools/bin:$(HOME)/.cargo/bin:$(PATH)
export PG_CONFIG ?= /usr/lib/postgresql/15/bin/pg_config
# build.rs asks the linker for what cargo-pgrx would ask by other compiler flags: with the same flags
# everywhere, `cargo test` and the installed library share one build of the dependencies.
export CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND := 1

.PHONY: help demo test faults setup setup-test install install-dev lint soak check-all clean

help:
	@echo 'make demo       install what is missing, build, and show pairs made from a demo database'
	@echo 'make test       all checks and tests, against clusters of their own'
	@echo 'make faults     a part of them alone: the table of what can happen to a run, what is required, and whether it holds'
	@echo 'make soak       the long tests: NLSQL_FAULTS random faults (200), 10,000 runs of three roles, NLSQL_SOAK_MINUTES (30) of memory'
	@echo 'make install    build the release library and install it for $(PG_CONFIG)'
	@echo 'make check-all  cargo check against the headers of PostgreSQL 16, 17 and 18'
	@echo 'make clean      remove what the build made'

demo: setup
	@scripts/install.sh --debug
	@scripts/demo.sh

test: setup-test lint
	@scripts/install.sh --debug
	cargo test

faults: setup-test
	@scripts/install.sh --debug
	cargo test --test citizen

soak: setup-test
	@scripts/install.sh --debug
	NLSQL_FAULTS=$${NLSQL_FAULTS:-200} cargo test --test citizen --test faults --test queue --test soak -- --nocapture --include-ignored --test-threads 1

lint:
	cargo fmt --check
	cargo clippy --all-targets --quiet -- -D warnings

setup:
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh rustfmt clippy browser neighbours

install: setup
	@scripts/install.sh

install-dev: setup
	@scripts/install.sh --debug

check-all: setup
	@scripts/check-all.sh

clean:
	cargo clean
	rm -rf .build
