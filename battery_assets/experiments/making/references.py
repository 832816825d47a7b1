"""Which bursts can stand in a dataset: of one form, of strings with sound bursts to be held against."""

import polars as pl

# The first sound bursts of a string are its reference; fewer than five say nothing (features/ripple).
REFERENCES, LEAST = 10, 5


def formed(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows (string, labels, waveform_v or samples, waveform_hz, in order of time) with `is_reference`, `why`.

    why: OTHER_FORM, NO_REFERENCE, or null where a burst can stand. Where somebody said which bursts of a
    string are references (`is_reference`), sound ones of these are; elsewhere the first ten sound ones.
    """
    count = pl.col("samples") if "samples" in rows.columns else pl.col("waveform_v").list.len()
    form = pl.struct(count.alias("samples"), "waveform_hz")
    common = rows.select(form.mode().sort().first()).item()
    alike = (count == common["samples"]) & (pl.col("waveform_hz") == common["waveform_hz"])
    sound = alike & (pl.col("labels").list.len() == 0)
    said = pl.col("is_reference").fill_null(False) if "is_reference" in rows.columns else pl.lit(False)
    counted = rows.with_columns(
        _alike=alike, _sound=sound, _said=said & sound,
        _first=sound & (sound.cum_sum().over("string") <= REFERENCES),
    ).with_columns(
        is_reference=pl.when(pl.col("_said").any().over("string")).then("_said").otherwise("_first")
    )  # fmt: skip
    enough = pl.col("is_reference").sum().over("string") >= LEAST
    return counted.with_columns(
        why=pl.when(~pl.col("_alike")).then(pl.lit("OTHER_FORM"))
        .when(~enough).then(pl.lit("NO_REFERENCE"))
    ).drop("_alike", "_sound", "_said", "_first")  # fmt: skip
