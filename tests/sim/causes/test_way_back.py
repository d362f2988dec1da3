from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from networks import cases
from planted import plant
from somagate.export.tables import Tables
from somagate.sim.causes.breaks import breaks
from somagate.sim.causes.suspects import suspects
from somagate.sim.causes.way_back import way_back
from somagate.sim.golden.golden import run
from somagate.sim.golden.trace import Difference, compare


@settings(
    max_examples=100,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(cases(), st.integers(0, 2**32 - 1))
def test_the_way_from_any_difference_leads_to_the_planted_fault(
    case: tuple[Tables, Any], seed: int
) -> None:
    tables, x = case
    rng = np.random.default_rng(seed)
    fault = plant(tables, rng)
    golden = run(tables, x, potentials=True)
    other = replace(run(fault.tables, x, potentials=True), tables=tables.sha256)
    first = compare(golden, other)
    assume(first is not None)
    assert first is not None
    starts = [first]
    for name in golden.spikes:  # and from others, anywhere in the run
        for at in np.argwhere(golden.potentials[name] != other.potentials[name])[-1:]:
            step, sample, *place = map(int, at)
            starts.append(
                Difference(
                    quantity="potential", layer=name, step=step, sample=sample,
                    place=tuple(place), values=(0, 0), count=1,
                )
            )  # fmt: skip
    found = breaks(tables, other, x)
    assert {name for name, each in found.items() if each.count} == {fault.layer}
    assert [*found[fault.layer].channels] == [fault.channel]
    for start in starts:
        way = way_back(tables, golden, other, x, start)
        cause = way.cause
        assert cause is not None
        assert (cause.layer, cause.place[0], cause.by) == (fault.layer, fault.channel, "here")
        assert found[cause.layer].where[(cause.step, cause.sample, *cause.place)]
        assert [link.by for link in way.links[:-1]].count("here") == 0
    named = suspects(tables, other, x, found[fault.layer], fault.channel)
    right = [
        s for s in named if (s.number, s.group, s.index) == (fault.number, fault.group, fault.index)
    ]
    assert right and fault.value in right[0].values
