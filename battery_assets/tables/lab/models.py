"""What was learned on the bench: runs of training, and what they predict for cells they did not see."""

from battery_assets.tables.definition import (
    document,
    instant,
    integer,
    key,
    one_of,
    quantity,
    reference,
    table,
    text,
)
from battery_assets.tables.lab.bench import battery_cell, cycle

TASKS = ("soc", "soh", "rul")

model_run = table(
    "model_run",
    "Runs of training on cells under test, with their scores on cells they did not see.",
    key("run_id", "Unique identifier."),
    one_of("task", "What is predicted.", *TASKS, required=True),
    text("model_name", "Name of the model.", 100, required=True),
    text("dataset_version", "sha256 over the checksums of the partitions it saw.", 64, required=True),
    instant("trained_until", "First instant after the months whose tests it saw.", required=True),
    integer("train_cells", "Cells it was fitted on.", low=0, high=1000000, required=True),
    integer("held_out_cells", "Cells it was scored on.", low=0, high=1000000, required=True),
    document("hyperparameters_json", "The recipe that ran."),
    document("parameters_json", "The fitted model: standardisation, coefficients."),
    document("metrics_json", "Scores, beside those of a constant."),
    text("mlflow_run_id", "Run in MLflow.", 64),
    phase=6,
    schema="lab",
    lab=True,
    may_be_empty=True,
)

prediction = table(
    "prediction",
    "Predictions for cycles of cells that were held out, beside what was true.",
    key("prediction_id", "Unique identifier."),
    reference("run_id", model_run, "Run that made the model.", required=True),
    reference("cycle_id", cycle, "Cycle; NULL where it came as a table of cycles."),
    reference("cell_id", battery_cell, "Cell.", required=True),
    one_of("task", "What is predicted.", *TASKS, required=True),
    integer("cycle_num", "Number within the cell's life.", low=1, high=10000000, required=True),
    quantity(
        "predicted", "Prediction: %, or cycles.", "1", 14, 6, low=-99999999, high=99999999, required=True
    ),
    quantity(
        "true_value", "What came out; NULL where it was not seen.", "1", 14, 6, low=-99999999, high=99999999
    ),
    phase=6,
    schema="lab",
    lab=True,
    may_be_empty=True,
)
