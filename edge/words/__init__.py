"""Words for people: the message table and the error that carries a row of it."""

from edge.words.messages import BoxgateError, language, say

__all__ = ["BoxgateError", "language", "say"]
