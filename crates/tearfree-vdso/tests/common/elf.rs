// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds the functions of a vDSO as C libraries and Go do: by the dynamic section alone.

/// An image as it is in memory. Addresses are offsets: a vDSO is linked to address 0.
pub(crate) struct Elf<'a> {
    bytes: &'a [u8],
    /// The entries of the dynamic section: tags and values.
    pub(crate) dynamic: Vec<(u64, u64)>,
}

/// A symbol, as the dynamic section has it.
#[derive(Debug, PartialEq)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) kind: u8,
    pub(crate) binding: u8,
    pub(crate) section: u16,
    pub(crate) address: usize,
    pub(crate) size: usize,
}

pub(crate) const HASH: u64 = 4;
pub(crate) const STRTAB: u64 = 5;
pub(crate) const SYMTAB: u64 = 6;
pub(crate) const SONAME: u64 = 14;
pub(crate) const GNU_HASH: u64 = 0x6fff_fef5;
pub(crate) const VERSYM: u64 = 0x6fff_fff0;
pub(crate) const VERDEF: u64 = 0x6fff_fffc;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
/// A version that is the name of the file.
const VER_FLG_BASE: u16 = 1;

impl<'a> Elf<'a> {
    /// # Panics
    /// If this is no vDSO.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut elf = Elf { bytes, dynamic: Vec::new() };
        assert_eq!(&bytes[..4], b"\x7fELF");
        let headers = elf.segments();
        let (_, offset, address, _) = headers.iter().find(|one| one.0 == PT_LOAD).expect("PT_LOAD");
        assert_eq!((*offset, *address), (0, 0), "it is linked to address 0");
        let dynamic = headers.iter().find(|one| one.0 == PT_DYNAMIC).expect("PT_DYNAMIC");
        let entries = (dynamic.2..).step_by(16).map(|at| (elf.u64(at), elf.u64(at + 8)));
        elf.dynamic = entries.take_while(|entry| entry.0 != 0).collect();
        elf
    }

    /// Returns the kinds, offsets, addresses and lengths of the segments.
    pub(crate) fn segments(&self) -> Vec<(u32, usize, usize, usize)> {
        let (table, size, number) = (self.u64(32) as usize, self.u16(54), self.u16(56));
        let header = |index| {
            let at = table + usize::from(index) * usize::from(size);
            let number = |offset| self.u64(at + offset) as usize;
            (self.u32(at), number(8), number(16), number(40))
        };
        (0..number).map(header).collect()
    }

    /// Returns the value of an entry of the dynamic section.
    pub(crate) fn entry(&self, tag: u64) -> Option<usize> {
        self.dynamic.iter().find(|entry| entry.0 == tag).map(|entry| entry.1 as usize)
    }

    /// Finds a function by `DT_HASH`, as musl, Go and older C libraries do.
    pub(crate) fn find_by_hash(&self, name: &str, version: &str) -> Option<usize> {
        let Some(table) = self.entry(HASH) else { return self.find_by_gnu_hash(name, version) };
        let hash = name.bytes().fold(0_u32, |hash, byte| {
            let hash = (hash << 4).wrapping_add(byte.into());
            let high = hash & 0xf000_0000;
            (hash ^ high >> 24) & !high
        });
        let (buckets, chains) = (self.u32(table), table + 8 + self.u32(table) as usize * 4);
        let mut index = self.u32(table + 8 + (hash % buckets) as usize * 4);
        while index != 0 {
            if let Some(address) = self.matching(index, name, version) {
                return Some(address);
            }
            index = self.u32(chains + index as usize * 4);
        }
        None
    }

    /// Finds a function by `DT_GNU_HASH`, as newer C libraries do.
    pub(crate) fn find_by_gnu_hash(&self, name: &str, version: &str) -> Option<usize> {
        let table = self.entry(GNU_HASH)?;
        let hash = name
            .bytes()
            .fold(5381_u32, |hash, byte| hash.wrapping_mul(33).wrapping_add(byte.into()));
        let [buckets, first, words, shift] = [0, 4, 8, 12].map(|at| self.u32(table + at));
        let filter = self.u64(table + 16 + (hash / 64 % words) as usize * 8);
        if filter >> (hash % 64) & filter >> ((hash >> shift) % 64) & 1 == 0 {
            return None;
        }
        let bucket = table + 16 + words as usize * 8;
        let chains = bucket + buckets as usize * 4;
        let mut index = self.u32(bucket + (hash % buckets) as usize * 4);
        while index >= first {
            let link = self.u32(chains + (index - first) as usize * 4);
            if link | 1 == hash | 1
                && let Some(address) = self.matching(index, name, version)
            {
                return Some(address);
            }
            if link & 1 == 1 {
                break;
            }
            index += 1;
        }
        None
    }

    /// Returns the address of a symbol if it is a function of this name and version.
    fn matching(&self, index: u32, name: &str, version: &str) -> Option<usize> {
        let symbol = self.symbol(index);
        let is_function =
            symbol.kind == 2 && matches!(symbol.binding, 1 | 2) && symbol.section != 0;
        let is_it = is_function && symbol.name == name && symbol.version == version;
        is_it.then_some(symbol.address)
    }

    /// Returns all symbols but the first, which is none. `DT_HASH` says how many there are.
    pub(crate) fn symbols(&self) -> Vec<Symbol> {
        let number = self.u32(self.entry(HASH).expect("DT_HASH") + 4);
        (1..number).map(|index| self.symbol(index)).collect()
    }

    fn symbol(&self, index: u32) -> Symbol {
        let at = self.entry(SYMTAB).expect("DT_SYMTAB") + index as usize * 24;
        let info = self.bytes[at + 4];
        Symbol {
            name: self.text(self.u32(at)),
            version: self.version(index),
            kind: info & 15,
            binding: info >> 4,
            section: self.u16(at + 6),
            address: self.u64(at + 8) as usize,
            size: self.u64(at + 16) as usize,
        }
    }

    fn version(&self, index: u32) -> String {
        let versions = self.entry(VERSYM).expect("DT_VERSYM");
        let wanted = self.u16(versions + index as usize * 2) & 0x7fff;
        let mut at = self.entry(VERDEF).expect("DT_VERDEF");
        loop {
            let (flags, number) = (self.u16(at + 2), self.u16(at + 4));
            if flags & VER_FLG_BASE == 0 && number == wanted {
                return self.text(self.u32(at + self.u32(at + 12) as usize));
            }
            match self.u32(at + 16) {
                0 => return String::new(),
                next => at += next as usize,
            }
        }
    }

    pub(crate) fn text(&self, offset: u32) -> String {
        let at = self.entry(STRTAB).expect("DT_STRTAB") + offset as usize;
        let text = self.bytes[at..].iter().take_while(|byte| **byte != 0);
        text.map(|byte| char::from(*byte)).collect()
    }

    pub(crate) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.bytes[at..at + 2].try_into().expect("two bytes"))
    }

    pub(crate) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes"))
    }

    pub(crate) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().expect("eight bytes"))
    }
}
