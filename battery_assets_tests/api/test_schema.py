"""Every route held against what the OpenAPI document says of it, on values that nobody would think of."""

from collections import Counter
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
# A stream lasts as long as its job does: its own test reads it.
STREAMS = ("/api/v1/jobs/{number}/events",)
EXAMPLES = {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 3}


@pytest.fixture(scope="module")
def schema(ask):
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", ask.app)


def test_no_route_breaks_and_none_answers_what_its_document_does_not_say(schema):
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 110
    answers, faults = Counter[int](), list[str]()
    for operation in operations:
        for mode, examples in EXAMPLES.items():
            if operation.path not in STREAMS:
                _hold(operation, mode, examples, answers, faults)
    assert not faults, "\n\n".join(faults[:20])
    assert not [status for status in answers if status >= 500]
    assert answers.keys() >= {200, 201, 404, 422}


def _hold(operation, mode: GenerationMode, examples: int, answers: Counter[int], faults: list[str]) -> None:
    """Send values that fit an operation, or that do not, and note what its document does not say."""
    strategy = operation.as_strategy(generation_mode=mode)

    @seed(20260301)
    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=strategy)
    def each(case) -> None:
        answer = case.call(headers={"x-api-key": "everything"})
        answers[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            faults.append(f"{operation.label} {case.query} {case.body}: {group.exceptions}"[:1500])

    # What takes no terms has none that could be wrong.
    with suppress(Unsatisfiable):
        each()
