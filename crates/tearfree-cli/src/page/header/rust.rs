// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes declarations in Rust.

use core::fmt::Write;

use super::kinds::Kind;
use super::names::RUST;
use super::{Declaration, Member, camel_case};
use crate::outcome::Problem;

/// Declares a struct, and an enum for each field of named numbers. `payload!` takes the names of the fields from the
/// struct; fields whose names are no identifiers are described by hand.
pub(super) fn rust(declaration: &Declaration<'_>) -> Result<String, Problem> {
    let (name, members) = (declaration.type_name(&RUST), &declaration.members);
    let mut text = String::new();
    for member in members {
        if let Kind::Enum(number, names) = &member.kind {
            text += &declare_enum(member, &enum_name(&name, member), number.name, names)?;
        }
    }
    let by_macro = members.iter().all(|member| member.field.name() == member.name);
    text += if by_macro { "tearfree_page::payload! {\n" } else { "" };
    let indent = if by_macro { "    " } else { "" };
    line!(text, "{indent}/// The value of a page, made by `tearfree page header`.");
    if members.iter().any(|member| member.name.contains(|c: char| c.is_ascii_uppercase())) {
        line!(text, "{indent}#[allow(non_snake_case)]");
    }
    text +=
        &if by_macro { "    #[derive(Debug, PartialEq)]\n".to_owned() } else { derives(members) };
    line!(text, "{indent}pub struct {name} {{");
    for member in members {
        if member.name != member.field.name() {
            line!(text, "{indent}    /// The field `{}`.", member.field.name());
        }
        line!(text, "{indent}    pub {}: {},", member.name, rust_type(&name, member));
    }
    line!(text, "{indent}}}");
    if by_macro {
        line!(text, "}}");
    } else {
        text += &describe(&name, members);
    }
    Ok(text)
}

fn declare_enum(
    member: &Member<'_>,
    name: &str,
    number: &str,
    names: &[(String, String)],
) -> Result<String, Problem> {
    let mut text = String::from("tearfree_page::payload! {\n");
    line!(text, "    /// The named numbers of `{}`.", member.field.name());
    line!(text, "    #[allow(non_camel_case_types)]\n    #[derive(Debug, PartialEq)]");
    line!(text, "    pub enum {name}: {number} {{");
    for (variant, value) in names {
        if RUST.member(variant, &[]) != *variant {
            return Err(Problem::new(
                format_args!(
                    "cannot declare the field {} in Rust: '{variant}' is a keyword",
                    member.field
                ),
                "Declare the type of this field by hand.",
            ));
        }
        line!(text, "        {variant} = {value},");
    }
    line!(text, "    }}\n}}\n");
    Ok(text)
}

/// Derives what `payload!` derives.
fn derives(members: &[Member<'_>]) -> String {
    let is_any = |member: &Member<'_>| matches!(member.kind, Kind::Number(_) | Kind::Text(_));
    let from = if members.iter().all(is_any) { "FromBytes" } else { "TryFromBytes" };
    let mut text = String::from("#[derive(\n    Clone,\n    Copy,\n    Debug,\n    PartialEq,\n");
    for derived in [from, "IntoBytes", "Immutable", "KnownLayout"] {
        line!(text, "    tearfree_page::zerocopy::{derived},");
    }
    line!(text, ")]\n#[zerocopy(crate = \"tearfree_page::zerocopy\")]\n#[repr(C)]");
    text
}

/// Describes the fields by the names that they have in the schema.
fn describe(name: &str, members: &[Member<'_>]) -> String {
    let mut text = String::new();
    line!(text, "\nimpl tearfree_page::Describe for {name} {{");
    if members.iter().all(|member| matches!(member.kind, Kind::Number(_))) {
        line!(text, "    const ANY_BIT_PATTERN: Option<tearfree_page::AnyBitPattern<Self>> =");
        line!(text, "        Some(tearfree_page::AnyBitPattern::new());\n");
    }
    line!(text, "    fn describe(name: &str, schema: &mut tearfree_page::SchemaBuilder) {{");
    for member in members {
        let (kind, field) = (rust_type(name, member), member.field.name());
        line!(text, "        schema.field::<{kind}>(name, \"{field}\");");
    }
    line!(text, "    }}");
    let texts = members.iter().filter(|member| matches!(member.kind, Kind::Text(_)));
    let texts: Vec<String> = texts
        .map(|member| format!("tearfree_page::Describe::is_valid(&self.{})", member.name))
        .collect();
    if !texts.is_empty() {
        line!(
            text,
            "\n    fn is_valid(&self) -> bool {{\n        {}\n    }}",
            texts.join("\n            && ")
        );
    }
    line!(text, "}}");
    text
}

fn rust_type(name: &str, member: &Member<'_>) -> String {
    let kind = member.kind.rust(&enum_name(name, member));
    member.field.count().map_or(kind.clone(), |count| format!("[{kind}; {count}]"))
}

fn enum_name(name: &str, member: &Member<'_>) -> String {
    format!("{name}{}", camel_case(&member.name))
}
