#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Shows that the hammer can fail: breaks the locks on purpose, one fault at a time, and each build has to
# be caught. Sourced by boot-test.

# The required outcome of a run: torn reads; or torn reads or a processor that hangs; or an interruption inside of
# a section that has to keep it out, whatever comes after.
readonly TORN=torn EITHER=either INSIDE=inside
# What no run can show: on x86-64, which keeps loads and stores in order, the core without its fences is
# the same accesses to memory, though the compiler may place its blocks in another order; elsewhere fences are
# instructions, which have to be gone.
readonly CODE=code

# Calls `$1 NAME OUTCOME CASE FILE SED` for each mutant: the fault, and the case that detects it. Mutants
# named after an ordering do what compiler and processor may do without it.
each_mutant() { # FUNCTION
    local locks=rust/tearfree_kernel/lib.rs protocol=src/sequenced/protocol.rs
    # Readers.
    "$1" no-retry $TORN words/seqcount-8-words src/seqcount.rs \
        's/C::load(&self.word, PLAIN) != start.0/false/'
    "$1" without-fence-retry $TORN seqlock/64-words src/read_side.rs \
        's/let copied = copy(/let moved = side.must_retry(start); &/
         s/if side.must_retry(start) {/if moved {/'
    "$1" without-acquire-begin $TORN seqlock/64-words src/read_side.rs \
        's/let start = side.try_begin()?;/let early = side.try_begin()?;/
         s/let copied = copy(S::slot(start));/let copied = copy(S::slot(early)); let start = side.try_begin()?;/'
    "$1" latch-no-retry $TORN latch/64-words src/latch.rs \
        's/C::load(&self.word, PLAIN) != start.0/false/'
    "$1" latch-other-slot $TORN timer/latch src/latch.rs \
        's/usize::from(self.0.is_writing())/usize::from(!self.0.is_writing())/'
    # Writers.
    "$1" count-stays $TORN words/kernel-seqlock-rust-to-c src/seqcount.rs \
        's/C::store(&self.word, .*);//'
    "$1" without-fence-odd $TORN seqlock/64-words $protocol \
        '/^impl Protocol for OneCopy/,/^}/ s/cell.count.write_begin();/cell.payload.store(value); &/'
    "$1" without-release-even $TORN seqlock/64-words $protocol \
        '/^impl Protocol for OneCopy/,/^}/ s/cell.payload.store(value);/cell.count.write_end(); & cell.count.write_begin();/'
    "$1" without-fence-latch-odd $TORN timer/latch $protocol \
        '/^impl Protocol for TwoCopies/,/^}/ s/cell.count.write_begin();/cell.slots[0].store(value); &/'
    "$1" without-fence-latch-even $TORN timer/latch $protocol \
        '/^impl Protocol for TwoCopies/,/^}/ s/cell.count.write_flip();/cell.slots[1].store(value); &/'
    "$1" lock-excludes-nothing $EITHER seqlock/64-words $locks \
        's/unsafe { tf_spin_\(lock\|unlock\)(self.0.get()) }/()/'
    # Contexts.
    local irqsave='s/^        tf_irq_save()/0/; s/^        tf_irq_restore(flags);/let _ = flags;/'
    local bh='s/^        tf_bh_\(disable\|enable\)();//'
    "$1" irq-left-on $INSIDE timer/irq $locks 's/^        tf_irq_\(disable\|enable\)();//'
    "$1" irqsave-left-on $INSIDE timer/irqsave $locks "$irqsave"
    "$1" irqsave-left-on-writers $INSIDE timer/writes-too $locks "$irqsave"
    "$1" irqsave-left-on-readers $INSIDE timer/exclusive-readers $locks "$irqsave"
    "$1" irqsave-left-on-kernel $INSIDE timer/kernel-seqlock-rust-to-c $locks "$irqsave"
    "$1" bh-left-on $INSIDE softirq/bh $locks "$bh"
    "$1" bh-left-on-writers $INSIDE softirq/writes-too $locks "$bh"
    # All fences at once.
    "$1" no-fences $CODE none src/order.rs 's/fence(Ordering::.fstrong);//'
}

is_wanted() { # NAME
    [[ ${#MUTANTS_WANTED[@]} == 0 || " ${MUTANTS_WANTED[*]} " == *" $1 "* ]]
}

test_mutants() {
    CAUGHT=0
    rm -rf "$WORK/mutants"
    mkdir -p "$WORK/mutants"
    step "$RELEASE: mutants"
    each_mutant prepare_mutant
    each_mutant run_mutant
    [[ $CAUGHT -ge ${#MUTANTS_WANTED[@]} && $CAUGHT -gt 0 ]] ||
        fail "unknown mutant among: ${MUTANTS_WANTED[*]}"
    note "all $CAUGHT mutants caught"
}

# Breaks a copy of the sources, and builds the hammer from it.
prepare_mutant() { # NAME OUTCOME CASE FILE SED
    local tree=$WORK/mutants/$1.sources
    is_wanted "$1" || return 0
    step "building the mutant $1"
    mkdir -p "$tree"
    # The core's documentation includes the files beside its sources.
    cp -r "$REPOSITORY"/crates/tearfree/{src,*.md} "$HERE/rust" "$tree"
    sed -i.before "$5" "$tree/$4"
    ! cmp -s "$tree/$4" "$tree/$4.before" ||
        fail "mutant $1 changes nothing in $4: update its sed script"
    build_modules "$WORK/mutants/$1" "$tree/src" "$tree/rust" seqlock_hammer.o "--cap-lints warn"
}

run_mutant() { # NAME OUTCOME CASE FILE SED
    local run=$WORK/mutants/$1.run status=0
    is_wanted "$1" || return 0
    CAUGHT=$((CAUGHT + 1))
    if [[ $2 == "$CODE" ]]; then
        check_code "$1"
        return
    fi
    mkdir -p "$run"
    cp "$WORK/mutants/$1/seqlock_hammer.ko" "$run/"
    echo "$3" >"$run/case"
    make_initramfs "$run/guest.img" mutant "$run/seqlock_hammer.ko" "$run/case"
    boot "mutants/$1" "$run/guest.img" multi "" || status=$?
    check_mutant "$1" "$2" "$3" "$WORK/mutants/$1.log" "$status"
}

check_mutant() { # NAME OUTCOME CASE LOG STATUS
    local line outcome=$2
    grep -qxF "hammer: begins case=$3" "$4" || fail "mutant $1 did not begin; its log is $4"
    line=$(grep -F "hammer: case=$3 " "$4" || true)
    [[ $outcome != "$EITHER" || -n $line ]] || outcome=hangs
    case $outcome in
        "$INSIDE")
            grep -qF "$CAME_INSIDE" "$4" ||
                fail "mutant $1 was not caught in $3: ${line:-no result} (log: $4)"
            print_result "$1" "$3" "an interruption came inside"
            ;;
        "$TORN" | "$EITHER")
            [[ $line == *result=FAILED* && ! $line =~ torn=0 ]] ||
                fail "mutant $1 was not caught in $3: ${line:-no result} (log: $4)"
            print_result "$1" "$3" "torn=$(sed -E 's/.* torn=([0-9]+) .*/\1/' <<<"$line")"
            ;;
        hangs)
            case $5 in
                123) print_result "$1" "$3" "hangs: the kernel reports a stall" ;;
                124) print_result "$1" "$3" "hangs: ended after $LIMIT s" ;;
                *) fail "mutant $1 ended without a result and without a stall (log: $4)" ;;
            esac
            ;;
    esac
}

print_result() { # NAME CASE OUTCOME
    note "$(printf '%-24s %-34s %s' "$1" "$2" "$3")"
}

# Checks the machine code without fences.
check_code() { # NAME
    local before after
    build_modules "$WORK/mutants/unchanged" "$REPOSITORY/crates/tearfree/src" "$HERE/rust" \
        seqlock_hammer.o
    before=$(instructions "$WORK/mutants/unchanged/hammer_rust.o" | any_registers)
    after=$(instructions "$WORK/mutants/$1/hammer_rust.o" | any_registers)
    case $ARCH in
        amd64)
            [[ $(accesses <<<"$before") == "$(accesses <<<"$after")" ]] ||
                fail "mutant $1 has different accesses on x86-64; add a case that catches it"
            print_result "$1" "machine code" "nothing to catch on x86-64: the same accesses"
            ;;
        arm64)
            [[ $(barriers <<<"$after") == 0 && $(barriers <<<"$before") -gt 0 ]] ||
                fail "mutant $1 left barriers in the machine code"
            print_result "$1" "machine code" "$(barriers <<<"$before") barriers before, 0 after"
            ;;
    esac
}

# Replaces register names, which the compiler chooses freely.
any_registers() {
    sed -E 's/%[a-z0-9]+/%REGISTER/g'
}

# Prints the instructions that access memory, or order that, without the order in which the compiler places them.
accesses() {
    grep -E '\(|^lock|fence' | grep -vE '^(nop|lea)' | sort
}

barriers() {
    grep -c '^dmb' || true
}
