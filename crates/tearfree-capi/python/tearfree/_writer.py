# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes pages: creates them, takes them over, and publishes values."""

from __future__ import annotations

import ctypes
import threading
import weakref
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Mapping, NoReturn, Optional, TypeVar, cast

from ._errors import FORKED, error_from
from ._layout import HasLayout, Layout, Values
from ._library import PageName, WriterOptions, c_string, check, library
from ._schema import SchemaLike, schema_text


Self = TypeVar("Self", bound="Writer")

# The flags of tearfree.h.
_WAKES, _REPLACE = 1, 2
# In seconds; the nanoseconds fit into 64 bits.
_LONGEST_LIFETIME = 1e9


class _Right:
    """The right to write to a page, which one thread uses at a time, in the process that has it."""

    def __init__(self, pointer: ctypes.c_void_p):
        self._pointer: Optional[ctypes.c_void_p] = pointer
        # Not the process ID: in a PID namespace of its own, a child can have the same one.
        self._process = library.tearfree_process_number()
        # A lock that a thread can take twice: a signal handler runs in the middle of a call of its thread.
        self._lock = threading.RLock()
        self._is_used = False
        self._ends = False

    @contextmanager
    def use(self) -> Iterator[ctypes.c_void_p]:
        # First: in a forked child, the lock can be that of a thread that the child does not have.
        if self._is_forked():
            raise error_from(FORKED, library.tearfree_error_text(FORKED).decode())
        with self._lock:
            if self._is_used:
                raise RuntimeError(
                    "a signal handler uses the writer that it interrupted; let it set a flag instead"
                )
            try:
                self._is_used = True
                if self._pointer is None:
                    raise ValueError("the writer is closed; create the page again, or take it over")
                yield self._pointer
            finally:
                self._is_used = False
                if self._ends:
                    self.end()

    def _is_forked(self) -> bool:
        return bool(library.tearfree_process_number() != self._process)

    def end(self) -> None:
        # In a forked child there is nothing to end: the page is its parent's.
        if self._is_forked():
            return
        with self._lock:
            self._ends = True
            if self._is_used:
                # A signal handler ends the writer that it interrupted, at the end of that call.
                return
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                library.tearfree_writer_close(pointer)


def _options(
    lifetime: Optional[float], wakes: bool = False, mode: Optional[int] = None, replace: bool = False
) -> WriterOptions:
    seconds = lifetime or 0.0
    if not 0 <= seconds < _LONGEST_LIFETIME:
        raise ValueError(f"lifetime: {lifetime!r} is not a number of seconds; use 0 to 1e9, or None")
    flags = _WAKES * wakes | _REPLACE * replace
    return WriterOptions(ctypes.sizeof(WriterOptions), round(seconds * 1e9), mode or 0, flags)


def _first_value(schema: str, values: Optional[Values]) -> tuple[Optional[bytes], int]:
    """The first value and its size. The library says what is wrong with an invalid schema."""
    try:
        layout = Layout(schema)
    except ValueError:
        return None, 0
    if values is None:
        return None, layout.size
    value = layout.to_bytes(values, {})
    return value, len(value)


class Writer(HasLayout):
    """The one writer of a page: made by `Writer.create` or `Writer.take_over`.

        with tearfree.Writer.create("quotes", {"price": "f64", "qty": "u64"}, lifetime=2.0) as writer:
            writer.set(price=1.5, qty=7)
            writer.update(qty=8)
            writer["price"] = 2.5

    Any thread may use it; they take turns. Only the process that made it may write: a forked child gets
    ForkedError. The writer ends with the `with` block, by `close`, when the object is deleted, and when the
    interpreter exits; readers then see the page as "ended". If the process dies in another way, the value
    stays, whole, and another writer can take over the page.
    """

    def __init__(self, pointer: ctypes.c_void_p):
        """For `create` and `take_over`."""
        self._right = _Right(pointer)
        # When the object is deleted, and when the interpreter exits.
        weakref.finalize(self, self._right.end)
        self._layout = Layout(library.tearfree_writer_schema(pointer).decode())

    @classmethod
    def create(
        cls: type[Self],
        name: PageName,
        schema: SchemaLike,
        values: Optional[Values] = None,
        *,
        lifetime: Optional[float] = None,
        wakes: bool = False,
        private: bool = False,
        mode: Optional[int] = None,
        replace: bool = False,
    ) -> Self:
        """Creates a page, or takes over one of the same schema.

        `schema` is the text "price:f64 qty:u64", a dict of kinds by field name, or a structured dtype of
        numpy. `values` is the first value, as for `set`. Without it a new page has zeros, and an existing
        one keeps its value.

        `lifetime` promises readers that no more than that many seconds pass between two publications.
        `wakes`: each publication wakes waiting readers, by a system call; otherwise they poll, each 1 ms at
        first, each 100 ms after a while.
        `private`: only this user may read the page; short for `mode=0o600`. The default is 0o644.
        `replace`: a page that has another schema or is damaged is replaced; otherwise that is an error.
        """
        path, text = c_string(name), c_string(schema_text(schema))
        value, size = _first_value(text.decode(), values)
        options = _options(lifetime, wakes, 0o600 if private else mode, replace)
        return cls._make(
            lambda to: library.tearfree_writer_create(path, text, value, size, options, to)
        )

    @classmethod
    def take_over(
        cls: type[Self],
        name: PageName,
        schema: Optional[SchemaLike] = None,
        *,
        lifetime: Optional[float] = None,
    ) -> Self:
        """Takes over a page whose writer has ended, with its value; with `schema`, only if it has that one."""
        wanted = None if schema is None else c_string(schema_text(schema))
        path, options = c_string(name), _options(lifetime)
        return cls._make(lambda to: library.tearfree_writer_take_over(path, wanted, options, to))

    @classmethod
    def _make(cls: type[Self], make_into: Callable[[Any], int]) -> Self:
        pointer = ctypes.c_void_p()
        check(make_into(ctypes.byref(pointer)))
        return cls(pointer)

    @property
    def generation(self) -> int:
        """The number of publications until now, by all writers of this page."""
        with self._right.use() as writer:
            return int(library.tearfree_writer_generation(writer))

    def get(self) -> dict[str, Any]:
        """Returns the published value, by field name."""
        with self._right.use() as writer:
            return self._layout.unpack(self._load(writer))

    def set(self, values: Optional[Values] = None, /, **fields: Any) -> None:
        """Publishes a whole value, given as fields by name, a dict, the bytes of the value, or a structured
        array of one element.

        Raises ValueError or TypeError for what is not a value of the page, ForkedError in a forked child,
        and LostError if another process has become the writer; then nothing is published.
        """
        value = self._layout.to_bytes(values, fields)
        with self._right.use() as writer:
            self._publish(writer, value)

    def update(self, values: Optional[Mapping[str, Any]] = None, /, **fields: Any) -> None:
        """Publishes a value in which only these fields are changed, all at once. Errors as for `set`."""
        with self._right.use() as writer:
            value = self._load(writer)
            self._layout.change(value, {**(values or {}), **fields})
            self._publish(writer, bytes(value))

    def touch(self) -> None:
        """Renews the promise of `lifetime` for the published value, without a publication."""
        with self._right.use() as writer:
            check(library.tearfree_writer_touch(writer))

    def close(self) -> None:
        """Ends the writer. Another one can take over the page. Does nothing in a forked child."""
        self._right.end()

    def __getitem__(self, name: str) -> Any:
        with self._right.use() as writer:
            return self._layout.field(name).unpack(self._load(writer))

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a writer cannot be pickled: only the process that made it may write")

    def _load(self, writer: ctypes.c_void_p) -> bytearray:
        value = bytearray(self._layout.size)
        target = (ctypes.c_char * len(value)).from_buffer(value)
        check(library.tearfree_writer_get(writer, target, len(value)))
        return value

    @staticmethod
    def _publish(writer: ctypes.c_void_p, value: bytes) -> None:
        check(library.tearfree_writer_set(writer, value, len(value)))
