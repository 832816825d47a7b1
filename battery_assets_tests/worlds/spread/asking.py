"""GraphQL answered in this process as the pages' server answers it, over a code location of its own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def asking(instance: Any, target: Any) -> Iterator[Callable[..., Any]]:
    """A function that takes a query and its variables. RuntimeError where the answer is an error.

    `target`: what Dagster loads the code location from. The function's `context` is the workspace's.
    """
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster_graphql.schema import create_schema

    schema = create_schema()
    with WorkspaceProcessContext(instance, target) as context:

        def ask(query: str, variables: dict[str, Any] | None = None) -> Any:
            answer = asyncio.run(
                schema.execute_async(
                    query, context_value=context.create_request_context(), variables=variables or {}
                )
            )
            if answer.errors:
                raise RuntimeError(str(answer.errors))
            return answer.data

        ask.context = context  # type: ignore[attr-defined]
        yield ask
