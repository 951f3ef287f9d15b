// SPDX-License-Identifier: MIT OR Apache-2.0
//! The image as a file: what the kernel, C libraries, Go and debuggers find in it.

mod common;

use std::collections::BTreeSet;

use common::elf::{Elf, GNU_HASH, HASH, SONAME, STRTAB, SYMTAB, VERDEF, VERSYM};
use object::elf::{self, SHF_EXECINSTR, SHF_WRITE};
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader, SectionHeader};
use object::{LittleEndian, Object};
use tearfree_vdso::{FUNCTIONS, HOST_FUNCTIONS_OFFSET, IMAGE, VERSION};

const FUNCTION: u8 = 2;

#[test]
fn it_has_the_segments_of_a_vdso() {
    let file = ElfFile64::<LittleEndian>::parse(IMAGE).expect("an ELF file");
    let header = file.elf_header();
    assert_eq!(header.e_type(LittleEndian), elf::ET_DYN);
    let machine = if cfg!(target_arch = "x86_64") { elf::EM_X86_64 } else { elf::EM_AARCH64 };
    assert_eq!(header.e_machine(LittleEndian), machine);
    let segments = file.elf_program_headers().iter();
    let found: Vec<_> =
        segments.map(|one| (one.p_type(LittleEndian), one.p_flags(LittleEndian))).collect();
    let expected = [
        (elf::PT_LOAD, elf::PF_R | elf::PF_X),
        (elf::PT_DYNAMIC, elf::PF_R),
        (elf::PT_NOTE, elf::PF_R),
        (elf::PT_GNU_EH_FRAME, elf::PF_R),
    ];
    assert_eq!(found, expected, "the only segment of memory is read and executed");
    let code = &file.elf_program_headers()[0];
    let (from, to) = (code.p_offset(LittleEndian), code.p_memsz(LittleEndian));
    assert_eq!((from, code.p_vaddr(LittleEndian)), (0, 0), "it is mapped as it is");
    assert_eq!(to, code.p_filesz(LittleEndian), "no memory is filled with zeros");
    assert!(IMAGE.len() <= HOST_FUNCTIONS_OFFSET, "{} bytes are too many", IMAGE.len());
}

/// The linker would have put a function that panics, a copy or the C library among the undefined symbols.
#[test]
fn it_needs_no_loader_and_no_other_code() {
    let elf = Elf::new(IMAGE);
    let known = [SONAME, HASH, GNU_HASH, STRTAB, SYMTAB, VERDEF, VERSYM];
    // Sizes of entries, the number of versions, and "find own symbols first".
    let numbers = [10, 11, 16, 30, 0x6fff_fffd];
    for (tag, value) in &elf.dynamic {
        let is_known = known.contains(tag) || numbers.contains(tag);
        assert!(is_known, "the dynamic section asks a loader for something: {tag:#x} {value:#x}");
    }
    assert_eq!(elf.entry(30).unwrap_or(2), 2, "DF_SYMBOLIC is the only flag");
    assert_eq!(elf.text(elf.entry(SONAME).expect("a name") as u32), "linux-vdso.so.1");
    for symbol in elf.symbols() {
        assert_ne!(symbol.section, 0, "{symbol:?} is undefined");
    }
    let text = String::from_utf8_lossy(IMAGE);
    assert!(!text.contains("panic") && !text.contains(".rs"), "a panic has a message and a place");
}

#[test]
fn nothing_in_it_is_writable_or_relocated() {
    let file = ElfFile64::<LittleEndian>::parse(IMAGE).expect("an ELF file");
    let sections = file.elf_section_table();
    for section in sections.iter() {
        let name = sections.section_name(LittleEndian, section).expect("a name");
        let name = String::from_utf8_lossy(name);
        let kind = section.sh_type(LittleEndian);
        let is_relocation = matches!(kind, elf::SHT_RELA | elf::SHT_REL | elf::SHT_RELR);
        assert!(!is_relocation && kind != elf::SHT_NOBITS, "{name} is of type {kind}");
        let flags = section.sh_flags(LittleEndian);
        // Linkers mark them so, because loaders write into them; in the memory of a vDSO no one can.
        let is_writable = flags & SHF_WRITE == SHF_WRITE;
        assert!(!is_writable || name == ".dynamic" || name == ".got", "{name} is writable");
        assert_eq!(flags & SHF_EXECINSTR == SHF_EXECINSTR, name == ".text", "{name} is code");
    }
    assert!(file.dynamic_relocations().is_none_or(|mut all| all.next().is_none()));
}

#[test]
fn each_function_is_found_by_both_hash_tables_and_by_its_version_only() {
    let elf = Elf::new(IMAGE);
    let symbols = elf.symbols();
    let found: BTreeSet<&str> = symbols
        .iter()
        .filter(|symbol| symbol.kind == FUNCTION)
        .map(|symbol| symbol.name.as_str())
        .collect();
    assert_eq!(found, FUNCTIONS.iter().copied().collect());
    for name in FUNCTIONS {
        let symbol = symbols.iter().find(|symbol| symbol.name == *name).expect("it was just found");
        let address = Some(symbol.address);
        assert_eq!(elf.find_by_hash(name, VERSION), address, "{name}");
        assert_eq!(elf.find_by_gnu_hash(name, VERSION), address, "{name}");
        for other in [format!("{name}_"), "getrandom".to_owned(), String::new()] {
            assert_eq!(elf.find_by_hash(&other, VERSION), None, "{other}");
            assert_eq!(elf.find_by_gnu_hash(&other, VERSION), None, "{other}");
        }
        assert_eq!(elf.find_by_hash(name, "LINUX_2.5"), None, "{name}");
        assert_eq!(elf.find_by_gnu_hash(name, "LINUX_2.5"), None, "{name}");
    }
}

#[test]
fn names_versions_and_bindings_are_those_of_the_running_kernel() {
    let Some((bytes, _)) = common::kernel_vdso() else {
        return eprintln!("left out: this machine has no vDSO");
    };
    let kernel = Elf::new(bytes);
    if kernel.entry(HASH).is_none() {
        return eprintln!("left out: the symbols of this vDSO cannot be counted");
    }
    let (theirs, mut missing) = (kernel.symbols(), Vec::new());
    for ours in Elf::new(IMAGE).symbols().iter().filter(|symbol| symbol.kind == FUNCTION) {
        let Some(same) = theirs.iter().find(|symbol| symbol.name == ours.name) else {
            missing.push(ours.name.clone());
            continue;
        };
        assert_eq!(ours.version, same.version, "{}", ours.name);
        assert_eq!((ours.kind, ours.binding), (same.kind, same.binding), "{}", ours.name);
    }
    // The vDSO of an emulator has fewer.
    let is_emulated = std::env::var_os("TEARFREE_TEST_EMULATOR").is_some();
    assert!(missing.is_empty() || is_emulated, "the kernel has no {missing:?}");
}

/// Debuggers, profilers and unwinders find the frame of a function by this table.
#[test]
fn unwind_information_covers_each_byte_of_each_function() {
    let elf = Elf::new(IMAGE);
    let frames = elf.segments().into_iter().find(|one| one.0 == elf::PT_GNU_EH_FRAME.0);
    let table = frames.expect("a table of frames").1;
    // Version 1; the address of `.eh_frame` relative to itself; 4 bytes; signed offsets from the table on.
    assert_eq!(elf.u32(table).to_le_bytes(), [1, 0x1b, 0x03, 0x3b]);
    let offset = |at: usize| table.wrapping_add_signed(elf.u32(at).cast_signed() as isize);
    let mut covered = Vec::new();
    for entry in 0..elf.u32(table + 8) as usize {
        let at = table + 12 + entry * 8;
        let (start, description) = (offset(at), offset(at + 4));
        // Behind the length and the pointer to what is common: the start, relative to itself, and the length.
        let relative = elf.u32(description + 8).cast_signed() as isize;
        assert_eq!((description + 8).wrapping_add_signed(relative), start);
        covered.push(start..start + elf.u32(description + 12) as usize);
    }
    for symbol in elf.symbols().iter().filter(|symbol| symbol.kind == FUNCTION) {
        // Unwinders know this one by its instructions, as the kernel's.
        let is_known = symbol.name == "__kernel_rt_sigreturn";
        let end = symbol.address + symbol.size;
        let is_covered = covered.iter().any(|one| one.start <= symbol.address && end <= one.end);
        assert!(symbol.size > 0 && (is_covered || is_known), "{symbol:?}: {covered:x?}");
    }
}
