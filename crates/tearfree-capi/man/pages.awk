# SPDX-License-Identifier: MIT OR Apache-2.0
# Writes the manual pages of section 3 from the headers, into a directory that exists. For POSIX awk, so that an installation
# needs no other tool:
#
#   awk -v directory=DIR -v version=0.1.0 -f man/pages.awk include/tearfree.h include/tearfree/*.h
#
# A header has parts, "/* ---- Title ---- */", or is one, "/* Title. Included by <tearfree.h>. */". In a part, a comment belongs to the declarations that follow it without an
# empty line. Those of functions make a page: of its first function, with links from the others. What else is in a part,
# types and numbers, is the page of the part, such as tearfree_pages(3).

BEGIN { part = 0; titles[0] = "values that processes share, from C" }

# What is inline is declared and described in <tearfree.h>.
FILENAME ~ /inline\.h$/ { next }
FNR == 1 { end_block() }
/^#ifdef __cplusplus/ { skipping = 1 }
skipping { skipping = !/^#endif/; next }
/^\/\* SPDX-/ { next }
/^#(ifndef|define TEARFREE[A-Z_]*_H$|include|endif)/ { next }

/^\/\* (---- .* ----|.* Included by <tearfree\.h>\.) \*\/$/ {
    end_block()
    part++
    gsub(/^\/\* (---- )?|( ----|\. Included by <tearfree\.h>\.) \*\/$/, "")
    titles[part] = $0
    next
}
/^\/\*/ { end_block(); in_comment = 1 }
in_comment {
    in_comment = !/\*\//
    gsub(/^ ?\/?\*+ ?|[ \t]*\*\/$/, "")
    comment = comment $0 "\n"
    next
}
/^$/ { end_block(); next }
{ code = code $0 "\n" }
END { end_block(); write_parts() }

# Ends a comment with its declarations: a page, or a paragraph of the page of the part.
function end_block() {
    if (code ~ /tearfree_[a-z_]+\(/ && code !~ /\{|^#define/)
        write_functions()
    else if (comment code ~ /[^\n]/)
        blocks[part] = blocks[part] (blocks[part] == "" ? "" : ".PP\n") format(comment) (code == "" ? "" : block(code))
    comment = code = ""
}

function write_functions(    count, declarations, i, first, name, file) {
    count = split(code, declarations, /;\n/) - 1
    first = name_of(declarations[1])
    file = begin(first, first)
    for (i = 2; i <= count; i++)
        printf ", %s", name_of(declarations[i]) >file
    printf " \\- %s\n.SH SYNOPSIS\n.nf\n#include <tearfree.h>\n.sp\n%s.fi\n", escape(summary(comment)), code_text(code) >file
    printf ".SH DESCRIPTION\n%s", format(comment) >file
    # Functions that return something else say so.
    if (code ~ /^int / && comment !~ /^\n?Returns? /)
        printf ".SH RETURN VALUE\n0, or a number of\n.BR tearfree_errors (3);\nthen\n.BR tearfree_last_error (3)\nsays what happened, and what to do.\n" >file
    printf ".SH SEE ALSO\n.BR tearfree (3),\n.BR %s (3)\n", part_name(part) >file
    close(file)
    for (i = 1; i <= count; i++) {
        name = name_of(declarations[i])
        functions[part] = functions[part] (functions[part] == "" ? "" : ".br\n") ".BR " name " (3)\n"
        if (i > 1) {
            file = directory "/" name ".3"
            printf ".so man3/%s.3\n", first >file
            close(file)
        }
    }
}

function write_parts(    i, file) {
    for (i = 0; i <= part; i++) {
        file = begin(part_name(i), part_name(i))
        printf " \\- %s\n.SH SYNOPSIS\n.nf\n#include <tearfree.h>\n.fi\n.SH DESCRIPTION\n%s", part_summary(titles[i]), blocks[i] >file
        if (i > 0)
            printf ".SH FUNCTIONS\n%s", functions[i] >file
        printf ".SH SEE ALSO\n%s", related(i) >file
        close(file)
    }
}

function related(of,    i, text) {
    if (of > 0)
        return ".BR tearfree (3),\n.BR tearfree (1)\n"
    for (i = 1; i <= part; i++)
        text = text ".BR " part_name(i) " (3),\n"
    return text ".BR tearfree (1)\n"
}

# Begins a page with its title and the first of its names.
function begin(page, name,    file) {
    file = directory "/" page ".3"
    printf ".TH %s 3 \"\" \"tearfree %s\" \"tearfree\"\n.SH NAME\n%s", page, version, name >file
    return file
}

function name_of(declaration) {
    match(declaration, /tearfree_[a-z_]+\(/)
    return substr(declaration, RSTART, RLENGTH - 1)
}

# "Pages: one value ..." is tearfree_pages, "The clock: ..." is tearfree_clock.
function part_name(number,    name) {
    if (number == 0)
        return "tearfree"
    name = tolower(titles[number])
    sub(/:.*/, "", name)
    sub(/^the /, "", name)
    gsub(/ /, "_", name)
    return "tearfree_" name
}

function part_summary(title) { sub(/^[^:]*: /, "", title); return lower_first(title) }

# The first sentence, or its first clause.
function summary(text) {
    sub(/^\n/, "", text)
    gsub(/\n/, " ", text)
    sub(/[.:;]( .*|$)/, "", text)
    sub(/ (to|of) `.*/, "", text) # an argument
    gsub(/`/, "", text)
    while (length(text) > 70 && text ~ /,/)
        sub(/,[^,]*$/, "", text)
    sub(/[ ,]+$/, "", text)
    return lower_first(text)
}

function lower_first(text) { return tolower(substr(text, 1, 1)) substr(text, 2) }

# Formats a comment: paragraphs, and code where a line begins with a tab.
function format(text,    lines, count, i, out, example, open) {
    count = split(text, lines, "\n")
    for (i = 1; i <= count; i++) {
        if (lines[i] ~ /^\t/ || (example != "" && lines[i] == "")) {
            example = example substr(lines[i], 2) "\n"
            continue
        }
        if (example != "") {
            sub(/\n+$/, "\n", example)
            out = out block(example)
            example = ""
            open = 0
        }
        if (lines[i] == "") {
            open = 0
            continue
        }
        out = out (open || out == "" ? "" : ".PP\n") prose(lines[i]) "\n"
        open = 1
    }
    return out (example == "" ? "" : block(example))
}

function prose(line,    out) {
    line = escape(line)
    while (match(line, /tearfree_[a-z_]*[a-z]|`[^`]*`/)) {
        out = out substr(line, 1, RSTART - 1) emphasise(substr(line, RSTART, RLENGTH))
        line = substr(line, RSTART + RLENGTH)
    }
    return out line
}

function emphasise(word) {
    if (word !~ /^`/)
        return "\\fB" word "\\fP"
    return "\\fI" substr(word, 2, length(word) - 2) "\\fP"
}

function block(text) { return ".RS 4\n.nf\n" code_text(text) ".fi\n.RE\n" }

function code_text(text) {
    text = escape(text)
    gsub(/-/, "\\-", text)
    gsub(/\t/, "        ", text)
    return text
}

# Keeps characters of the text from being commands of roff.
function escape(text) {
    gsub(/\\/, "\\e", text)
    gsub(/\n\./, "\n\\\\\\&.", text)
    sub(/^[.']/, "\\\\\\&&", text)
    return text
}
