// SPDX-License-Identifier: MIT OR Apache-2.0
//! Shows the page that `publish_load` writes, each time it changes, and says when it turns stale.
//!
//! `cargo run --example show_load [PAGE]`

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "load/mod.rs"]
mod load;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() -> Result<(), Box<dyn core::error::Error>> {
    use core::time::Duration;
    use std::io::Write;

    use load::Load;
    use tearfree_page::{Freshness, Reader, Waited};

    const REDRAW: Duration = Duration::from_millis(500);

    let page = load::page();
    let mut reader = Reader::<Load>::open(&page)?;
    let mut out = std::io::stdout();
    loop {
        let reading = reader.read()?;
        let Load { one_minute, memory_total, memory_free, .. } = reading.value;
        let used = memory_total.saturating_sub(memory_free) >> 20;
        let fresh = match reading.freshness() {
            Freshness::Stale(since) => {
                format!("STALE for {:.1} s: is its writer dead?", since.as_secs_f32())
            }
            _ => "fresh".to_owned(),
        };
        let total = memory_total >> 20;
        let generation = reading.generation;
        write!(
            out,
            "\r#{generation}  load {one_minute:.2}  memory {used} of {total} MiB  {fresh}\x1b[K"
        )?;
        out.flush()?;
        if reader.wait_changed(generation, Some(REDRAW)) == Waited::Superseded {
            reader = Reader::open(&page)?;
        }
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}
