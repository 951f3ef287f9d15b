// SPDX-License-Identifier: MIT OR Apache-2.0
//! `changed().await`: tasks of tokio follow settings that a thread outside of the runtime changes.
//!
//! Use it where a task waits for a newer value. The writer is an ordinary thread, or a signal handler,
//! and calls no waker. It works with any runtime, and a wait can be dropped at any time. A thread that
//! waits calls `wait_changed` instead. Readers get the newest value only: to deliver every message, use a
//! channel.

use core::time::Duration;
use std::sync::Arc;
use std::thread;

use tearfree::{Reader, SeqLock};

#[derive(Clone, Copy, Debug)]
struct Settings {
    requests_per_second: u32,
    verbose: bool,
    shut_down: bool,
}

/// A service that runs until the settings request its end, and uses new settings as they come.
async fn serve(name: &str, reader: Reader<Arc<SeqLock<Settings>>>) -> u32 {
    let (mut settings, mut seen) = reader.read_versioned();
    let mut reloads = 0;
    while !settings.shut_down {
        // A change between the read above and this line ends the wait at once.
        match tokio::time::timeout(Duration::from_millis(40), reader.changed(seen)).await {
            Ok(()) => {
                (settings, seen) = reader.read_versioned();
                reloads += 1;
                println!("{name}: {settings:?}");
            }
            Err(_) => println!("{name}: nothing new in 40 ms"), // the wait was dropped
        }
    }
    reloads
}

fn main() {
    let start = Settings { requests_per_second: 100, verbose: false, shut_down: false };
    let (mut writer, reader) = SeqLock::new(start).into_split();

    let administrator = thread::spawn(move || {
        for step in 1..=3 {
            thread::sleep(Duration::from_millis(60));
            writer.update(|settings| {
                settings.requests_per_second *= 2;
                settings.verbose = step == 2;
                settings.shut_down = step == 3;
            });
        }
    });

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("threads can be started");
    let services = ["mail", "web"].map(|name| runtime.spawn(serve(name, reader.clone())));
    for service in services {
        let reloads = runtime.block_on(service).expect("the service has finished");
        println!("{reloads} reloads");
    }
    administrator.join().expect("the administrator has finished");
}
