// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page on an overlay file system, as in a container: the first writer there copies the file.

use core::time::Duration;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use tearfree_page::{Follower, Options, Reader, Waited, Writer};
use tempfile::TempDir;

use crate::left_out::leave_out;
use crate::support::WATCHDOG;

/// Mounting needs a namespace of mounts, and that a process with one thread.
#[test]
fn a_follower_sees_the_copy_on_an_overlay_file_system() {
    let mut run = Command::new("unshare");
    run.args(["-rm"]).arg(std::env::current_exe().unwrap());
    run.args(["--exact", "overlay::follow_on_an_overlay_file_system", "--ignored", "--nocapture"]);
    let Ok(run) = run.output() else { return leave_out("there is no unshare") };
    let (output, errors) =
        (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if output.contains("cannot mount") || !output.contains("running 1 test") {
        return leave_out(&format!("an overlay cannot be mounted: {output}{errors}"));
    }
    assert!(run.status.success() && output.contains("1 passed"), "{output}{errors}");
}

fn mount(kind: &str, options: &str, at: &Path) -> bool {
    let mount = Command::new("mount").args(["-t", kind, kind, "-o", options]).arg(at).status();
    let is_mounted = mount.is_ok_and(|status| status.success());
    if !is_mounted {
        println!("cannot mount {kind}");
    }
    is_mounted
}

#[test]
#[ignore = "runs by a_follower_sees_the_copy_on_an_overlay_file_system"]
fn follow_on_an_overlay_file_system() {
    let folder = TempDir::new().unwrap();
    if !mount("tmpfs", "mode=755", folder.path()) {
        return;
    }
    let [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map(|name| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    });
    drop(Writer::create(lower.join("page"), 1_u64, &Options::new().wakes(true)).unwrap());
    let layers = [("lowerdir", &lower), ("upperdir", &upper), ("workdir", &work)];
    let options = layers.map(|(name, path)| format!("{name}={}", path.display())).join(",");
    if !mount("overlay", &options, &merged) {
        return;
    }
    let page = merged.join("page");
    let reader = Reader::<u64>::open(&page).unwrap();
    let mut follower = Follower::<u64>::open(&page).unwrap();
    assert_eq!(follower.read().unwrap().value, 1);
    assert_eq!(follower.wait(Some(Duration::ZERO)), Waited::Ended);
    let inode = |page: &Path| fs::metadata(page.join("page")).unwrap().ino();
    let before = inode(&page);
    let mut writer = Writer::take_over(&page, &Options::new().wakes(true)).unwrap();
    writer.set(2_u64).unwrap();
    println!("inodes: {before} before, {} after", inode(&page));
    assert_eq!(reader.get(), Ok(1), "the file was copied");
    while follower.read().unwrap().value != 2 {
        assert_ne!(follower.wait(Some(WATCHDOG)), Waited::TimedOut);
    }
    writer.set(3).unwrap();
    while follower.read().unwrap().value != 3 {
        assert_ne!(follower.wait(Some(WATCHDOG)), Waited::TimedOut);
    }
}
