"""Inputs that were once read wrong: what is right for each, and what comes out.

Each case is a record of its kind's module; tests run them, and `page` writes docs/cases.md from them.
"""

import pytest

KINDS = (
    "files_charge", "files_columns", "files_refused", "exports_believed", "exports_odd", "exports_words",
    "cells",
)  # fmt: skip
# Their checks are assertions outside of test files.
pytest.register_assert_rewrite(*(f"{__name__}.{kind}" for kind in ("record", "imported", *KINDS)))
