// SPDX-License-Identifier: MIT OR Apache-2.0
//! Publishes this machine's load and memory, from `/proc`, on the page `load`.
//!
//! `cargo run --example publish_load [PAGE]`, and in another terminal `cargo run --example show_load`.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "load/mod.rs"]
mod load;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() -> Result<(), Box<dyn core::error::Error>> {
    use core::time::Duration;
    use std::time::Instant;

    use load::Load;
    use tearfree_page::{Options, Writer};

    const EVERY: Duration = Duration::from_millis(250);

    let page = load::page();
    // Wakes waiting readers. The value turns stale if none is published for a second.
    let options = Options::new().wakes(true).lifetime(Duration::from_secs(1));
    let mut writer = Writer::create(&page, Load::now()?, &options)?;
    println!("publishing to the page '{page}', four times a second; Ctrl-C ends it");
    let mut due = Instant::now();
    loop {
        due += EVERY;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        writer.set(Load::now()?)?;
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}
