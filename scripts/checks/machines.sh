#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Other machines, systems and compilers. For `check`, which sources this.

check_no_std() { # the core crate without features: no dependency, no std, no panic on the hot paths
    scripts/no_std.sh
}

check_machines() { # tests of the core and of pages under qemu: 64-bit and 32-bit Arm, RISC-V, big-endian s390x
    local status=0
    scripts/machines.sh >"$LOG.machines" 2>&1 || status=$?
    cat "$LOG.machines"
    note "$(sed -n 's/^ran on: //p' "$LOG.machines" | xargs)" \
        "$(grep -h '^left out' "$LOG.machines" | xargs)"
    grep -q '^ran on' "$LOG.machines" || [[ $status != 0 ]] || skip "$(cat "$NOTE")"
    [[ $status == 0 ]]
}

check_targets() { # the core compiles for bare metal, WebAssembly, 32-bit x86, macOS and Windows
    run_and_note "compiles for" scripts/targets.sh
}

check_cortex_m() { # programs on a Cortex-M3 under qemu: a timer interrupt against the main loop, and tasks
    run_and_note "ran" scripts/cortex_m.sh
}

check_msrv() { # the core compiles with the oldest supported compiler
    local status=0
    run_script scripts/msrv.sh || status=$?
    note "$(tail -n 1 "$LOG.tests")"
    [[ $status == 0 ]]
}

check_kernel() { # both tutorials and a stress test in Debian's kernels under qemu; mutants, too
    local shown=(no-retry without-fence-odd irq-left-on)
    boot_test --line 6.1 "${shown[@]/#/--mutant=}"
    boot_test
    note "torn 0 in $(grep -cx 'torn 0' "$LOG.boot") runs of the stress test"
}

check_kernel_arm() { # the same modules in Debian's kernel for 64-bit Arm
    boot_test --line 6.1 --arch arm64
}
