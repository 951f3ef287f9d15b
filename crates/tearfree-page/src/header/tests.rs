// SPDX-License-Identifier: MIT OR Apache-2.0
//! Headers as they are made, and headers as an enemy makes them.
