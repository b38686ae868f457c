#!/usr/bin/env bash
# Milliseconds until a worker that waits for an API which never answers has gone, or others have got by it: SIGTERM,
# cancel, fast stop, DROP DATABASE of another. p50, p99 and the most of ROUNDS=100 each.
#
#     tests/bench/interrupts.sh
source "$(dirname "$0")/../../scripts/common.sh"
cd "$root"
# the client needs no optimising; the library is the one that is installed
cargo bench --quiet --profile dev --bench interrupts
