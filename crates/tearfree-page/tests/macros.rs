// SPDX-License-Identifier: MIT OR Apache-2.0
//! `payload!` in a module whose names lead elsewhere.
#![cfg(target_os = "linux")]

/// Without a prelude, and with macros and modules of the names that `payload!` could reach for.
#[no_implicit_prelude]
mod hostile {
    macro_rules! stringify {
        ($($any:tt)*) => {
            "another"
        };
    }

    // Items of these names would take the place of a parameter and of a type.
    #[expect(dead_code, non_upper_case_globals, reason = "a name in the way")]
    static name: u8 = 0;
    #[expect(dead_code, non_upper_case_globals, reason = "a name in the way")]
    const fields: u8 = 0;
    #[expect(dead_code, non_camel_case_types, reason = "a name in the way")]
    struct str;

    ::tearfree_page::payload! {
        /// Two numbers.
        pub(super) struct Two {
            pub(super) price: f64,
            pub(super) number: u64,
        }
    }
}

#[test]
fn a_schema_has_the_names_of_the_fields_whatever_is_shadowed() {
    let schema = tearfree_page::schema_of::<hostile::Two>().expect("a schema").to_string();
    assert_eq!(schema, "price:f64 number:u64");
    let two = hostile::Two { price: 1.5, number: 2 };
    let again = two;
    assert_eq!((two.price, again.number), (1.5, 2));
}
