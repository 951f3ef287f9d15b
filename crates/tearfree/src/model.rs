// SPDX-License-Identifier: MIT OR Apache-2.0
//! What only the models need: weakened orderings by name, and the lock whose queue they bring along.

pub use crate::lock::parking::{Found, Parked, ParkingLock, Purpose, Queue};
pub use crate::order::{MUTANTS, mutant};
