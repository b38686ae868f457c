#!/usr/bin/env bash
# Installs what is missing for building and testing: Debian packages, the Rust components named as arguments,
# cargo-pgrx and its configuration. Does nothing, quickly, where all is there.
source "$(dirname "$0")/common.sh"

require_cargo() {
    command -v cargo >/dev/null && return
    cat >&2 <<'TEXT'
nlsql: cargo was not found; a Rust toolchain (1.88 or newer) is needed. Install one, then run the command again:

    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . "$HOME/.cargo/env"

TEXT
    exit 1
}

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Debian's package makes and starts a cluster when it is first installed: nobody asked for one here.
install_server_without_cluster() {
    local settings=/etc/postgresql-common/createcluster.conf line='create_main_cluster = off # while nlsql installs'
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql-common
    as_root sh -c "echo '$line' >>$settings"
    local status=0
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" || status=$?
    as_root sed -i "/# while nlsql installs\$/d" "$settings"
    return $status
}

install_packages() {
    local missing=() package
    for package in postgresql-15 postgresql-server-dev-15 clang libclang-dev gcc libc6-dev libssl-dev pkg-config; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "nlsql: installing ${missing[*]}"
    as_root apt-get update -q
    install_server_without_cluster "${missing[@]}"
}

require_server() {
    if [ "$pg_config" = /usr/lib/postgresql/15/bin/pg_config ] && command -v apt-get >/dev/null; then
        install_packages
    fi
    [ -x "$pg_config" ] || fail "no pg_config at $pg_config: install PostgreSQL 15 to 18 with its server headers," \
        "clang, libclang, OpenSSL headers and pkg-config, and set PG_CONFIG to the path of its pg_config"
}

require_components() {
    local component
    for component in "$@"; do
        [ "$component" = browser ] && want_browser && continue
        [ "$component" = neighbours ] && require_neighbours && continue
        [ "$component" = rustfmt ] && cargo fmt --version >/dev/null 2>&1 && continue
        cargo "$component" --version >/dev/null 2>&1 && continue
        command -v rustup >/dev/null || fail "cargo has no $component: install that component of the Rust toolchain"
        rustup component add "$component"
    done
}

# What nlsql is tested beside: pg_cron and PgBouncer. Debian's packages would start a PgBouncer that nobody asked for.
require_neighbours() {
    command -v apt-get >/dev/null || return 0
    local missing=() package policy=/usr/sbin/policy-rc.d
    for package in postgresql-15-cron pgbouncer; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "nlsql: installing ${missing[*]} for the tests"
    as_root apt-get update -q >/dev/null
    local ours=false status=0
    if [ ! -e "$policy" ]; then
        ours=true
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null || status=$?
    if $ours; then as_root rm -f "$policy"; fi
    return $status
}

# A test looks at the report in a browser, and says so where there is none: nothing fails for its lack.
want_browser() {
    command -v chromium >/dev/null && return
    command -v apt-get >/dev/null || return 0
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium >/dev/null ||
        echo "nlsql: chromium could not be installed; the report is not looked at in a browser"
}

# The version that Cargo.toml pins. Another version that is there already is left alone.
require_cargo_pgrx() {
    local version where=()
    version=$(sed -n 's/^pgrx = .*"=\([0-9.]*\)".*/\1/p' "$root/Cargo.toml")
    case "$(cargo pgrx --version 2>/dev/null || true)" in
        "cargo-pgrx $version") return ;;
        cargo-pgrx*) where=(--root "$root/.build/tools") ;;
    esac
    echo "nlsql: installing cargo-pgrx $version (two to four minutes)"
    # Its own settings of the linker and the target directory must not leak into this build.
    (cd / && env -u CARGO_TARGET_DIR cargo install cargo-pgrx --version "=$version" --locked --debug --quiet "${where[@]}")
}

# cargo-pgrx finds servers by this file alone; entries of the user's own stay.
require_pgrx_config() {
    local file=${PGRX_HOME:-$HOME/.pgrx}/config.toml major
    major=$("$pg_config" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
    grep -qs "^pg$major *=" "$file" && return
    mkdir -p "$(dirname "$file")"
    grep -qs '^\[configs\]' "$file" || echo '[configs]' >>"$file"
    sed -i "/^\[configs\]/a pg$major = \"$pg_config\"" "$file"
}

require_cargo
require_server
require_components "$@"
require_cargo_pgrx
require_pgrx_config
