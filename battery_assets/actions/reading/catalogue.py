"""Every resource, by its name."""

from battery_assets.actions.reading import experiments, fleet, lab
from battery_assets.actions.reading.resource import Resource

RESOURCES: dict[str, Resource] = {
    one.name: one for one in (*fleet.RESOURCES, *lab.RESOURCES, *experiments.RESOURCES)
}
