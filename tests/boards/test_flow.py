"""A tool that fails is one clear error, and placements are tried until one is fast enough."""

import json
import sys

import pytest
from somagate.boards import flow
from somagate.boards.families.ecp5 import LFE5U_85F
from somagate.boards.families.ice40 import ICE40UP5K
from somagate.boards.flow import BuildError, pack, place_until_fast


def test_a_packer_that_fails_is_named_with_its_reason(tmp_path):
    (tmp_path / "top.config").write_text("nonsense\n")
    with pytest.raises(BuildError) as error:
        pack(LFE5U_85F, tmp_path)
    assert str(error.value) == (
        "Packing failed in ecppack: Failed to process input config: unrecognised config entry "
        f"nonsense (all of it: {tmp_path}/packing.log)"
    )


def test_a_tool_that_says_nothing_is_named_with_its_exit_status(tmp_path, monkeypatch):
    program = tmp_path / "icepack"
    program.write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    program.chmod(0o755)
    monkeypatch.setenv("ICEPACK", str(program))
    with pytest.raises(BuildError) as error:
        pack(ICE40UP5K, tmp_path)
    assert str(error.value) == (
        f"Packing failed in icepack: exit status 3 (all of it: {tmp_path}/packing.log)"
    )


@pytest.mark.parametrize(
    ("speeds", "kept", "tried"),
    [
        ([90, 101, 120], 6, 2),
        ([90, 97, 95], 6, 3),
        ([100], 5, 1),
        ([99], 5, 1),
        ([None, 101, 120], 6, 2),
        ([90, None, 101], 7, 3),
        ([90, 97, None], 6, 3),
        ([None, 0, None], 6, 3),
    ],
)
def test_the_first_placement_fast_enough_is_kept_or_else_the_fastest(
    tmp_path, monkeypatch, speeds, kept, tried
):
    """A seed of no speed can't be placed."""

    def place(family, folder, seed, arguments):
        speed = speeds[seed - 5]
        (folder / "placement.log").write_text(str(seed))
        if speed is None:
            raise BuildError(f"no place with seed {seed}")
        fmax = {"clk": {"achieved": speed, "constraint": 100}}
        (folder / "placement.json").write_text(json.dumps({"fmax": fmax}))
        (folder / "top.config").write_text(str(seed))

    monkeypatch.setattr(flow, "place_and_route", place)
    seeds = range(5, 5 + len(speeds))
    assert place_until_fast(LFE5U_85F, tmp_path, seeds, ()) == (kept, tried)
    assert (tmp_path / "top.config").read_text() == str(kept)
    assert (tmp_path / "placement.log").read_text() == str(kept)
    fmax = json.loads((tmp_path / "placement.json").read_text())["fmax"]
    assert fmax["clk"]["achieved"] == speeds[kept - 5]


def test_a_design_that_no_seed_can_place_fails_with_the_last_seeds_reason(tmp_path, monkeypatch):
    def place(family, folder, seed, arguments):
        raise BuildError(f"no place with seed {seed}")

    monkeypatch.setattr(flow, "place_and_route", place)
    with pytest.raises(BuildError, match="^no place with seed 7$"):
        place_until_fast(LFE5U_85F, tmp_path, range(5, 8), ())


@pytest.mark.parametrize(
    ("cells", "further"),
    [
        (8_000, []),
        (8_001, ["--placer", "static"]),
        (20_000, ["--placer", "static"]),
        (20_001, ["--placer", "static", "--router", "router2"]),
    ],
)
def test_a_large_netlist_has_another_placer_and_router(tmp_path, monkeypatch, cells, further):
    (tmp_path / "statistics.json").write_text(json.dumps({"design": {"num_cells": cells}}))
    given = []
    monkeypatch.setattr(
        flow, "_run", lambda step, folder, log, tool, arguments: given.extend(arguments)
    )
    flow.place_and_route(LFE5U_85F, tmp_path, 1, ["--freq", "100"])
    start = given.index("--timing-allow-fail") + 1
    assert given[start:] == [*further, "--freq", "100"]
