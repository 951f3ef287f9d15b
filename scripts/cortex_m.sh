#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the programs of bare-metal/ on a Cortex-M3 board under qemu, whose timer interrupts them. Each checks
# itself; one that hangs fails. Ends with 77, and says what is missing, where a compiler with the source of
# the library, a linker or the emulator is not at hand. CI=true installs them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/compilers.sh
source scripts/lib/compilers.sh

readonly TARGET=thumbv7m-none-eabi
# Each takes seconds; one that is deadlocked would go on.
readonly LIMIT=${CORTEX_M_LIMIT:-120}

require_source
if may_install; then
    linker >/dev/null || install lld
    command -v qemu-system-arm >/dev/null || install qemu-system-arm
fi
linker=$(linker) || missing "ld.lld (Debian: lld)"
command -v qemu-system-arm >/dev/null || missing "qemu-system-arm (Debian: qemu-system-arm)"

export RUSTC=$rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-D warnings -Clinker=$linker"
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")/cortex_m
export CARGO_TARGET_DIR
(cd bare-metal && "${rustc%rustc}cargo" build --locked --release --target "$TARGET" -Zbuild-std=core \
    -Zbuild-std-features=compiler-builtins-mem)

for source in bare-metal/src/bin/*.rs; do
    program=$(basename "$source" .rs)
    status=0
    # Time passes by the instruction and not by the clock, so each run is the same, however busy the machine is.
    timeout "$LIMIT" qemu-system-arm -machine lm3s6965evb -display none -monitor none -serial none \
        -icount shift=2,sleep=off -semihosting-config enable=on,target=native \
        -kernel "$CARGO_TARGET_DIR/$TARGET/release/$program" </dev/null || status=$?
    case $status in
        0) echo "ran: $program" ;;
        124) echo "$program hangs: it had not ended after $LIMIT s"; exit 1 ;;
        *) echo "$program failed: $status"; exit 1 ;;
    esac
done
