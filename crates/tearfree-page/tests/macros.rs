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

    #[expect(dead_code, reason = "shadows a name")]
    enum Option {
        Some,
        None,
    }

    ::tearfree_page::payload! {
        /// A named number.
        #[derive(::core::fmt::Debug, ::core::cmp::PartialEq)]
        pub(super) enum State: i16 {
            /// A name of the prelude.
            None = -1,
            Ok = 7,
        }
    }

    ::tearfree_page::payload! {
        /// Two numbers.
        pub(super) struct Two {
            pub(super) price: f64,
            pub(super) number: u64,
        }
    }
}

/// The same without a macro `stringify` and types `bool` and `i128`: zerocopy's derives use these by their
/// names.
#[no_implicit_prelude]
mod hostile_to_checked {
    use super::hostile::State;

    #[expect(dead_code, non_upper_case_globals, reason = "shadows a name")]
    static name: u8 = 0;
    #[expect(dead_code, non_camel_case_types, reason = "shadows a name")]
    struct str;
    #[expect(dead_code, reason = "shadows a name")]
    enum Option {
        Some,
        None,
    }

    ::tearfree_page::payload! {
        /// All kinds.
        pub(super) struct All {
            pub(super) state: State,
            pub(super) states: [State; 2],
            pub(super) is_on: bool,
            pub(super) text: ::tearfree_page::Text<9>,
        }
    }
}

#[test]
fn checked_payloads_work_where_their_names_are_shadowed() {
    use hostile::State;
    use hostile_to_checked::All;
    let schema = tearfree_page::schema_of::<All>().expect("a schema").to_string();
    let kind = "i16{None=-1,Ok=7}";
    assert_eq!(schema, format!("state:{kind} states:{kind}[2] is_on:bool text:text[9]"));
    let text = tearfree_page::Text::new("x").expect("it fits");
    let all = All { state: State::Ok, states: [State::None; 2], is_on: true, text };
    let again = all;
    assert_eq!((all.state, again.states[1], again.text.as_str()), (State::Ok, State::None, "x"));
    assert!(again.is_on);
}

#[test]
fn payload_works_where_its_names_are_shadowed() {
    let schema = tearfree_page::schema_of::<hostile::Two>().expect("a schema").to_string();
    assert_eq!(schema, "price:f64 number:u64");
    let two = hostile::Two { price: 1.5, number: 2 };
    let again = two;
    assert_eq!((two.price, again.number), (1.5, 2));
}
