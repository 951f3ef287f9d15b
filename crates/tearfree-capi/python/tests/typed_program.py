# SPDX-License-Identifier: MIT OR Apache-2.0
"""Uses the module with types, as a program of a user does. mypy checks it; it is not run."""

from pathlib import Path
from typing import Optional

import numpy

import tearfree


def publish(path: Path) -> None:
    first = numpy.zeros((), dtype=[("price", "f8")])
    with tearfree.Writer.create(path, first.dtype, first, lifetime=2.0, wakes=True) as writer:
        writer.set(price=1.5)
        writer.set({"price": 1.5})
        writer.set(first)
        writer.set(b"12345678")
        writer.update({"price": 1}, price=2)
        writer["price"] = 2.5
        generation: int = writer.generation
        names: list[str] = [field.name for field in writer.fields]
        print(generation, names, writer.get()["price"])
    try:
        tearfree.Writer.take_over("quotes", {"price": "f64"}).close()
    except tearfree.BusyError as error:
        number: int = error.number
        print(number)


async def follow(page: tearfree.Page) -> Optional[tearfree.Reading]:
    last: Optional[tearfree.Reading] = None
    async for reading in page.changes(seen=3):
        left: Optional[float] = reading.left
        print(reading.value, reading.freshness, reading.writer, left)
        last = reading
    return last


def read(path: Path) -> tearfree.Bounded:
    with tearfree.Page(path, schema="price:f64", owner="any") as page:
        array = numpy.zeros((), page.dtype)
        reading: tearfree.Reading = page.read_into(array)
        changed: bool = page.wait(reading.generation, timeout=1)
        print(changed)
    with tearfree.Clock() as clock:
        return clock.now_bounded()
