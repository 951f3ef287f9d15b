// SPDX-License-Identifier: MIT OR Apache-2.0
//! What only the models use: weakened orderings by name, and the lock whose queue they implement.

pub use crate::lock::parking::{Found, Parked, ParkingLock, Purpose, Queue};
pub use crate::order::{MUTANTS, mutant};
