"""Numbers in the letters of other programs: a printed minus, marks between thousands, Fortran's D.

They are read where nothing else can be meant. 1,234 alone may be 1.234 or 1234, and is read as neither.
"""

import re
from collections import Counter

import polars as pl

# What loggers write where an input is open or out of its range: no value, and no fault of its row.
_WORDS = "ol|ovl|ovld|over|overflow|overload|overrange|open|nc|n/c|n/?a|#n/a|none|null|err|error"
NO_READING = rf"(?i)^({_WORDS}|[-*#?]+)$"
# A no-break space, thin or not, and the apostrophes of Swiss exports stand between thousands only.
_BETWEEN = "[ '\u2019\u00a0\u202f]"
_THOUSANDS = rf"^[+-]?\d{{1,3}}(?:{_BETWEEN}\d{{3}})+(?:[.]\d+)?$|^[+-]?\d{{1,3}}(?:,\d{{3}})+[.]\d+$"
_POINTED = r"^[+-]?\d{1,3}(?:[.]\d{3})+,\d+$"
_FORTRAN = r"^([+-]?\d*[.]?\d+)[dD]([+-]?\d+)$"
_MINUS = re.compile("^[\u2212\u2013]")


def other_letters(texts: pl.Series, notes: Counter) -> pl.Series:
    """Float64 of texts that are no plain numbers, null where they are none at all; what was read is noted."""
    plain = texts.str.strip_chars().str.replace(_MINUS.pattern, "-")
    bare = plain.str.replace_all(_BETWEEN, "").str.replace_all(",", "", literal=True)
    turned = plain.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    chosen = pl.select(
        pl.when(plain.str.contains(_THOUSANDS))
        .then(bare)
        .when(plain.str.contains(_POINTED))
        .then(turned)
        .otherwise(plain.str.replace(_FORTRAN, "${1}e${2}"))
    ).to_series()
    read = chosen.cast(pl.Float64, strict=False)
    many = int(read.is_not_null().sum())
    if many:
        first = texts.filter(read.is_not_null())[0]
        notes[f"{texts.name}: numbers written as {first!r} are read"] += many
    return read.alias(texts.name)
