# SPDX-License-Identifier: MIT OR Apache-2.0
# Prints the loads, fences and calls of each function of a listing, of x86-64 or AArch64, that reads the counter:
# "NAME: EVENT; EVENT". Loads by inline assembly are those of a page's record, "words".

function event(text) {
    if (text == "words" && last == text)
        return
    events = events (events == "" ? "" : "; ") text
    last = text
    if (text == "counter")
        reads = 1
}

function finish() {
    if (reads || name ~ /clock_coarse$/)
        print name ": " events
    events = last = ""
    reads = is_assembly = 0
}

/^[A-Za-z_][A-Za-z0-9_.$]*:/ { finish(); name = substr($1, 1, length($1) - 1) ; next }
/^[[:space:]]*(#|\/\/)APP/ { is_assembly = 1 }
/^[[:space:]]*(#|\/\/)NO_APP/ { is_assembly = 0 }
/#MEMBARRIER/ { event("fence") }
$1 ~ /^([lms]fence|lock|isb)$/ { event($1) }
$1 == "dmb" { event("dmb " $2) }
$1 == "rdtsc" || ($1 == "mrs" && toupper($3) == "CNTVCT_EL0") { event("counter") }
$1 ~ /^(call|ret|bl$)/ { event($1 ~ /^ret/ ? "return" : "call") }
$1 ~ /^lda/ { event("load acquire") }
$1 ~ /^(mov|cmp|xor|ldr|ldur|ldp)/ && /(\(%r[^si]|\(%rsi|\[x)/ && !/\(%rsp/ && !/, (-?[0-9]+)?\([^)]*\)$/ {
    event(is_assembly ? "words" : "load")
}
END { finish() }
