// SPDX-License-Identifier: MIT OR Apache-2.0
//! The value of a table's page.

use tearfree_page::payload;

payload! {
    /// What the page of a table says about its rows. Its generation is the tick of the last batch that was committed.
    #[derive(Debug, Default, PartialEq, Eq)]
    pub struct Control {
        /// The ID of the page whose file of rows is complete; another one than that of this page if its own is not.
        pub rows_of: u64,
        /// The generation with which this value was published.
        pub tick: u64,
        /// The number of rows that are present.
        pub len: u64,
        /// The number of rows that there can be.
        pub capacity: u64,
    }
}
