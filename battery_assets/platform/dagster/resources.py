"""A resource for code that Dagster hands none: sensors, which are evaluated every few seconds for ever."""

from functools import cache
from typing import Any, TypeVar

import dagster as dg
from dagster._config.post_process import post_process_config

Resource = TypeVar("Resource", bound=dg.ConfigurableResource)


def initialized(resource: Resource) -> Resource:
    """A resource with its environment read, as `process_config_and_initialize` gives it.

    That one makes an instance of Dagster for each call, with three databases in memory and their migrations:
    30 ms, four times of what a tick does else. Raises DagsterInvalidConfigError where a variable is missing.
    """
    config = post_process_config(
        resource._config_schema.config_type, resource._convert_to_config_dictionary()
    )
    if not config.success:
        raise dg.DagsterInvalidConfigError("the resource cannot be made", config.errors, config)
    context = dg.build_init_resource_context(config=config.value, instance=_nobody_s())
    made: Any = resource.from_resource_context(context, nested_resources=resource.nested_resources)
    return made


@cache
def _nobody_s() -> dg.DagsterInstance:
    """An instance that keeps nothing; a resource's context has to name one."""
    return dg.DagsterInstance.ephemeral()
