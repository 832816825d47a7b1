"""What incidents are suspected to come from, how urgent that is, and what to do about it (SOURCES 3.2, 5).

Written as data: a cause is chosen by `incidents`, its action becomes a work order. A jar is always retested
before it is replaced.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """A suspected cause: priority (P1 to P4) by the worst alert, the action and its steps."""

    code: str
    title: str
    text: str
    priority_at_warning: int
    priority_at_critical: int
    action: str
    steps: str


_RETEST = "Repeat the ohmic reading with another instrument and on float, check torque and sense leads; "

CAUSES = (
    Cause(
        "CHARGER-LOW",
        "String undercharged",
        "Half of the jars or more float low: charger set point, lost mains or a wrong float flag.",
        2,
        1,
        "Check charger",
        "Measure the string voltage at its posts, check set point, temperature probe, mains and the float "
        "flag; recharge, then compare the jars again.",
    ),
    Cause(
        "CHARGER-HIGH",
        "String overcharged",
        "Half of the jars or more float high and none low: charger set point or its temperature probe.",
        2,
        1,
        "Check charger",
        "Measure the string voltage at its posts, check set point and temperature probe; look for a "
        "shorted cell.",
    ),
    Cause(
        "CELL-SHORT",
        "Shorted cell suspected",
        "One jar lost voltage on float; the charger holds the string, so its neighbours rise by about 0.1 "
        "V (growth, dendrite).",
        2,
        2,
        "Ohmic retest, replace jar",
        _RETEST
        + "measure the jar at its posts; replace it if the loss of about 2 V is confirmed, and watch the "
        "neighbours.",
    ),
    Cause(
        "WEAK-JAR",
        "Weak jar in discharge",
        "The jar falls away from its string under load: capacity loss or resistance.",
        4,
        2,
        "Capacity test",
        "Discharge test of the string with every jar recorded; replace jars below 80 %.",
    ),
    Cause(
        "LOW-FLOAT",
        "Jar floats low",
        "Undercharge and sulfation, a beginning short, or a loose sense lead.",
        4,
        3,
        "Inspect and retorque, ohmic retest",
        _RETEST
        + "one equalize charge of 8-24 h at 14.4 V if the jar is sound; replace it if it stays below 12.6 "
        "V.",
    ),
    Cause(
        "HIGH-FLOAT",
        "Jar floats high",
        "Dry-out, a jar newer than its neighbours, or a loose sense lead.",
        4,
        3,
        "Inspect and retorque, ohmic retest",
        _RETEST + "a jar newer than its neighbours needs no action.",
    ),
    Cause(
        "HVAC",
        "Room too hot",
        "Jars of several strings or the room itself are hot: cooling lost or too small.",
        2,
        1,
        "Restore cooling",
        "Check the air conditioning and its set point of 25 degC, doors and filters; lower the float "
        "voltage while the room is hot.",
    ),
    Cause(
        "THERMAL-RUNAWAY",
        "Thermal runaway suspected",
        "Jars far above the room while the float current is up: shorted cells, dry-out or a hot, "
        "uncompensated charger.",
        1,
        1,
        "Disconnect string",
        "Take the string off the charger, keep away until it has cooled, find the shorted or dry jars, "
        "retest them and replace.",
    ),
    Cause(
        "FLOAT-CURRENT",
        "Float current high",
        "Shorted cells, dry-out or overcharge; or the zero of the current sensor.",
        3,
        2,
        "Check current sensor and string",
        "Zero the current sensor with the string open; if the current is real, look for hot or low jars.",
    ),
    Cause(
        "HOT-JAR",
        "Hot jar",
        "Local heat: blocked air, a loose terminal or a jar with a high float current.",
        3,
        2,
        "Inspect and retorque",
        "Infrared view of jar and terminals, torque, air flow around the jar; ohmic retest.",
    ),
    Cause(
        "CHARGE-LIMIT",
        "Charge current over the limit",
        "The charger's current limit is set too high for the jars.",
        3,
        2,
        "Set charger current limit",
        "Set the limit to what the data sheet allows (0.3C).",
    ),
    Cause(
        "RECTIFIER-FILTER",
        "Ripple on the DC bus",
        "Filter capacitor lost capacity, a phase is missing or unbalanced, or a diode is open.",
        3,
        2,
        "Inspect rectifier filter capacitor",
        "Measure ripple at the terminals, capacitance and ESR of the filter, phase currents and diodes.",
    ),
    Cause(
        "OPEN-WELD",
        "Broken weld or strap suspected",
        "Resistance at twice the reference or more: strap, lug or weld; the string can open under load.",
        1,
        1,
        "Ohmic retest, replace jar",
        _RETEST + "do not discharge the string before; replace the jar if the reading is confirmed.",
    ),
    Cause(
        "DRY-OUT",
        "Resistance growing",
        "Resistance rises before capacity falls: water loss from heat or overcharge, or a loose terminal.",
        4,
        2,
        "Inspect and retorque, ohmic retest",
        _RETEST + "plan a capacity test; replace if the reading stays over 50 % above its baseline.",
    ),
    Cause(
        "STRING-AGED",
        "String worn out",
        "A quarter of the jars or more ages at once: the string is at the end of its life.",
        3,
        2,
        "Capacity test, renew string",
        "Discharge test of the string with every jar recorded; renew it as a whole where over a quarter "
        "of the jars fails, and do not mix new jars into it before.",
    ),
    Cause(
        "JAR-AGEING",
        "Jar ageing",
        "Capacity and remaining life are running out: grid corrosion or sulfation.",
        3,
        2,
        "Ohmic retest, capacity test, replace jar",
        _RETEST
        + "capacity test if the last one is over a year old; replace below 80 % of rating, the string if "
        "over a quarter fails.",
    ),
    Cause(
        "DATA-QUALITY",
        "Data not believable",
        "The monitor reports what batteries cannot show: sensor, scaling or gateway.",
        4,
        3,
        "Check sensor and gateway",
        "Compare the monitor with a hand-held instrument at the posts; check scaling, sign, mapping of "
        "jars and the gateway's buffer.",
    ),
    Cause(
        "UNEXPLAINED",
        "Jar unlike its string",
        "No single limit is crossed, but the jar stands apart.",
        4,
        4,
        "Inspect jar",
        "Look at jar, terminals and sensor at the next round; take an ohmic reading.",
    ),
)
