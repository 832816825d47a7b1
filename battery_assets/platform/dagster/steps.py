"""Assets and their checks as steps of a run: a table is judged in the step that writes it.

A step of its own costs Dagster more than most checks and small tables cost us. Keys, names, partitions and
lineage stay what the definitions say; each asset and each check can still be asked for alone.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import dagster as dg
import sqlalchemy as sa

# The asset or check whose body runs now, where it runs in a step with others.
RUNNING: ContextVar[dg.AssetKey | dg.AssetCheckKey | None] = ContextVar("running", default=None)
ERROR = dg.AssetCheckSeverity.ERROR
Definition = dg.AssetsDefinition | dg.AssetChecksDefinition


def in_steps(
    assets: Sequence[dg.AssetsDefinition],
    checks: Sequence[dg.AssetChecksDefinition],
    together: Mapping[str, Sequence[sa.Table]],
) -> list[Definition]:
    """The assets with their checks, a step for each; those of `together` in one step, in that order.

    A check that needs more than what its asset follows stays a step of its own, and so does an asset that
    takes a run config.
    """
    configured = [asset for asset in assets if "config" in inspect.signature(body_of(asset)).parameters]
    of_asset = {asset.key.path[-1]: asset for asset in assets if asset not in configured}
    alone = [check for check in checks if not _needs(check) <= _follows(of_asset, check)]
    groups = {name: [table.name for table in tables] for name, tables in together.items()}
    grouped = {name for names in groups.values() for name in names}
    groups |= {name: [name] for name in of_asset if name not in grouped}
    return [
        *(
            _step(
                step,
                [of_asset[name] for name in names],
                [c for c in checks if c not in alone and _target(c) in names],
            )
            for step, names in groups.items()
        ),
        *configured,
        *alone,
    ]


def _target(check: dg.AssetChecksDefinition) -> str:
    [spec] = check.check_specs
    return spec.asset_key.path[-1]


def _needs(check: dg.AssetChecksDefinition) -> set[dg.AssetKey]:
    [spec] = check.check_specs
    return {dep.asset_key for dep in spec.additional_deps}


def _follows(assets: Mapping[str, dg.AssetsDefinition], check: dg.AssetChecksDefinition) -> set[dg.AssetKey]:
    return set(assets[_target(check)].dependency_keys)


def _step(
    name: str, assets: Sequence[dg.AssetsDefinition], checks: Sequence[dg.AssetChecksDefinition]
) -> dg.AssetsDefinition:
    """One step that writes the tables of the assets, in their order, and judges each after it is written."""
    bodies = [(asset.key, body_of(asset), _judges(asset.key, checks)) for asset in assets]

    @dg.multi_asset(
        name=name,
        specs=[spec for asset in assets for spec in asset.specs],
        check_specs=[spec._replace(additional_deps=[]) for check in checks for spec in check.check_specs],
        partitions_def=assets[0].partitions_def,
        required_resource_keys={key for one in (*assets, *checks) for key in one.required_resource_keys},
        can_subset=True,
    )
    def step(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        for key, body, judges in bodies:
            if key in context.selected_asset_keys:
                yield call(key, body, context)._replace(asset_key=key)
            for check, judge in judges.items():
                if check not in context.selected_asset_check_keys:
                    continue
                result = call(check, judge, context)._replace(asset_key=key, check_name=check.name)
                yield result
                if check in blocking and not result.passed and result.severity == ERROR:
                    return  # what comes after it in this step is downstream

    blocking = {spec.key for check in checks for spec in check.check_specs if spec.blocking}
    return step


def _judges(
    key: dg.AssetKey, checks: Sequence[dg.AssetChecksDefinition]
) -> dict[dg.AssetCheckKey, Callable[..., Any]]:
    return {
        spec.key: body_of(check) for check in checks for spec in check.check_specs if spec.asset_key == key
    }


def body_of(definition: Definition) -> Callable[..., Any]:
    """The function that an asset or a check was made of."""
    compute: Any = definition.node_def.compute_fn  # type: ignore[attr-defined]
    body: Callable[..., Any] = compute.decorated_fn
    return body


def call(
    key: dg.AssetKey | dg.AssetCheckKey, body: Callable[..., Any], context: dg.AssetExecutionContext
) -> Any:
    """What the body of an asset or a check returns for the context and the resources that it names."""
    names = list(inspect.signature(body).parameters)[1:]
    mark = RUNNING.set(key)
    try:
        return body(context, **{name: getattr(context.resources, name) for name in names})
    finally:
        RUNNING.reset(mark)
