// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock`: the pose of a robot, which two threads change and a control loop reads.
//!
//! Use it for one value of a `Copy` type that is read far more often than written, by any number of
//! threads. Not for data that own memory (`String`, `Vec`), not for data that are written as often as
//! read (a mutex is cheaper), and not for readers in a signal handler that can interrupt the writer: use
//! `SeqLatch` there.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use std::thread;

use tearfree::SeqLock;

/// A robot that drives on a circle around the origin.
#[derive(Clone, Copy, Debug)]
struct Pose {
    x: f64,
    y: f64,
    angle: f64,
    lights: bool,
}

static POSE: SeqLock<Pose> = SeqLock::new(Pose { x: 1.0, y: 0.0, angle: 0.0, lights: false });
static DRIVING: AtomicBool = AtomicBool::new(true);

/// The wheels' sensor: some thousand small steps a second.
fn odometry() {
    while DRIVING.load(Relaxed) {
        // Changes a private copy. Readers see the old pose until the closure has returned.
        POSE.update(|pose| {
            pose.angle += 0.001;
            (pose.y, pose.x) = pose.angle.sin_cos();
        });
        thread::sleep(Duration::from_micros(20));
    }
}

/// The operator, who changes another field. No step of the odometry is lost.
fn operator() {
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(20));
        POSE.update(|pose| pose.lights = !pose.lights);
    }
    DRIVING.store(false, Relaxed);
}

fn main() {
    thread::scope(|threads| {
        threads.spawn(odometry);
        threads.spawn(operator);

        let (mut reads, mut worst) = (0_u64, 0.0_f64);
        while DRIVING.load(Relaxed) {
            let pose = POSE.read(); // x and y of one step, always
            worst = worst.max((pose.x.hypot(pose.y) - 1.0).abs());
            reads += 1;
        }
        println!("{reads} reads; the furthest from the circle was off by {worst:e}");
        assert!(worst < 1e-9, "x of one step and y of another");
    });
    println!("it stopped at {:?}", POSE.read());
}
