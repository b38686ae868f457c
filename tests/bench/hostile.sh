#!/usr/bin/env bash
# The hostile corpus against the installed extension, as one table: what was executed, what side effects stayed, the
# longest call and the most memory. GATE_SECTION=TEXT takes the sections with that text alone.
#
#     tests/bench/hostile.sh
source "$(dirname "$0")/../../scripts/common.sh"
cd "$root"
cargo test --quiet --test gate_hostile -- --nocapture
