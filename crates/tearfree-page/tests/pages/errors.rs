// SPDX-License-Identifier: MIT OR Apache-2.0
//! What errors say: what happened, where, and what to do.

use core::error::Error as _;
use std::io;
use std::path::PathBuf;

use tearfree_page::{Damage, Error, Lost, Schema, SchemaError, Unsettled};

#[test]
fn each_error_says_what_happened_where_and_what_to_do() {
    let path = || PathBuf::from("/pages/load");
    let busy = |pid| Error::Busy { path: path(), pid, writer: None };
    let system = || Error::System {
        what: "map",
        path: path(),
        error: io::Error::from_raw_os_error(libc::ENOMEM),
    };
    let mismatch =
        Error::SchemaMismatch { path: path(), page: "a:u8".into(), wanted: "b:u8".into() };
    let owner = Error::Owner { path: path(), uid: 7, mode: 0o666, wanted: "only root may".into() };
    for (error, parts) in [
        (Error::InvalidName("a b".into()), ["name 'a b'", "use 1 to 64 letters"]),
        (Error::NoDirectory(path()), ["no directory /pages/load", "set XDG_RUNTIME_DIR"]),
        (Error::Missing(path()), ["no page at /pages/load", "start its writer"]),
        (Error::Damaged(path(), Damage::Magic), ["/pages/load is not", "magic number; remove it"]),
        (Error::NotAFile(path()), ["/pages/load is not a page", "give the directory of a page"]),
        (Error::OtherBoot(path()), ["/pages/load was created before", "start its writer"]),
        (
            mismatch,
            ["/pages/load has another schema\n  in the page: a:u8", "asked for:   b:u8; use"],
        ),
        (Error::from(SchemaError::NoFields), ["the schema has no fields", "write name:kind"]),
        (
            Error::Size { given: 3, wanted: 4 },
            ["has 3 bytes, but its schema has 4", "give as many"],
        ),
        (owner, ["/pages/load belongs to user 7", "permissions 666, but only root may; correct"]),
        (Error::NoUser("al\0".into()), ["no user 'al\\0'", "or the user's ID"]),
        (Error::NoGroup("x".into()), ["no group 'x'", "or the group's ID"]),
        (busy(Some(1)), ["/pages/load already has a writer: process 1", "stop that process"]),
        (busy(Some(std::process::id())), ["already has a writer: this process", "stop that"]),
        (busy(None), ["a process holds the lock of the page /pages/load", "stop that process"]),
        (
            Error::NoSpace { path: path(), needed: 9 },
            ["9 bytes of /pages/load", "nothing was changed"],
        ),
        (Error::NotSealed, ["not a sealed memory file", "`Writer::create_sealed`"]),
        (Error::NotSent, ["carried no page", "`Writer::send` once"]),
        (Error::from(Lost::TakenOver), ["has lost its page", "drop this writer"]),
        (Error::from(Lost::InChild), ["a forked child", "let the parent write"]),
        (Error::from(Unsettled), ["each of 1000 attempts", "try again"]),
        (system(), ["cannot map /pages/load: ", "fix the cause above"]),
    ] {
        let text = error.to_string();
        assert_eq!(text, format!("{}; {}", error.what(), error.advice()));
        assert_eq!(parts.map(|part| text.contains(part)), [true; 2], "{parts:?} in {text}");
        let has_source = matches!(error, Error::System { .. } | Error::InvalidSchema(_));
        assert_eq!(error.source().is_some(), has_source, "{text}");
    }
    assert_eq!(
        system().source().unwrap().to_string(),
        io::Error::from_raw_os_error(libc::ENOMEM).to_string()
    );
    let schema = "a:u8 b:u64".parse::<Schema>().unwrap_err();
    assert_eq!(Error::from(schema.clone()).to_string(), schema.to_string());
}
