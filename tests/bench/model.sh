#!/usr/bin/env bash
# Pairs a second through a stand-in for a model server: nlsql, threads in PL/Python with the openai package (peer.sql),
# the stand-in's own ceiling. Install a release build first; ROUNDS=5 runs of each, medians.
#
#     tests/bench/model.sh
#
# The peer needs PL/Python on the server (Debian: postgresql-plpython3-15) and a package index; else it is left out.
source "$(dirname "$0")/../../scripts/common.sh"
cd "$root"

venv=$(mktemp -d /tmp/nlsql-peer.XXXXXX)
trap 'rm -rf "$venv"' EXIT
chmod 755 "$venv"
# of the system's Python, which PL/Python is linked to
if /usr/bin/python3 -m venv "$venv" >/dev/null 2>&1 && "$venv/bin/pip" install -q openai >/dev/null 2>&1; then
    PEER_SITE=$(echo "$venv"/lib/python3*/site-packages)
    export PEER_SITE
else
    echo "the openai package cannot be installed here: the peer is left out" >&2
fi
cargo bench --quiet --bench model
