# SPDX-License-Identifier: Apache-2.0
"""Numbers as people read them: groups of three, few digits, never more precision than was measured."""

from math import ceil, floor, log10

GROUP = "\u202f"  # narrow no-break space: a number never wraps


def count(value: float) -> str:
    """``14 203 648``; halves of a block RAM keep their decimal."""
    whole = value == int(value)
    return (f"{int(value):,}" if whole else f"{value:,.1f}").replace(",", GROUP)


def short(value: float) -> str:
    """A quantity with at most one decimal, in full where it is whole or large: ``0.5``, ``212.4``, ``31 204``."""
    rounded = round(value, 1)
    return count(round(value)) if abs(value) >= 1000 else count(rounded)


def magnitude(value: float) -> tuple[str, str]:
    """Three or four digits and their unit: ``("14.2", "M")``."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            scaled = value / (1e3 if unit == "k" else limit)
            return (f"{scaled:.0f}" if scaled >= 100 else f"{scaled:.1f}"), unit
    return count(value), ""


def percent(share: float) -> str:
    """``58.7 %``. Only a whole is 100 %, only nothing is 0 %."""
    value = share * 100
    if 99.95 <= value < 100:
        return f"99.9{GROUP}%"
    if 0 < value < 0.05:
        return f"<{GROUP}0.1{GROUP}%"
    return f"{value:.1f}{GROUP}%"


def change(measured: float, predicted: float) -> str:
    """How far a measurement lies from its prediction: ``+2.4 %``; a word where it does not, or none was made."""
    if not predicted:
        return "not predicted" if measured else "as predicted"
    share = (measured - predicted) / predicted
    if not share:
        return "as predicted"
    sign = "" if abs(share) < 0.0005 else "-" if share < 0 else "+"
    return f"{sign}{percent(abs(share))}"


def ticks(top: float, wanted: int = 5) -> list[float]:
    """Round steps from 0 up to and including the first at or over `top`; `top` must be positive."""
    rough = top / wanted
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [step * index for index in range(ceil(top / step - 1e-9) + 1)]
