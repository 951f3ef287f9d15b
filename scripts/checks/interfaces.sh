#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# What users get: C and Python, public items, packages, dependencies, documentation. For `check`, which sources this.

check_capi() { # the C library as users install it: every call, sanitizers, ABI, examples
    need cc build-essential
    need clang clang
    need cmake cmake
    need pkg-config pkg-config
    need musl-gcc musl-tools
    # Elsewhere the machine code for Arm is left out, with a note.
    [[ ${CI:-false} == false ]] || need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
    [[ ${CI:-false} == false ]] || need arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf
    run_tests cargo test -p tearfree-capi -p tearfree-capi-interop
    scripts/capi.sh
    need mandoc mandoc
    need groff groff-base
    scripts/capi_man.sh
    scripts/capi_install.sh
    { scripts/capi_orders.sh && scripts/capi_assembly.sh; } | tee "$LOG.assembly"
    note "$(grep -h 'left out\|another compiler' "$LOG.assembly" || true)"
}

check_python() { # the Python wheel: built, installed, and tested with pages and clocks of Rust
    need python3 python3-venv
    scripts/capi_python.sh 2>&1 | tee "$LOG.tests"
    note "$(grep -h 'left out' "$LOG.tests" || true)"
}

check_readme() { # the programs of README.md, run as printed: Rust, and a page from C to Python to a shell
    need cc build-essential
    need pkg-config pkg-config
    need python3 python3
    run_and_note "as printed" scripts/readme.sh
}

check_api() { # the public items of the libraries, as recorded; BLESS=1 records them again
    local recorded
    run_and_note "as recorded" scripts/public_api.sh
    scripts/exhaustive.sh
    recorded=$(cat "$NOTE")
    run_and_note "hidden items" scripts/hidden_items.sh
    note "$recorded; hidden items: $(cat "$NOTE")"
}

check_package() { # each published crate: its README, packaged and inspected
    local readmes
    run_and_note "READMEs" scripts/package_readmes.sh
    readmes=$(cat "$NOTE")
    run_and_note "packaged" scripts/package.sh
    note "$(cat "$NOTE"); READMEs: $readmes"
}

check_package_tests() { # the tests in each package, built and run from the package, outside of the repository
    run_tests scripts/package_tests.sh
    note "$(sed -n 's/^tested from packages: //p' "$LOG.tests")"
}

check_install() { # cargo install of the command, from here and from packages; it runs where they are not
    run_and_note "installed" scripts/install.sh
}

check_services() { # the systemd units: verified, restricted, and run by a systemd of their own
    need systemd-analyze systemd
    need python3 python3
    run_script scripts/services.sh
    note "$(grep -h 'exposure' "$LOG.tests" | sed 's/^.*service: //' | paste -sd ';')"
}

check_debian() { # the Debian packages: built, inspected by lintian, installed, used and purged on a copy of this machine
    need dh debhelper
    need dh_python3 dh-python
    need lintian lintian
    need man man-db
    need gcc gcc
    need pkg-config pkg-config
    need systemd-analyze systemd
    run_and_note "packages" scripts/debian.sh
}

check_container() { # the container file: linted, and built and run where there is a daemon
    need python3 python3-venv
    run_and_note "container" scripts/container.sh
}

check_deny() { # dependencies: their licences and sources, no wildcard version
    need_crate cargo-deny 0.20.2
    cargo deny check licenses bans sources
    # The programs for bare metal are a workspace of their own, which uses no licence exception.
    cargo deny --manifest-path bare-metal/Cargo.toml check -A license-exception-not-encountered \
        licenses bans sources
}

check_advisories() { # no dependency is known to be vulnerable, unsound or withdrawn
    need_crate cargo-deny 0.20.2
    # Skipped under CI too: the database is not a package, and some networks do not reach it.
    cargo deny fetch db || skip "cannot fetch RustSec's advisory database"
    cargo deny check advisories
    cargo deny --manifest-path bare-metal/Cargo.toml check advisories
}

check_doc() { # the documentation builds without a warning, also as docs.rs builds it, and its links lead somewhere
    export RUSTDOCFLAGS="-D warnings"
    cargo doc --no-deps --workspace
    # The core alone, too: other crates enable features of it.
    local chosen
    for chosen in "" std; do
        cargo doc --no-deps -p tearfree --no-default-features --features "$chosen"
    done
    # As docs.rs does, where each item names the feature that it needs.
    RUSTDOC=$PWD/scripts/lib/unstable_rustdoc RUSTDOCFLAGS="$RUSTDOCFLAGS --cfg docsrs" \
        cargo doc --no-deps -p tearfree --all-features
    grep -q 'Available on .*feature <code>zerocopy</code>' "$TARGET/doc/tearfree/struct.View.html" ||
        fail "View::get does not name its feature: docs.rs would not show it"
    scripts/doc_links.sh "$TARGET/doc" tearfree tearfree_page tearfree_clock tearfree_capi tearfree_axm |
        tee "$LOG.links"
    note "$(sed -n 's/^doc //p' "$LOG.links")"
}
