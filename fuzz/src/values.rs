// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock` and `SeqLatch` with values of many sizes and alignments, compared with a plain value.

use core::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use tearfree::{SeqLatch, SeqLock, Version, field};

/// A value of `LEN` bytes, `OFFSET` bytes behind a word boundary, between other fields.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Placed<const OFFSET: usize, const LEN: usize> {
    before: [u8; OFFSET],
    value: [u8; LEN],
    after: [u8; 5],
}

/// A change of the value. Indices are taken modulo its length.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Change {
    /// Sets all bytes, from a seed.
    Fill(u8),
    Byte(u16, u8),
    Neighbours(u8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Call {
    Set(Change),
    SetFrom(Change),
    Update(Change),
    TryUpdate(Change),
    TryUpdateWithErr(Change),
    Guard(Change),
    TryWrite(Change),
    Discard(Change),
    GetMut(Change),
    Split(Change),
    IntoInner,
    Excl,
    Versions,
}

impl Change {
    fn apply<const OFFSET: usize, const LEN: usize>(
        self,
        mut whole: Placed<OFFSET, LEN>,
    ) -> Placed<OFFSET, LEN> {
        match self {
            Change::Fill(seed) => {
                let byte = |i: usize| seed.wrapping_mul(31).wrapping_add(i.to_le_bytes()[0]);
                whole.value = core::array::from_fn(byte);
            }
            Change::Byte(at, byte) => {
                if let Some(old) = whole.value.get_mut(usize::from(at) % LEN.max(1)) {
                    *old = byte;
                }
            }
            Change::Neighbours(byte) => {
                whole.before.fill(byte);
                whole.after.fill(!byte);
            }
        }
        whole
    }
}

/// A lock and a latch, and their model.
struct Compared<const OFFSET: usize, const LEN: usize> {
    lock: SeqLock<Placed<OFFSET, LEN>>,
    latch: SeqLatch<Placed<OFFSET, LEN>>,
    model: Placed<OFFSET, LEN>,
    seen: Version,
    changed: bool,
}

impl<const OFFSET: usize, const LEN: usize> Compared<OFFSET, LEN> {
    fn new() -> Self {
        let model = Placed { before: [0; OFFSET], value: [0; LEN], after: [0; 5] };
        let lock = SeqLock::new(model);
        let seen = lock.version();
        Compared { lock, latch: SeqLatch::new(model), model, seen, changed: false }
    }

    fn call(&mut self, call: Call) {
        match call {
            Call::Set(change)
            | Call::SetFrom(change)
            | Call::Update(change)
            | Call::TryUpdate(change)
            | Call::Guard(change)
            | Call::TryWrite(change)
            | Call::GetMut(change)
            | Call::Split(change) => {
                let new = change.apply(self.model);
                self.write(call, new);
                (self.model, self.changed) = (new, true);
            }
            Call::TryUpdateWithErr(change) => {
                let new = change.apply(self.model);
                let failed = self
                    .lock
                    .update_or_discard(|value| Err::<(), _>(core::mem::replace(value, new)));
                assert_eq!(failed, Err(self.model));
            }
            Call::Discard(change) => {
                let mut guard = self.lock.write();
                *guard = change.apply(self.model);
                guard.discard();
            }
            Call::IntoInner => {
                let old = core::mem::replace(self, Compared::new());
                assert_eq!((old.lock.into_inner(), old.latch.into_inner()), (old.model, old.model));
            }
            Call::Excl => {
                let guard = self.lock.read_excl();
                assert!(self.lock.try_write().is_none() && self.lock.try_read_excl().is_none());
                assert_eq!(*guard, self.model);
            }
            Call::Versions => self.check_versions(),
        }
        self.check();
    }

    fn write(&mut self, call: Call, new: Placed<OFFSET, LEN>) {
        let (lock, old) = (&mut self.lock, self.model);
        match call {
            Call::Set(_) => lock.set(new),
            Call::SetFrom(_) => lock.set_from(&new),
            Call::Update(_) => assert_eq!(lock.update(|v| core::mem::replace(v, new)), old),
            Call::TryUpdate(_) => {
                assert_eq!(
                    lock.update_or_discard(|v| Ok::<_, ()>(core::mem::replace(v, new))),
                    Ok(old)
                );
            }
            Call::TryWrite(_) => *lock.try_write().expect("the lock is free") = new,
            Call::GetMut(_) => *lock.get_mut() = new,
            Call::Split(_) => {
                let (mut writer, reader) = lock.split();
                writer.set_from(&new);
                assert_eq!((writer.get(), reader.read()), (new, new));
            }
            _ => *lock.write() = new,
        }
        match call {
            Call::Update(_) => assert_eq!(self.latch.update(|v| core::mem::replace(v, new)), old),
            _ => self.latch.set(new),
        }
    }

    fn check_versions(&mut self) {
        let mut seen = self.seen;
        assert_eq!(self.lock.version() != seen, self.changed);
        assert_eq!(self.lock.wait_changed(seen, Some(Duration::ZERO)), self.changed);
        assert_eq!(self.lock.read_if_changed(&mut seen), self.changed.then_some(self.model));
        assert_eq!(self.lock.read_versioned(), (self.model, seen));
        (self.seen, self.changed) = (seen, false);
    }

    fn check(&self) {
        let (lock, latch, model) = (&self.lock, &self.latch, self.model);
        let mut into = Compared::<OFFSET, LEN>::new().model;
        lock.read_into(&mut into);
        for value in
            [lock.read(), into, lock.read_or_lock(), latch.read(), latch.read_versioned().0]
        {
            assert_eq!(value, model);
        }
        assert_eq!(lock.try_read(), Some(model));
        macro_rules! placed {
            ($field:ident) => {
                field!(for [const OFFSET: usize, const LEN: usize] Placed<OFFSET, LEN>, $field)
            };
        }
        let middle = placed!(value);
        assert_eq!(lock.read_fields(middle), model.value);
        let ends = (placed!(after), placed!(before));
        assert_eq!(lock.read_fields(ends), (model.after, model.before));
    }
}

fn run<const OFFSET: usize, const LEN: usize>(
    input: &mut Unstructured<'_>,
) -> arbitrary::Result<()> {
    let mut compared = Compared::<OFFSET, LEN>::new();
    while !input.is_empty() {
        compared.call(input.arbitrary()?);
    }
    Ok(())
}

/// Compares a lock and a latch with a plain value. The first two bytes choose its size and its alignment, the
/// others are calls.
///
/// # Panics
/// If the lock or the latch differs from a plain value.
pub fn values(input: &[u8]) {
    macro_rules! run_at_offset {
        ($offset:literal, $size:expr, $input:expr; $($len:literal)*) => {{
            const RUNS: &[fn(&mut Unstructured<'_>) -> arbitrary::Result<()>] =
                &[$(run::<$offset, $len>),*];
            RUNS[usize::from($size) % RUNS.len()]($input)
        }};
    }
    macro_rules! run_with_any_length {
        ($offset:literal, $size:expr, $input:expr) => {
            run_at_offset!($offset, $size, $input; 0 1 2 3 5 8 9 16 17 33 64 100 123 129 255 257 1000 4099)
        };
    }
    let &[alignment, size, ref calls @ ..] = input else { return };
    let calls = &mut Unstructured::new(calls);
    let result = match alignment % 3 {
        0 => run_with_any_length!(0, size, calls),
        1 => run_with_any_length!(1, size, calls),
        _ => run_with_any_length!(4, size, calls),
    };
    // An input may end in the middle of a call.
    result.unwrap_or_default();
}
