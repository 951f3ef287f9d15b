#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Compiles the modules for the chosen kernel, and checks the results. Sourced by boot-test and by
# build-modules.

# shellcheck disable=SC2034 # used by the scripts that source this
readonly ALL_MODULES="seqlock_tutorial.o etx_driver.o seqlock_hammer.o"

# Whether the kernel was configured with CONFIG_$1=y.
configured() {
    grep -q "^CONFIG_$1=y" "$HEADERS/.config"
}

# The modules share words with the kernel's own locks, which must have no other fields.
refuse_other_layouts() {
    local option
    for option in PREEMPT_RT LOCKDEP DEBUG_LOCK_ALLOC DEBUG_SPINLOCK; do
        ! configured "$option" || fail "$RELEASE has CONFIG_$option: its locks have another \
layout (or, with PREEMPT_RT, its readers take the lock); use another kernel"
    done
    ! configured CFI_CLANG || fail "$RELEASE has CONFIG_CFI_CLANG, which these modules do not support"
}

# Sets KRUSTC: the compiler, and the flags that this kernel's configuration asks for.
choose_compiler() {
    local rustc flags
    # No unwinding and no panics; static addresses. Functions of the core crate are compiled again
    # where they are used, so that nothing of Rust's own libraries has to be linked: those were
    # compiled for user space, with vector registers and a red zone.
    flags="--edition=2024 -C opt-level=3 -C panic=abort -C codegen-units=1
        -C relocation-model=static -C force-unwind-tables=no -C jump-tables=no
        -C overflow-checks=off -C debug-assertions=off
        -Z cross-crate-inline-threshold=always"
    case $ARCH in
        amd64)
            rustc=$(command -v rustc) || lack "install Rust: rustup, or Debian's package rustc-web"
            # Calls go straight to the function, by no table: indirect ones would need retpolines.
            flags+=" --target x86_64-unknown-linux-gnu -C code-model=kernel -C no-redzone=yes
                -C target-feature=-sse,-sse2 -Z plt=yes"
            if configured RETHUNK || configured MITIGATION_RETHUNK; then
                flags+=" -Z function-return=thunk-extern"
            fi
            ! configured X86_KERNEL_IBT || flags+=" -Z cf-protection=branch"
            ! configured MITIGATION_CALL_DEPTH_TRACKING ||
                flags+=" -Z patchable-function-entry=16,16"
            ;;
        arm64)
            rustc=$("$REPOSITORY/scripts/aarch64_rustc.sh") ||
                lack "install a compiler for 64-bit Arm: rustc-web libstd-rust-web-dev:arm64"
            flags+=" --target aarch64-unknown-linux-gnu -C target-feature=-neon,-outline-atomics"
            ! configured SHADOW_CALL_STACK || flags+=" -Z fixed-x18"
            ;;
    esac
    KRUSTC=$(xargs <<<"$rustc $flags")
}

# build_modules FOLDER CORE RUST MODULES [FLAGS]: compiles modules in a fresh folder.
build_modules() {
    rm -rf "$1"
    mkdir -p "$1"
    cp "$HERE"/modules/* "$1"
    # The -Z flags are the kernel's demands; stable Rust takes them only with this variable. Type
    # information for tracers (BTF) would need one more tool, and nothing here uses it.
    RUSTC_BOOTSTRAP=1 make -C "$HEADERS" M="$1" ARCH="${MACHINE/aarch64/arm64}" \
        CROSS_COMPILE="$CROSS" CORE="$2/lib.rs" RUST="$3" MODULES="$4" KRUSTC="$KRUSTC ${5-}" \
        CONFIG_DEBUG_INFO_BTF_MODULES= modules \
        >"$1/make.log" 2>&1 || {
        grep -vE '^ +(CC|LD|RUSTC|MODPOST)' "$1/make.log" | tail -n 60
        fail "the modules do not compile (see above)"
    }
}

# Prints the warnings of the compilers and the kernel's build tools, except four that are expected: rustc
# on the missing vector registers, and Kbuild on compilers with different names.
build_warnings() { # FOLDER
    grep -E 'warning|WARNING|objtool|modpost' "$1/make.log" |
        grep -vE 'warning: target feature .(sse2|neon). must be enabled' |
        grep -vE 'warning: unstable feature specified for .-Ctarget-feature.' |
        grep -vE 'warning: [0-9] warnings? emitted' |
        grep -vE 'warning: the compiler differs from the one used to build the kernel'
}

# Checks the machine code of the Rust objects, and the finished modules.
inspect_modules() { # FOLDER
    local object module
    ! build_warnings "$1" || fail "the kernel's build tools print warnings (see above)"
    for object in "$1"/*_rust.o; do
        inspect_object "$object"
    done
    for module in "$1"/*.ko; do
        grep -aqF "vermagic=$RELEASE " "$module" || fail "$module is for another kernel"
        ! "${CROSS}nm" "$module" | grep -E 'panicking|core3fmt|unwind_resume|eh_personality' ||
            fail "$module contains panic machinery"
    done
    [[ $(find "$1" -name '*.ko' | wc -l) == 3 ]] || fail "a module is missing in $1"
    note "machine code: no vector register, no red zone, no indirect branch, no panic, no foreign symbol"
}

inspect_object() { # OBJECT
    local name code foreign
    name=$(basename "$1")
    foreign=$("${CROSS}nm" -u "$1" | awk '{print $2}' | grep -vxE \
        '(tf|hammer|etx|tutorial)_[a-z0-9_]+|__x86_return_thunk|mem(cpy|set|move)') &&
        fail "$name needs $foreign"
    code=$(instructions "$1")
    [[ $(wc -l <<<"$code") -ge 20 ]] || fail "$name has hardly any machine code"
    ! grep -E "$VECTOR_REGISTER" <<<"$code" || fail "$name uses vector or floating point registers"
    ! grep -E -- '-0x[0-9a-f]+\(%rsp\)' <<<"$code" || fail "$name uses the red zone"
    ! "${CROSS}objdump" -r "$1" | grep -E 'GOT' || fail "$name wants a global offset table"
    ! grep -E '^(call|jmp) +\*|^(blr|br)\b' <<<"$code" || fail "$name has an indirect branch"
}

readonly VECTOR_REGISTER='%[xyz]?mm[0-9]|%st\b|%k[0-7]\b|\b[vqdsbh][0-9]+\b'

# The instructions of an object, one a line: no addresses, and no names of targets.
instructions() { # OBJECT
    "${CROSS}objdump" -d --no-show-raw-insn "$1" | awk -F '\t' 'NF >= 2 {
        line = $2 " " $3
        sub(/[0-9a-f]+ <.*>/, "TARGET", line)
        sub(/ *(#|\/\/).*/, "", line)
        print line
    }'
}
