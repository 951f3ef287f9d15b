// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes declarations in C and Python.

use core::fmt::Write;

use super::names::PYTHON;
use super::{Declaration, Member};

/// Declares a struct for C and C++.
pub(super) fn c(declaration: &Declaration<'_>) -> String {
    let Declaration { schema, name, members } = declaration;
    let upper = name.to_ascii_uppercase();
    let mut text = String::new();
    line!(
        text,
        "/*\n * The value of the page {name}, made by `tearfree page header`. With tearfree.h:\n *"
    );
    line!(
        text,
        " *\tstruct {name} value;\n *\ttearfree_page_open(\"PAGE\", {upper}_SCHEMA, &page);"
    );
    line!(text, " *\ttearfree_page_read(page, &value, sizeof value, NULL);\n */");
    line!(text, "#ifndef {upper}_H\n#define {upper}_H\n");
    line!(text, "#include <assert.h>\n#include <stddef.h>\n#include <stdint.h>\n");
    line!(
        text,
        "#define {upper}_SCHEMA \\\n\t\"{}\"\n",
        schema.to_string().replace(' ', " \" \\\n\t\"")
    );
    line!(text, "struct {name} {{");
    for member in members {
        let Member { field, name, kind } = member;
        let count = field.count().map_or(String::new(), |count| format!("[{count}]"));
        let (base, dimension) = kind.c();
        line!(text, "\t{base} {name}{count}{dimension};{}", member.comment(" /* ", " */"));
    }
    line!(text, "}};\n");
    let all = format!("struct {name}");
    line!(text, "static_assert(sizeof({all}) == {}, \"the size of the value\");", schema.size());
    for Member { field, name, .. } in members {
        let offset = field.bytes().start;
        line!(text, "static_assert(offsetof({all}, {name}) == {offset}, \"{}\");", field.name());
    }
    line!(text, "\n#endif");
    text
}

/// Declares a class for Python.
pub(super) fn python(declaration: &Declaration<'_>) -> String {
    let Declaration { schema, members, .. } = declaration;
    let name = declaration.type_name(&PYTHON);
    let mut text = String::new();
    line!(
        text,
        "\"\"\"The value of a page, made by `tearfree page header`.\"\"\"\n\nimport ctypes\n"
    );
    line!(text, "SCHEMA = (\n    \"{}\"\n)\n\n", schema.to_string().replace(' ', " \"\n    \""));
    line!(text, "class {name}(ctypes.Structure):");
    line!(
        text,
        "    \"\"\"`{name}.from_buffer_copy(bytes)`; `numpy.dtype({name})` is its dtype.\"\"\"\n"
    );
    line!(text, "    _fields_ = [");
    for member in members {
        let kind = match (member.kind.python(), member.field.count()) {
            ((kind, _), None) => kind,
            ((kind, false), Some(count)) => format!("{kind} * {count}"),
            ((kind, true), Some(count)) => format!("({kind}) * {count}"),
        };
        line!(text, "        (\"{}\", {kind}),{}", member.name, member.comment("  # ", ""));
    }
    line!(text, "    ]\n\n\nassert ctypes.sizeof({name}) == {}", schema.size());
    text
}

impl Member<'_> {
    /// Says which field it is, if it has another name, and what its type does not say.
    fn comment(&self, begin: &str, end: &str) -> String {
        let name = Some(self.field.name().to_owned()).filter(|name| *name != self.name);
        let notes: Vec<String> = name.into_iter().chain(self.kind.note()).collect();
        if notes.is_empty() { String::new() } else { format!("{begin}{}{end}", notes.join(": ")) }
    }
}
