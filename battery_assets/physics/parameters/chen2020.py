"""A 5 Ah cylindrical cell, NMC 811 against graphite with silicon (LG M50): Chen et al. 2020.

Electrode potentials are the paper's own fits (J. Electrochem. Soc. 167, 080534, eqs. 8 and 9), as in the
parameter set of the same name in PyBaMM; stoichiometries at 2.5 V and 4.2 V from the same set. Resistance and
heat are of the class of the cell: 25 mohm, 70 g x 900 J/kgK, convention.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chen2020:
    """Constants of one cell; units are in the names."""

    nominal_ah: float = 5.0
    negative_full: float = 0.9014
    negative_empty: float = 0.0279
    positive_full: float = 0.2661
    positive_empty: float = 0.9077
    high_v: float = 4.2
    low_v: float = 2.5
    ohmic_ohm: float = 0.022
    polarisation_ohm: float = 0.013
    polarisation_s: float = 40.0
    heat_capacity_j_k: float = 63.0
    cooling_w_k: float = 0.12

    @property
    def negative_ah(self) -> float:
        """Capacity of the negative electrode over its whole stoichiometry."""
        return self.nominal_ah / (self.negative_full - self.negative_empty)

    @property
    def positive_ah(self) -> float:
        """Capacity of the positive electrode over its whole stoichiometry."""
        return self.nominal_ah / (self.positive_empty - self.positive_full)

    @property
    def lithium_ah(self) -> float:
        """Lithium that cycles between the two."""
        return self.negative_full * self.negative_ah + self.positive_full * self.positive_ah


LG_M50 = Chen2020()
