from array import array
from collections.abc import Sequence
from typing import final

SOURCE_DIGEST: str
MISSING: int
SAMPLE: tuple[str, ...]
RESULT: tuple[str, ...]
MEMORY: tuple[str, ...]
MOST_POINTS: int
MOST_RATED: int
MOST_CURRENT: int
MOST_POWER: int
MOST_ENERGY: int
MOST_TIME: int
GAP_MS: int
DAY_MS: int

@final
class LoadCalculator:
    def __init__(self, rated: Sequence[tuple[int, int]], /) -> None: ...
    @property
    def late(self) -> int: ...
    @property
    def restarts(self) -> int: ...
    @property
    def unknown(self) -> int: ...
    @property
    def absurd(self) -> int: ...
    def feed(self, samples: array[int], /) -> array[int]: ...
    def restore(self, memory: array[int], /) -> bool: ...
