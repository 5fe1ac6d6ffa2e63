"""Plain codecs: the canonical value is what Postgres itself takes for the literal, so SQL may put it back."""

from __future__ import annotations

from sync_engine.domain.codecs.codec import Codec
from sync_engine.domain.codecs.numbers import Whole
from sync_engine.domain.codecs.scalar import ScalarCodec
from sync_engine.domain.codecs.strings import Boolean, Text


def is_plain(codec: Codec) -> bool:
    """Whether for each canonical value `v` of a column the text of the JSON `v` is `to_postgres(v)`.

    A text of limited length is none: a cast would cut it without a word where the codec refuses.
    """
    if not isinstance(codec, ScalarCodec):
        return False
    scalar = codec.scalar
    if type(scalar) is Text:
        return scalar.maximum is None
    return isinstance(scalar, Boolean | Whole)
