#!/usr/bin/env bash
# Builds the extension and copies its files into the server's directories. `--debug`: the dev profile.
source "$(dirname "$0")/common.sh"
cd "$root"

package=$root/.build/package
mkdir -p "$root/.build"
rm -rf "$package"
cargo pgrx package "$@" --pg-config "$pg_config" --out-dir "$package" >"$root/.build/package.log" ||
    { cat "$root/.build/package.log"; fail "the build failed"; }

# cargo-pgrx takes the update scripts along, and not the install scripts of earlier versions.
cp "$root"/sql/nlsql--*.sql "$package$("$pg_config" --sharedir)/extension/"

# The package has the paths that the files shall have. `install` puts a new file in the place of the old one,
# so that sessions which hold the old library keep it.
(cd "$package" && find . -type f) | while read -r file; do
    mode=644
    case "$file" in *.so) mode=755 ;; esac
    as_root install -D -m "$mode" "$package/$file" "/$file"
done
