# SPDX-License-Identifier: MIT OR Apache-2.0
"""The exceptions: one class for each error that a program can act on."""

from __future__ import annotations


FORKED = 24


class Error(Exception):
    """Says what happened and what to do; `number` is one of tearfree.h."""

    def __init__(self, number: int, text: str):
        super().__init__(text)
        self.number = number

    def __reduce__(self) -> tuple[type[Error], tuple[int, str]]:
        return type(self), (self.number, str(self))


class MissingError(Error):
    """There is no such page, or no directory for it: its writer has not been started."""


class InvalidPageError(Error):
    """The file is damaged, is not a page, or is from before the last boot."""


class SchemaError(Error):
    """The page has another schema than the program expects, or the schema that was given is invalid."""


class OwnerError(Error):
    """The page belongs to a user who is not trusted, or other users may write to it."""


class SupersededError(Error):
    """The page was replaced by a new one: open it again."""


class BusyError(Error):
    """The page already has a writer."""


class ForkedError(Error):
    """The process was forked from the writer's, which alone may write."""


class LostError(Error):
    """The writer has lost its page: another one took it over, replaced it or removed it."""


_CLASSES: dict[int, type[Error]] = {
    5: MissingError,
    6: MissingError,
    7: InvalidPageError,
    8: InvalidPageError,
    9: InvalidPageError,
    10: SchemaError,
    11: SchemaError,
    13: OwnerError,
    18: SupersededError,
    22: BusyError,
    FORKED: ForkedError,
    29: LostError,
}


def error_from(number: int, text: str) -> Error:
    """The exception for an error number of the library."""
    return _CLASSES.get(number, Error)(number, text)
