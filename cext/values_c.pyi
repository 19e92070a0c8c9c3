from array import array
from typing import final

from cext.framing_c import Frame645, Scanner645

SOURCE_DIGEST: str
MISSING: int

@final
class Layout:
    def __init__(self, fields: tuple[tuple[int, bool], ...]) -> None: ...
    @property
    def size(self) -> int: ...
    def unpack(self, frame: Frame645, offset: int, /) -> tuple[int | None, ...] | None: ...
    def unpack_data(self, data: bytes, offset: int, /) -> tuple[int | None, ...] | None: ...

@final
class Answer645:
    def __init__(
        self,
        scanner: Scanner645,
        address: int,
        identifier: int,
        layout: Layout,
        out: array[int],
    ) -> None: ...
    def take(self, data: bytes, /) -> bool: ...
