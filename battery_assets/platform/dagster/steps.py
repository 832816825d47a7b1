"""Assets and their checks as steps of a run: a table is judged in the step that writes it.

A step of its own costs Dagster more than most checks and small tables cost us. Keys, names, partitions and
lineage stay what the definitions say; each asset and each check can still be asked for alone.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

import dagster as dg
import sqlalchemy as sa

from battery_assets.platform.days.code_version import code_version
from battery_assets.platform.days.plan import MENDED

# The asset or check whose body runs now, where it runs in a step with others.
RUNNING: ContextVar[dg.AssetKey | dg.AssetCheckKey | None] = ContextVar("running", default=None)
ERROR = dg.AssetCheckSeverity.ERROR
Definition = dg.AssetsDefinition | dg.AssetChecksDefinition


def in_steps(
    assets: Sequence[dg.AssetsDefinition],
    checks: Sequence[dg.AssetChecksDefinition],
    together: Mapping[str, Sequence[sa.Table]],
    lake: str | None = None,
) -> list[Definition]:
    """The assets with their checks, a step for each; those of `together` in one step, in that order.

    Pages show of each the version of its code and, of tables in the lake, their address there.

    A check that needs more than what its asset follows stays a step of its own, and so does an asset that
    takes a run config, and its checks.
    """
    configured = [asset for asset in assets if "config" in inspect.signature(body_of(asset)).parameters]
    of_asset = {asset.key.path[-1]: asset for asset in assets if asset not in configured}
    alone = [
        check
        for check in checks
        if _target(check) not in of_asset or not _needs(check) <= _follows(of_asset, check)
    ]
    groups = {name: [table.name for table in tables] for name, tables in together.items()}
    grouped = {name for names in groups.values() for name in names}
    groups |= {name: [name] for name in of_asset if name not in grouped}
    return [
        *(
            _step(
                step,
                [of_asset[name] for name in names],
                [c for c in checks if c not in alone and _target(c) in names],
                lake,
            )
            for step, names in groups.items()
        ),
        *(asset.map_asset_specs(partial(_said, asset=asset, lake=lake)) for asset in configured),
        *map(_alone, alone),
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
    name: str,
    assets: Sequence[dg.AssetsDefinition],
    checks: Sequence[dg.AssetChecksDefinition],
    lake: str | None,
) -> dg.AssetsDefinition:
    """One step that writes the tables of the assets, in their order, and judges each after it is written."""
    bodies = [(asset.key, body_of(asset), _judges(asset.key, checks)) for asset in assets]

    @dg.multi_asset(
        name=name,
        specs=[_said(spec, asset, lake) for asset in assets for spec in asset.specs],
        check_specs=[spec._replace(additional_deps=[]) for check in checks for spec in check.check_specs],
        partitions_def=assets[0].partitions_def,
        required_resource_keys={key for one in (*assets, *checks) for key in one.required_resource_keys},
        can_subset=True,
    )
    def step(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        for key, body, judges in bodies:
            mended = 0
            if key in context.selected_asset_keys:
                made = call(key, body, context)._replace(asset_key=key)
                mended = (made.metadata or {}).get(MENDED, 0)
                yield made
            for check, judge in judges.items():
                if check not in context.selected_asset_check_keys:
                    continue
                said = call(check, judge, context)._replace(asset_key=key, check_name=check.name)
                result = _told_of(said, mended) if check.name == "suite" else said
                yield result
                # What comes after it in this step is downstream.
                _stop_where_red(result, check in blocking)

    blocking = {spec.key for check in checks for spec in check.check_specs if spec.blocking}
    return step


def _told_of(result: dg.AssetCheckResult, mended: int) -> dg.AssetCheckResult:
    """What a suite says, with a warning where days were not what had been written and were made again."""
    if not mended or not result.passed:
        return result
    words = f"{mended} days were damaged or changed by others and were made again: look at disk and access"
    return result._replace(
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{words}; {result.description}",
    )


def _stop_where_red(result: dg.AssetCheckResult, blocking: bool) -> None:
    """Let a red blocking check end its step, with the check's own words as the last."""
    if blocking and not result.passed and result.severity == ERROR:
        name = f"{result.asset_key.path[-1]}: {result.check_name}" if result.asset_key else result.check_name
        raise dg.Failure(f"{name}: {result.description}", allow_retries=False)


def _alone(check: dg.AssetChecksDefinition) -> dg.AssetChecksDefinition:
    """A check that is a step of its own."""
    [spec] = check.check_specs
    body = body_of(check)

    @dg.multi_asset_check(
        name=check.node_def.name, specs=[spec], required_resource_keys=set(check.required_resource_keys)
    )
    def step(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        said = call(spec.key, body, context)
        result = said._replace(asset_key=spec.asset_key, check_name=spec.name)
        yield result
        _stop_where_red(result, spec.blocking)

    return step


def _said(spec: dg.AssetSpec, asset: dg.AssetsDefinition, lake: str | None) -> dg.AssetSpec:
    """What an asset says of itself, with the version of its code and its address."""
    coded = spec.replace_attributes(code_version=code_version(body_of(asset).__module__)[:12])
    if lake is None or spec.metadata.get("store") != "lake":
        return coded
    return coded.merge_attributes(metadata={"dagster/uri": f"{lake.rstrip('/')}/{spec.key.path[-1]}"})


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
    key: dg.AssetKey | dg.AssetCheckKey,
    body: Callable[..., Any],
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
) -> Any:
    """What the body of an asset or a check returns for the context and the resources that it names."""
    names = list(inspect.signature(body).parameters)[1:]
    mark = RUNNING.set(key)
    try:
        return body(context, **{name: getattr(context.resources, name) for name in names})
    finally:
        RUNNING.reset(mark)
