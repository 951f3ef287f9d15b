# SPDX-License-Identifier: MIT OR Apache-2.0
# Prints orders.txt as orders.awk prints a listing of the same `form`: each access and fence of C11 as the
# instructions for it. `suffixes` are those of calls.c for further types, which do the same.

BEGIN {
    FS = ":"
    if (form == "c11")
        table = ""
    else if (form == "x86_64")
        # Loads and stores are ordered anyway; only the compiler has to be stopped.
        table = "load V acquire=load V,store V release=store V,swap V acquire=swap V,fence acquire=," \
            "fence release=,fence seq_cst=full fence,barrier="
    else if (form == "aarch64")
        table = "load V acquire=ldar V,store V release=stlr V,swap V acquire=ldaxr V; stxr V," \
            "fence acquire=dmb ishld,fence release=dmb ish,fence seq_cst=dmb ish,barrier="
    else if (form == "arm")
        table = "load V acquire=load V; dmb ish,store V release=dmb ish; store V," \
            "swap V acquire=ldrex V; strex V; dmb ish," \
            "fence acquire=dmb ish,fence release=dmb ish,fence seq_cst=dmb ish,barrier="
    count = split(table, rows, ",")
    for (i = 1; i <= count; i++) {
        split(rows[i], sides, "=")
        instructions[sides[1]] = sides[2]
    }
    kinds = split(suffixes, kind, " ")
}

# Translates one access of C11.
function translated(access, place, pattern) {
    pattern = access
    place = ""
    if (match(access, / (count|lock|data)/)) {
        place = substr(access, RSTART + 1, RLENGTH - 1)
        sub(place, "V", pattern)
    }
    if (!(pattern in instructions))
        return access
    pattern = instructions[pattern]
    gsub(/V/, place, pattern)
    return pattern
}

/^#|^$/ { next }
{
    events = "store data"
    steps = split($2, step, ";")
    for (i = 1; i <= steps; i++) {
        gsub(/^ +| +$/, "", step[i])
        one = translated(step[i])
        if (one != "")
            events = events "; " one
    }
    events = events "; load data"
    calls = split($1, call, " ")
    for (i = 1; i <= calls; i++) {
        print call[i] ": " events
        # The calls that take each type of count.
        if (call[i] ~ /seqcount/ && call[i] !~ /_init$|latch/)
            for (j = 1; j <= kinds; j++)
                print call[i] kind[j] ": " events
    }
}
