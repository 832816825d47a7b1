ALTER TABLE fleet.telemetry_jar_calc
    ADD COLUMN soc_quality VARCHAR(12),
    ADD CONSTRAINT ck_telemetry_jar_calc_soc_quality CHECK (soc_quality IN ('full_charge', 'open_circuit', 'counted', 'held', 'guessed'));

ALTER TABLE fleet.digital_twin_state
    ADD COLUMN soc_std_pct NUMERIC(5, 2),
    ADD COLUMN soh_std_pct NUMERIC(5, 2),
    ADD COLUMN soh_lower_pct NUMERIC(5, 2),
    ADD COLUMN soh_upper_pct NUMERIC(5, 2),
    ADD COLUMN evidence VARCHAR(60),
    ADD COLUMN evidence_age_days NUMERIC(7, 1),
    ADD COLUMN filter_json JSONB,
    ADD CONSTRAINT ck_digital_twin_state_soc_std_pct CHECK (soc_std_pct BETWEEN 0 AND 100),
    ADD CONSTRAINT ck_digital_twin_state_soh_std_pct CHECK (soh_std_pct BETWEEN 0 AND 100),
    ADD CONSTRAINT ck_digital_twin_state_soh_lower_pct CHECK (soh_lower_pct BETWEEN 0 AND 131),
    ADD CONSTRAINT ck_digital_twin_state_soh_upper_pct CHECK (soh_upper_pct BETWEEN 0 AND 131),
    ADD CONSTRAINT ck_digital_twin_state_evidence_age_days CHECK (evidence_age_days BETWEEN 0 AND 100000);

COMMENT ON COLUMN fleet.telemetry_jar_calc.soc_quality IS 'What soc_pct rests on. full_charge: float or boost was completed and nothing has been counted since. open_circuit: the voltage after hours of rest weighed in, and nothing since. counted: charge is being counted from the current. held: the current is below what can be counted, the last value stands. guessed: the deviation is over 10 points. NULL where soc_pct is.';
COMMENT ON COLUMN fleet.digital_twin_state.soc_std_pct IS 'Standard deviation of soc_pct. [%]';
COMMENT ON COLUMN fleet.digital_twin_state.soh_std_pct IS 'Standard deviation of soh_pct; 5 points at least unless a test of the last year measured this jar. [%]';
COMMENT ON COLUMN fleet.digital_twin_state.soh_lower_pct IS '5 % quantile of the state of health: lower end of 90 %. [%]';
COMMENT ON COLUMN fleet.digital_twin_state.soh_upper_pct IS '95 % quantile of the state of health: upper end of 90 %. [%]';
COMMENT ON COLUMN fleet.digital_twin_state.evidence IS 'What soh_pct rests on: age, resistance, discharge, capacity_test, joined by +.';
COMMENT ON COLUMN fleet.digital_twin_state.evidence_age_days IS 'Age of the newest measured evidence. [d]';
COMMENT ON COLUMN fleet.digital_twin_state.filter_json IS 'State of the filter and identified parameters at the end of the month, where the next month begins.';
