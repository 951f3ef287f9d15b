# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pages: one value that a process publishes and others read, never torn, even if its writer dies.

    with tearfree.Writer.create("quotes", {"price": "f64", "qty": "u64"}) as writer:
        writer.set(price=1.5, qty=7)

    with tearfree.Page("quotes") as page:
        print(page.read().value["price"])

And the clock that a timekeeper publishes for all processes:

    with tearfree.Clock() as clock:
        print(clock.now_bounded())
"""

from ._clock import Bounded, Clock
from ._errors import (
    BusyError,
    Error,
    ForkedError,
    InvalidPageError,
    LostError,
    MissingError,
    OwnerError,
    SchemaError,
    SupersededError,
)
from ._follower import Follower
from ._page import Page
from ._reading import Reading
from ._schema import Field
from ._writer import Writer

__all__ = [
    "Bounded",
    "BusyError",
    "Clock",
    "Error",
    "Field",
    "Follower",
    "ForkedError",
    "InvalidPageError",
    "LostError",
    "MissingError",
    "OwnerError",
    "Page",
    "Reading",
    "SchemaError",
    "SupersededError",
    "Writer",
]
