// SPDX-License-Identifier: MIT OR Apache-2.0
//! `payload!` in a module that shadows the names it uses.
#![cfg(target_os = "linux")]

/// Has no prelude, and its own items under names that `payload!` could use.
#[no_implicit_prelude]
mod hostile {
    macro_rules! stringify {
        ($($any:tt)*) => {
            "wrong"
        };
    }

    // Items with the names of a parameter and of a type.
    #[expect(dead_code, non_upper_case_globals, reason = "shadows a name")]
    static name: u8 = 0;
    #[expect(dead_code, non_upper_case_globals, reason = "shadows a name")]
    const schema: u8 = 0;
    #[expect(dead_code, non_camel_case_types, reason = "shadows a name")]
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
fn payload_works_where_its_names_are_shadowed() {
    let schema = tearfree_page::schema_of::<hostile::Two>().expect("a schema").to_string();
    assert_eq!(schema, "price:f64 number:u64");
    let two = hostile::Two { price: 1.5, number: 2 };
    let again = two;
    assert_eq!((two.price, again.number), (1.5, 2));
}
