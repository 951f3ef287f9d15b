#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the programs of bare-metal/ on a Cortex-M3 board under qemu. They check themselves; one that hangs
# fails. Exit status 77: a compiler with the source of the library, a linker or the emulator is missing, as the
# last line says. CI=true installs them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib/compilers.sh
source scripts/lib/compilers.sh

readonly TARGET=thumbv7m-none-eabi
# Each takes seconds.
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
    # -icount: emulated time counts instructions, so that each run is the same on a busy machine too.
    timeout "$LIMIT" qemu-system-arm -machine lm3s6965evb -display none -monitor none -serial none \
        -icount shift=2,sleep=off -semihosting-config enable=on,target=native \
        -kernel "$CARGO_TARGET_DIR/$TARGET/release/$program" </dev/null || status=$?
    case $status in
        0) echo "ran: $program" ;;
        124) echo "$program hangs: still running after $LIMIT s"; exit 1 ;;
        *) echo "$program failed: exit status $status of qemu"; exit 1 ;;
    esac
done
