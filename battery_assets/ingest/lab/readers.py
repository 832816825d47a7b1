"""The readers of cyclers' files as they are now: what one of another version read is read again."""

import hashlib
import json

from battery_assets.ingest.lab.dialects import declared
from battery_assets.ingest.lab.dialects.biologic import BIOLOGIC_MPR
from battery_assets.ingest.lab.dialects.nasa import NASA_MAT
from battery_assets.ingest.lab.dialects.recognise import DIALECTS
from battery_assets.ingest.lab.formats import severson


def versions() -> dict[str, int]:
    """Version of each reader, by the name that it leaves in a reading's source."""
    dialects = (*DIALECTS, BIOLOGIC_MPR, NASA_MAT, severson.SEVERSON_MAT)
    return {one.name: one.version for one in dialects} | {
        declared.NAME: declared.VERSION,
        severson.NAME: severson.VERSION,
    }


def fingerprint() -> str:
    """A short word for all of them together: what none could read, another version may."""
    return hashlib.sha256(json.dumps(versions(), sort_keys=True).encode()).hexdigest()[:12]
