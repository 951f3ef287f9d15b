// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions that the headers in `include/` declare. Rust programs need them only to link C code that
//! includes these headers.
//!
//! Nothing unwinds out of them. Those that can fail return an error number and keep a text for
//! [`tearfree_last_error`]; the others abort the program on a fault.

mod arguments;
mod clock;
mod error;
mod events;
mod follower;
mod locks;
mod options;
mod page;
mod page_read;
mod reading;
mod signals;
mod wait;
mod writer;
mod writer_calls;

pub use clock::{
    Bounded, Clock, tearfree_clock_close, tearfree_clock_coarse, tearfree_clock_now,
    tearfree_clock_now_bounded, tearfree_clock_now_unordered, tearfree_clock_open,
    tearfree_clock_realtime, tearfree_clock_status, tearfree_clock_utc_bounded,
    tearfree_clock_wait_synchronised, tearfree_clock_wait_until_past,
    tearfree_clock_wait_until_past_utc,
};
pub use error::{tearfree_error_text, tearfree_last_error};
pub use events::{PageWatch, tearfree_page_wait, tearfree_page_wait_event};
pub use follower::{
    Follower, tearfree_follower_close, tearfree_follower_descriptor, tearfree_follower_open,
    tearfree_follower_problem, tearfree_follower_read, tearfree_follower_schema,
    tearfree_follower_size, tearfree_follower_wait,
};
pub use locks::{
    tearfree_mutex_lock, tearfree_mutex_trylock, tearfree_mutex_unlock, tearfree_read_lock,
    tearfree_read_trylock, tearfree_read_unlock, tearfree_write_lock, tearfree_write_trylock,
    tearfree_write_unlock,
};
pub use options::{PageOptions, WriterOptions};
pub use page::{
    Page, PageView, tearfree_page_close, tearfree_page_generation, tearfree_page_open,
    tearfree_page_open_sealed, tearfree_page_open_with, tearfree_page_schema, tearfree_page_size,
    tearfree_page_word,
};
pub use page_read::tearfree_page_read;
pub use reading::{PageReading, tearfree_reading_age, tearfree_reading_freshness};
pub use signals::{
    tearfree_bh_disable, tearfree_bh_enable, tearfree_irq_disable, tearfree_irq_enable,
    tearfree_irq_restore, tearfree_irq_save, tearfree_set_bottom_half_signals,
};
pub use wait::{tearfree_seqcount_wait, tearfree_spin_lock_contended};
pub use writer::Writer;
pub use writer_calls::{
    Change, tearfree_process_number, tearfree_writer_close, tearfree_writer_create,
    tearfree_writer_create_sealed, tearfree_writer_end, tearfree_writer_file,
    tearfree_writer_generation, tearfree_writer_get, tearfree_writer_schema, tearfree_writer_set,
    tearfree_writer_set_word, tearfree_writer_size, tearfree_writer_take_over,
    tearfree_writer_touch, tearfree_writer_update,
};
