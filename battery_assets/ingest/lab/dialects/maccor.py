"""Maccor: text exports of MacTest and MIMS (tab or comma), with or without a preamble.

The current is a magnitude whose direction stands in the column State (or Md): C charges, D discharges. The
counters Amp-hr and Watt-hr are magnitudes that begin at 0 in each step. 'TestTime' is written as days and
clock time, in seconds or in minutes; without a unit the wall clock 'DPt Time' (US order) decides. Rows of
impedance sweeps (FRA) are no points in time. Raw binary files need MacTest.
"""

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

MACCOR = Dialect(
    name="maccor",
    vendor="Maccor",
    version=3,
    signature=(frozenset({"rec", "step", "dpt_time"}),),
    columns=(
        Column("test_time_s", ("testtime", "test_time", "test"), required=True),
        Column("voltage_v", ("volts", "voltage"), "V", required=True),
        Column("current_a", ("amps", "current"), "A", required=True),
        Column("record_index", ("rec",)),
        Column("wall_clock", ("dpt_time",)),
        Column("cycle_count", ("cyc", "cycle_c", "cycle")),
        Column("step_index", ("step",)),
        Column("step_time_s", ("steptime", "step_time", "step/time")),
        Column("step_type", ("state", "md")),
        Column("step_ah", ("amp_hr", "cap", "capacity"), "Ah"),
        Column("step_wh", ("watt_hr", "ener", "energy"), "Wh"),
        Column("resistance_ohm", ("dcir",), "ohm"),
        Column("temperature_c", ("temp_1", "aux_1"), "C"),
    ),
    instants=(
        "%m/%d/%Y %H:%M:%S",
        "%m/%d/%Y %I:%M:%S %p",
        "%d-%b-%y %I:%M:%S %p",
        "%d-%b-%y %H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
    ),
    charging=("C",),
    discharging=("D",),
    resting=("R", "O", "P", "S"),
    set_aside=("FRA",),
    sign="step type",
    clock_decides=True,
    export="MacTest or MIMS Client: export as text with Rec#, Cyc#, Step, TestTime, Amps, Volts, "
    "State and DPt Time",
    facts={
        "cell": (r"Filename:\s*(?:[^\t]*\\)?([^\t\\]+?)(?:\s+Procedure:|\t|$)", r"^Name:\s*(.+)$"),
        "barcode": (r"Comment/Barcode:[ \t]*(\S.*)$",),
        "channel": (r"(?:Tester )?Channel:\s*(\S+)",),
        "protocol": (r"Procedure:?\s+(\S[^\t]*?)(?:\s+(?:Description|Comment/Barcode):.*)?$",),
        "started_at": (r"^Started\s+(.+)$", r"Date of Test:[,\s]*(.+? [AP]M)"),
        "started_at_format": ("%m/%d/%Y %I:%M:%S %p", "%d %B %Y, %I:%M:%S %p", "%d-%b-%y %I:%M:%S %p"),
    },
)
