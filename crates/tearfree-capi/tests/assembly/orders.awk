# SPDX-License-Identifier: MIT OR Apache-2.0
# Prints what each function in_NAME of a listing does in memory, a line for each: "NAME: EVENT; EVENT". `form` is
# the kind of listing: c11 (the optimised program of gcc, -fdump-tree-optimized), x86_64, aarch64 or arm.
#
# The size of an access tells which variable it is. The stack is left out, and so are the calls of contended
# locks and counts, which a compiler may place anywhere.

function event(text) {
    # Where a call ends early, the last load is there twice.
    if (text == "load data" && text == last)
        return
    events = events (events == "" ? "" : "; ") text
    last = text
}

function finish() {
    if (name != "")
        print name ": " events
    name = events = last = ""
}

function begin(function_name) {
    finish()
    name = function_name
    sub(/^in_/, "", name)
    sub(/:.*/, "", name)
}

function call(callee) {
    sub(/[@(]PLT\)?$/, "", callee)
    if (callee ~ /^tearfree_(seqcount_wait|spin_lock_contended)$/)
        return
    sub(/^tearfree_/, "", callee)
    event("call " callee)
}

# ---- The program, in the words of C11 ----

# The number of an ordering as gcc writes it, at the end of a call's arguments.
function order(arguments, names, numbers) {
    split("consume,acquire,release,acq_rel,seq_cst", names, ",")
    numbers = arguments
    sub(/[^0-9]*$/, "", numbers)
    sub(/.*[^0-9]/, "", numbers)
    return numbers == 0 ? "" : " " names[numbers]
}

function c11(line, parts, places) {
    places["1"] = "lock"
    places["2"] = "data"
    places["4"] = places["8"] = "count"
    if (match(line, /__atomic_[a-z]+_[1248] \(.*/)) {
        line = substr(line, RSTART)
        split(line, parts, /__atomic_|_| \(/)
        event((parts[2] == "exchange" ? "swap" : parts[2]) " " places[parts[3]] order(line))
    } else if (line ~ /__atomic_thread_fence/)
        event("fence" order(line))
    else if (line ~ /__atomic_signal_fence/)
        event("barrier")
    else if (line ~ /__builtin_ia32_pause|"yield"/)
        event("relax")
    else if (line ~ /={v}/)
        event(line ~ /^ *\*/ ? "store data" : "load data")
    else if (match(line, /tearfree_[a-z_]+ \(/))
        call(substr(line, RSTART, RLENGTH - 2))
}

# ---- Machine code ----

function variable(suffix) {
    return suffix == "b" ? "lock" : suffix ~ /[wh]/ ? "data" : "count"
}

function x86_64(mnemonic, operands, suffix) {
    suffix = substr(mnemonic, length(mnemonic))
    if (mnemonic ~ /^[mls]fence$|^lock$/)
        event(mnemonic ~ /^[ls]fence/ ? mnemonic : "full fence")
    else if (mnemonic " " operands ~ /^(pause|rep;? nop)/)
        event("relax")
    else if (mnemonic ~ /^call/ || (mnemonic == "jmp" && operands ~ /^tearfree/))
        call(operands)
    else if (operands !~ /\(%r/ || operands ~ /\(%rsp/ || mnemonic ~ /^lea/)
        return
    else if (mnemonic ~ /^mov[zs]/)
        event("load " variable(substr(mnemonic, 5, 1)))
    else if (mnemonic ~ /^xchg/)
        event("swap " variable(suffix))
    else if (mnemonic ~ /^(cmp|test)/ || operands !~ /\)$/)
        event("load " variable(suffix))
    else {
        if (mnemonic !~ /^mov/)
            event("load " variable(suffix))
        event("store " variable(suffix))
    }
}

# 64-bit and 32-bit Arm.
function arm(mnemonic, operands, suffix) {
    sub(/\.w$/, "", mnemonic)
    if (mnemonic ~ /^d[ms]b$|^isb$/)
        event(mnemonic " " operands)
    else if (mnemonic == "yield")
        event("relax")
    else if (mnemonic == "bl" || (mnemonic == "b" && operands ~ /^tearfree/))
        call(operands)
    else if (operands ~ /\[/ && operands !~ /\[sp/) {
        sub(/(eq|ne)$/, "", mnemonic)
        suffix = ""
        if (mnemonic !~ /^swp/ && match(mnemonic, /[bh]$/)) {
            suffix = substr(mnemonic, RSTART)
            mnemonic = substr(mnemonic, 1, RSTART - 1)
        }
        sub(/^ldu?rs?$/, "load", mnemonic)
        sub(/^stu?r$/, "store", mnemonic)
        event(mnemonic " " variable(suffix))
    }
}

form == "c11" && /^;; Function in_/ { begin($3); next }
form != "c11" && /^in_[A-Za-z0-9_]+:/ { begin($1); next }
/^;; Function|^[A-Za-z_]+:/ { finish() }
name == "" { next }
form == "c11" { c11($0); next }
{
    sub(/[[:space:]]*(#|\/\/|@ ).*$/, "")
    mnemonic = $1
    if (mnemonic !~ /^[a-z]/ || mnemonic ~ /:$/)
        next
    operands = $0
    sub(/^[[:space:]]*[^[:space:]]+[[:space:]]*/, "", operands)
    if (form == "x86_64")
        x86_64(mnemonic, operands)
    else
        arm(mnemonic, operands)
}
END { finish() }
