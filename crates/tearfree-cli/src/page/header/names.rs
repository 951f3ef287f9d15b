// SPDX-License-Identifier: MIT OR Apache-2.0
//! Turns the names of pages and fields into identifiers of C, Rust and Python.

/// The words of a language that are not names.
pub(super) struct Names {
    words: &'static str,
}

/// C and C++: their keywords, and the macros of the compilers and of the headers that are included.
pub(super) const C: Names = Names {
    words: "alignas alignof and and_eq asm assert auto bitand bitor bool break case catch char char16_t char32_t \
            char8_t class co_await co_return co_yield compl concept const const_cast consteval constexpr constinit \
            continue decltype default delete do double dynamic_cast else enum explicit export extern false float for \
            friend goto i386 if inline int linux long mutable namespace new noexcept not not_eq nullptr NULL offsetof \
            operator or or_eq private protected public register reinterpret_cast requires restrict return short signed \
            sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef \
            typeid typename typeof typeof_unqual union unix unsigned using virtual void volatile wchar_t while xor \
            xor_eq int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t",
};

/// Rust: the keywords of all editions.
pub(super) const RUST: Names = Names {
    words: "_ abstract as async await become box break const continue crate do dyn else enum extern false final fn for \
            gen if impl in let loop macro match mod move mut override priv pub ref return self Self static struct super \
            trait true try type typeof unsafe unsized use virtual where while yield",
};

/// Python: its keywords, and the attributes that ctypes gives a meaning.
pub(super) const PYTHON: Names = Names {
    words: "False None True and as assert async await break class continue def del elif else except finally for from \
            global if import in is lambda nonlocal not or pass raise return try while with yield ctypes SCHEMA _fields_ \
            _pack_ _anonymous_ _align_ _layout_",
};

impl Names {
    /// Makes an identifier of the name of a page, which may be any text.
    pub(super) fn name(&self, name: &str) -> String {
        let valid = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = name.chars().map(valid).collect();
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
        self.unreserved(if begins { name } else { format!("page_{name}") })
    }

    /// Makes an identifier of the name of a field: the dots of nested structs become underscores. `others` are taken.
    pub(super) fn member(&self, name: &str, others: &[String]) -> String {
        let mut name = self.unreserved(name.replace('.', "_"));
        while others.contains(&name) {
            name.push('_');
        }
        name
    }

    /// Appends an underscore to a word of the language, and to what may be a macro of C.
    fn unreserved(&self, name: String) -> String {
        let is_macro = name.starts_with("__")
            || (name.to_ascii_uppercase() == name
                && ["_MAX", "_MIN", "_WIDTH"].iter().any(|end| name.ends_with(end)));
        match is_macro || self.words.split_ascii_whitespace().any(|word| word == name) {
            true => name + "_",
            false => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pages_become_identifiers() {
        for (name, expected) in [
            ("rates", "rates"),
            ("my-rates.v2", "my_rates_v2"),
            ("2nd", "page_2nd"),
            ("", "page_"),
            ("struct", "struct_"),
            ("é*/", "page____"),
        ] {
            assert_eq!(C.name(name), expected, "{name}");
        }
    }

    #[test]
    fn names_of_fields_become_identifiers_that_differ() {
        let mut names = Vec::new();
        for (field, expected) in [
            ("a.b", "a_b"),
            ("a_b", "a_b_"),
            ("a_b_", "a_b__"),
            ("class", "class_"),
            ("class_", "class__"),
            ("__LINE__", "__LINE___"),
            ("INT8_MAX", "INT8_MAX_"),
            ("type", "type"),
        ] {
            let name = C.member(field, &names);
            assert_eq!(name, expected);
            names.push(name);
        }
        assert_eq!(RUST.member("type", &[]), "type_");
        assert_eq!(RUST.member("_", &[]), "__");
        assert_eq!(PYTHON.member("_fields_", &[]), "_fields__");
    }
}
