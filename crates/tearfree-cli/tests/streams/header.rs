// SPDX-License-Identifier: MIT OR Apache-2.0
//! `page header`: what it prints is compiled.

use std::fs;
use std::process::{Command, Stdio};

use tearfree_page::{Options, Reader, Text, Writer};

use crate::support::Pages;

/// All kinds, and names that are no identifiers somewhere.
const FIELDS: [&str; 26] = [
    "wide:u128",
    "cold:i128[2]",
    "price:f64",
    "qty:u64",
    "limit:i64",
    "ratio:f32[3]",
    "count:u32",
    "delta:i32",
    "port:u16[3]",
    "small:i16",
    "modes:i16{down=-1,none=0,up=1}[2]",
    "byte:u8",
    "flag:i8",
    "class:u8",
    "type:u8",
    "leg.0:u8",
    "leg_0:u8",
    "def:u8",
    "INT8_MAX:u8",
    "linux:u8",
    "state:u8{idle=0,busy=1}",
    "on:bool",
    "title:text[5]",
    "tags:text[2][2]",
    "fill:u8[8]",
    "_:u32[3]",
];

/// Declarations that the command printed, compiled with this test. `BLESS=1` writes them again.
mod plain {
    include!("header/plain.rs.txt");
}
#[expect(
    unreachable_pub,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "its user may have other lints"
)]
mod renamed {
    include!("header/renamed.rs.txt");
}
#[expect(unreachable_pub, reason = "its user may export it")]
mod numbers {
    include!("header/numbers.rs.txt");
}

#[test]
fn the_rust_struct_is_that_of_the_page() {
    let pages = Pages::new();
    let kinds = ["state:u8{idle=0,busy=1}=busy", "on:bool=true", "name:text[6]=x"];
    let fields = [&["price:f64=1.5", "last:i16[4]=1,2,3,4"], &kinds[..]].concat();
    pages.succeed("create", "plain-rates", &fields);
    pages.succeed("create", "renamed", &FIELDS);
    pages.succeed("create", "numbers", &["type:u8=5", "n:u8[3]=1,2,3"]);
    for (page, file) in [
        ("plain-rates", "plain.rs.txt"),
        ("renamed", "renamed.rs.txt"),
        ("numbers", "numbers.rs.txt"),
    ] {
        let printed = pages.succeed("header", page, &["--rust"]);
        let file = format!("{}/tests/streams/header/{file}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &printed).expect("the sources are here");
        }
        assert_eq!(
            fs::read_to_string(&file).expect("it is there"),
            printed,
            "BLESS=1 renews {file}"
        );
    }
    let reader = Reader::<plain::PlainRates>::open(pages.path("plain-rates")).expect("its schema");
    let value = reader.get().expect("one value");
    let (state, name) = (plain::PlainRatesState::busy, Text::new("x").expect("it fits"));
    assert_eq!(value, plain::PlainRates { price: 1.5, last: [1, 2, 3, 4], state, on: true, name });
    let reader = Reader::<numbers::Numbers>::open(pages.path("numbers")).expect("its schema");
    assert_eq!(reader.get().expect("one value"), numbers::Numbers { type_: 5, n: [1, 2, 3] });
    let reader = Reader::<renamed::Renamed>::open(pages.path("renamed")).expect("its schema");
    let mut value = reader.get().expect("one value");
    (value.leg_0, value.leg_0_, value.type_) = (1, 2, 3);
    (value.on, value.tags[1]) = (true, Text::new("é").expect("it fits"));
    value.modes[1] = renamed::RenamedModes::down;
    let writer = Writer::create(pages.path("renamed"), value, &Options::new());
    drop(writer.expect("its schema"));
    let names = ["leg.0", "leg_0", "type", "class", "on", "tags[1]", "modes"];
    assert_eq!(pages.succeed("get", "renamed", &names), "1\n2\n3\n0\ntrue\né\nnone,down\n");
}

#[test]
fn the_c_struct_compiles_in_c_and_cpp() {
    let pages = Pages::new();
    pages.succeed("create", "struct", &FIELDS);
    fs::write(pages.path("struct.h"), pages.succeed("header", "struct", &[])).expect("a file");
    assert_eq!(pages.succeed("header", "struct", &["--c"]), pages.succeed("header", "struct", &[]));
    // Twice, as headers are; the compiler's own warnings are errors.
    let program = "#include \"struct.h\"\n#include \"struct.h\"\n#include <stdio.h>\n\
                   int main(void) { struct struct_ s = {0}; s.class_ = 1; s.leg_0 = 2; s.leg_0_ = 3;\n\
                   return puts(STRUCT__SCHEMA) < 0 || s.class_ + s.leg_0 + s.leg_0_ != 6; }\n";
    fs::write(pages.path("main.c"), program.replace("= {0}", "= {}")).expect("a file");
    let source = pages.path("main.c");
    let mut compiled = 0;
    for (compiler, options) in [
        ("cc", &["-std=gnu11"][..]),
        ("cc", &["-std=gnu2x"]),
        ("c++", &["-x", "c++", "-std=c++11"]),
        ("c++", &["-x", "c++", "-std=c++20"]),
    ] {
        let binary = pages.path("program");
        let mut command = Command::new(compiler);
        command
            .args(options)
            .args(["-Wall", "-Wextra", "-Werror"])
            .arg("-o")
            .arg(&binary)
            .arg(&source);
        let Ok(output) = command.stdin(Stdio::null()).output() else { continue };
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{compiler} {options:?}: {errors}");
        let output = Command::new(&binary).output().expect("it was built");
        assert_eq!(String::from_utf8_lossy(&output.stdout), FIELDS.join(" ") + "\n");
        assert!(output.status.success());
        compiled += 1;
    }
    if compiled == 0 {
        eprintln!("left out: there is no C compiler here");
    }
}

#[test]
fn the_python_class_has_the_layout_of_the_page() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &FIELDS);
    pages.succeed("set", "rates", &["class=5", "ratio[1]=0.5", "leg.0=6", "port[2]=700"]);
    fs::write(pages.path("declared.py"), pages.succeed("header", "rates", &["--python"]))
        .expect("a file");
    // Slot 0 or 1 of the page has the value; here it is read by the class itself.
    let program = "import declared\n\
                   value = declared.Rates()\n\
                   value.class_, value.leg_0, value.port[2] = 5, 6, 700\n\
                   offsets = [getattr(declared.Rates, name).offset for name, _ in declared.Rates._fields_]\n\
                   print(declared.SCHEMA)\n\
                   print(*offsets)\n";
    let mut command = Command::new("python3");
    let Ok(output) = command.args(["-c", program]).current_dir(pages.folder.path()).output() else {
        return eprintln!("left out: there is no Python here");
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let schema: tearfree_page::Schema = FIELDS.join(" ").parse().expect("valid");
    let offsets = schema.fields().iter().map(|field| field.bytes().start.to_string());
    let offsets: Vec<String> = offsets.collect();
    let expected = format!("{}\n{}\n", FIELDS.join(" "), offsets.join(" "));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}
