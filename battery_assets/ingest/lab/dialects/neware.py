"""Neware: record layer of BTS and BTSDA as CSV or workbook, and .nda/.ndax through the package NewareNDA.

Discharge currents are negative in newer exports; older ones write magnitudes, and then 'Step Type' gives the
sign. Counters begin anew in each step. In a workbook the sheets unit, test, cycle and step tell of the test
and 'record' holds its points; BTSDA in Chinese gives the columns Chinese names. A real .nda and a real .ndax
were tried, no real workbook.
"""

from battery_assets.ingest.lab.dialects.definition import Column, Dialect

_WAYS = ("CC", "CV", "CCCV", "CP", "CPCV", "CR")


def _words(kind: str) -> tuple[str, ...]:
    return tuple(f"{way}{gap}{kind}" for way in _WAYS for gap in (" ", "_"))


def _chinese(kind: str) -> tuple[str, ...]:
    return tuple(f"{way}{kind}" for way in ("恒流", "恒压", "恒流恒压", "恒功率", "恒功率恒压", "恒阻"))


NEWARE = Dialect(
    name="neware",
    vendor="Neware",
    version=5,
    signature=(
        frozenset({"step_type", "cycle_index", "chg_cap"}),
        frozenset({"datapoint", "step_type", "total_time"}),
        frozenset({"datapoint", "step_type", "cumulative_time"}),
        frozenset({"status", "timestamp", "charge_capacity", "step_index"}),
        frozenset({"工步类型", "总时间", "循环号"}),
    ),
    columns=(
        Column("test_time_s", ("total_time", "cumulative_time", "总时间"), required=True),
        Column("voltage_v", ("voltage", "电压"), required=True),
        Column("current_a", ("current", "电流"), required=True),
        Column("record_index", ("datapoint", "data_point", "index", "数据序号", "记录序号")),
        Column("wall_clock", ("date", "absolute_time", "realtime", "timestamp", "绝对时间")),
        Column("cycle_count", ("cycle_index", "cycle", "循环号")),
        Column("step_index", ("step_index", "工步号")),
        Column("step_time_s", ("time", "step_time", "时间")),
        Column("step_type", ("step_type", "status", "工步类型")),
        Column("step_ah", ("capacity", "容量")),
        Column("charge_ah", ("chg_cap", "charge_capacity", "充电容量")),
        Column("discharge_ah", ("dchg_cap", "discharge_capacity", "放电容量")),
        Column("step_wh", ("energy", "能量")),
        Column("charge_wh", ("chg_energy", "charge_energy", "充电能量")),
        Column("discharge_wh", ("dchg_energy", "discharge_energy", "放电能量")),
        Column("temperature_c", ("t1", "temperature", "auxiliary_temperature"), "C"),
    ),
    instants=("%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f", "%m/%d/%Y %H:%M:%S%.f", "%m/%d/%Y %I:%M:%S %p"),
    charging=_words("Chg") + _chinese("充电"),
    discharging=_words("DChg") + _chinese("放电"),
    resting=("Rest", "Pause", "OCV", "Control", "Cycle", "End", "搁置", "静置"),
    sign="signed or step type",
    export="BTSDA: Export, Customize: the record layer with Total Time, Current, Voltage, Step Type and Date",
)
