import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from plans import Shapes, network
from somagate.boards.registry import BOARDS
from somagate.hw.cost.joules import ENERGY_TABLE
from somagate.hw.cost.part import PARTS
from somagate.hw.cost.resources import resources
from somagate.hw.plan.plan import Plan
from tiny_tables import tiny


def test_a_board_is_estimated_with_its_serial_line(somagate, tables_path: Path) -> None:
    result = somagate.json("estimate", tables_path)
    part = BOARDS["icebreaker"].family.part
    alone = resources(Plan.single(tiny(), word_bits=16), part)
    assert (result["board"], result["part"]) == ("icebreaker", "ice40up5k")
    assert result["fits"] is True
    assert (result["reasons"], result["remedies"]) == ([], [])
    logic = result["resources"]["logic"]
    assert logic["unit"] == "logic cells"
    assert logic["available"] == 5280
    assert 500 < logic["used"] - alone.logic < 800
    assert [memory["memory"] for memory in result["memories"]] == [
        *("maps", "weights_3", "weights_4", "parameters", "potentials_3", "potentials_10"),
        *("frames", "answers", "pages"),
    ]
    assert result["memories"][-1]["stage"] is None
    assert result["resources"]["block_rams"]["used"] == sum(
        memory["block_rams"] for memory in result["memories"]
    )
    assert result["clock_hz"] == 24_000_000
    assert (result["baud"], result["limit"]) == (115200, "line")
    fast = somagate.json("estimate", tables_path, "--baud", 3_000_000)
    assert fast["line_samples_per_second"] == pytest.approx(
        3e6 / 115200 * result["line_samples_per_second"], rel=1e-2
    )
    assert somagate.json("estimate", tables_path, "--clock", 0.1)["limit"] == "accelerator"
    assert somagate.error("estimate", tables_path, "--baud", 4_000_000) == (
        "UART baud must be at most an eighth of the clock, 3000000 baud at 24000000 Hz, not 4000000"
    )
    assert result["replicas"] == 1
    text = somagate("estimate", tables_path).stdout
    assert "Over the line, at 115,200 baud, " in text and ": the line limits\n" in text
    assert somagate.error("estimate", tables_path, "--part", "xc7a35t", "--baud", 9600) == (
        "baud must be left out for part xc7a35t, which has no line"
    )
    assert result["samples_per_second"] == pytest.approx(
        24e6 / result["cycles_per_sample"], rel=1e-3
    )


def test_cycles_are_those_that_verify_measures(somagate, tables_path: Path) -> None:
    given = (tables_path, "--data", "digits", "--samples", 2, "--lanes", 4)
    estimated = somagate.json("estimate", *given)
    measured = somagate.json("verify", *given, "--engine", "amaranth")
    assert estimated["cycles_per_sample"] == measured["cycles_per_sample"]
    assert estimated["data"] == "digits"
    assert estimated["activity"] is None
    for mine, theirs in zip(estimated["layers"], measured["layers"], strict=True):
        assert mine["additions"] == theirs["additions"]


def test_more_activity_takes_more_cycles(somagate, tables_path: Path) -> None:
    cycles = [
        somagate.json("estimate", tables_path, "--activity", activity)["cycles_per_sample"]
        for activity in (0, 0.2, 1)
    ]
    assert cycles[0] < cycles[1] < cycles[2]


def test_a_part_by_itself_has_no_clock_unless_one_is_given(somagate, tables_path: Path) -> None:
    result = somagate.json("estimate", tables_path, "--part", "xc7a35t")
    assert (result["board"], result["part"]) == (None, "xc7a35t")
    assert result["synthesis"] == PARTS["xc7a35t"].synthesis
    assert (result["clock_hz"], result["samples_per_second"]) == (None, None)
    assert somagate.json("estimate", tables_path, "--part", "xc7a35t", "--clock", 50)[
        "clock_hz"
    ] == 50_000_000  # fmt: skip


def test_what_does_not_fit_exits_with_1_and_names_a_way_out(somagate, tables_path: Path) -> None:
    given = ("estimate", tables_path, "--word-bits", 1024, "--update-lanes", 8)
    result = somagate.json(*given, exit_code=1)
    assert result["fits"] is False
    assert "logic cells are needed, but the Lattice iCE40UP5K has 5,280" in result["reasons"][0]
    assert any(line.startswith("Words of ") for line in result["remedies"])
    plain = somagate(*given)
    assert plain.exit_code == 1
    assert "It does NOT fit icebreaker" in plain.stdout
    for line in (*result["reasons"], *result["remedies"]):
        assert f"- {line}" in plain.stdout


def test_the_tables_of_the_result_are_shown(somagate, tables_path: Path) -> None:
    plain = somagate("estimate", tables_path, "--board", "ulx3s-85f").stdout
    assert "LUT4" in plain
    assert "potentials_10" in plain
    assert "a sample of random spikes, 10% of all neurons in a time step" in plain
    assert "It fits ulx3s-85f" in plain


@pytest.mark.parametrize("where", [("--board", "ulx3s-85f"), ("--part", "xc7a35t")])
def test_weights_for_large_rams_are_estimated_where_there_are_none(
    somagate, tables_path: Path, tmp_path: Path, where: tuple[str, str]
) -> None:
    plan = tmp_path / "spram.toml"
    plan.write_text('[[stages]]\nlayers = 2\nlanes = 4\nweight_memory = "spram"\n')
    given = ("estimate", tables_path, "--plan", plan, *where)
    result = somagate.json(*given)
    assert result["fits"] and "large_rams" not in result["resources"]
    logic = result["resources"]["logic"]
    assert logic["share"] == logic["used"] / logic["available"]
    plain = somagate(*given)
    assert plain.exit_code == 0 and f"{logic['share']:.0%}" in plain.stdout


def test_mistakes_are_named(somagate, tables_path: Path) -> None:
    call = ("estimate", tables_path)
    assert somagate.error(*call, "--part", "xc7a35") == (
        f"part must be one of {', '.join(PARTS)}, not 'xc7a35'; did you mean 'xc7a35t'?"
    )
    assert somagate.error(*call, "--activity", 1.5) == "activity must be 0…1, not 1.5"
    assert somagate.error(*call, "--samples", 3) == (
        "--samples must come with --data, not be 3 without it"
    )


@pytest.mark.parametrize("clock", [0, -3, 1e-9, 20_000, "nan"])
def test_a_clock_that_no_chip_has_is_refused(somagate, tables_path: Path, clock: object) -> None:
    message = f"--clock must be 0.000001…10000 MHz, not {float(clock)}"
    assert somagate.error("estimate", tables_path, f"--clock={clock}") == message


def test_cycles_of_a_network_too_large_to_follow_are_about_right(
    somagate, tables_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = somagate.json("estimate", tables_path)
    monkeypatch.setattr("somagate.rough_prediction.FOLLOWED", 0)
    rough = somagate.json("estimate", tables_path)
    assert (exact["exact"], rough["exact"]) == (True, False)
    # In a network as small as this, the blocks' latencies count, which are left out.
    assert rough["cycles_per_sample"] == pytest.approx(exact["cycles_per_sample"], rel=0.3)
    assert [row["additions"] for row in rough["layers"]] == [
        row["additions"] for row in exact["layers"]
    ]
    assert "cycles a sample, some 20 % off, for a sample of random" in (
        " ".join(somagate("estimate", tables_path).stdout.split())
    )
    # Of data they are always exact.
    assert somagate.json("estimate", tables_path, "--data", "digits", "--samples", 1)["exact"]


def test_a_map_of_millions_of_positions_is_not_followed(somagate, tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    large = Shapes(channels=1, padding=(1, 1), pool=(8, 8))
    network((1, 1024, 1024), [large], steps=4).save(path)
    assert somagate.json("estimate", path, exit_code=1)["exact"] is False


def test_energy_adds_up_and_is_marked_as_an_estimate(somagate, tables_path: Path) -> None:
    given = ("estimate", tables_path, "--data", "digits", "--samples", 2, "--energy")
    result = somagate.json(*given)
    found = result["energy"]
    assert found["samples"] == 2 and found["toggles"] is None
    for name, total in found["synaptic_operations"].items():
        assert total == pytest.approx(sum(layer[name] for layer in found["layers"])) or not total
    operations = found["synaptic_operations"]
    assert 0 < operations["Effective_ACs"] < operations["Dense"]
    assert operations["Effective_MACs"] == 0
    for mine, theirs in zip(found["layers"], result["layers"], strict=True):
        assert mine["additions"] * 2 == theirs["additions"]
        assert mine["Effective_ACs"] <= mine["additions"] <= mine["array_additions"]
        rows = [a["reads"] for a in found["accesses"]
                if a["layer"] == mine["layer"] and a["memory"].startswith("weights")]  # fmt: skip
        assert rows == [mine["weight_rows"]]
    assert found["layers"][1]["activation_sparsity"] is None  # never fires
    assert 0 < found["layers"][0]["activation_sparsity"] == found["activation_sparsity"] < 1
    joules = found["joules"]
    assert joules["estimate"] is True and "Horowitz" in joules["source"]
    assert joules["joules_per_sample"] == pytest.approx(sum(i["joules"] for i in joules["items"]))
    assert {item["item"] for item in joules["items"]} == {
        *("additions", "maps", "weights", "parameters", "potentials"),
    }
    assert "leakage" in joules["left_out"]
    plain = somagate(*given).stdout
    assert "Effective ACs" in plain and "in all" in plain
    assert "J a sample, an ESTIMATE of an ASIC in 45 nm at 0.9 V, not an FPGA: " in plain
    assert "By M. Horowitz, " in plain and "; without updates of neurons, " in plain
    assert "toggles" not in plain


def test_energy_of_random_spikes_is_that_of_their_cycles(somagate, tables_path: Path) -> None:
    silent, busy = (
        somagate.json("estimate", tables_path, "--activity", share, "--energy")
        for share in (0, 0.5)
    )
    assert somagate.json("estimate", tables_path)["energy"] is None
    assert silent["energy"]["synaptic_operations"]["Effective_ACs"] == 0
    assert silent["energy"]["joules"]["items"][-1] == busy["energy"]["joules"]["items"][-1]
    assert busy["energy"]["layers"][0]["additions"] == busy["layers"][0]["additions"]


def test_what_no_table_covers_is_left_out_by_name(
    somagate, tables_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(ENERGY_TABLE, additions={8: 1e-12}, accesses={64: 1e-12})
    monkeypatch.setattr("somagate.energies.ENERGY_TABLE", small)
    found = somagate.json("estimate", tables_path, "--energy")["energy"]["joules"]
    left_out = found["left_out"]
    assert any(re.fullmatch(r"additions of \d+ bits", item) for item in left_out)
    assert "memory weights_4 of stage 0" in left_out
    assert "additions" not in {item["item"] for item in found["items"]}


def test_toggles_are_counted_in_verilator(somagate, tables_path: Path) -> None:
    given = ("estimate", tables_path, "--data", "digits", "--samples", 2, "--energy", "--toggles")
    result = somagate.json(*given)
    found = result["energy"]["toggles"]
    assert found["cycles"] == pytest.approx(result["cycles_per_sample"], abs=0.1)
    assert found["toggles"] == sum(block["toggles"] for block in found["blocks"])
    assert found["flip_flops"] == sum(block["flip_flops"] for block in found["blocks"])
    reads = {a["memory"]: 0.0 for a in result["energy"]["accesses"]}
    for access in result["energy"]["accesses"]:
        reads[access["memory"]] += access["reads"]
    for port in found["ports"]:
        assert reads[port["memory"]] <= port["reads"] <= found["cycles"]
    plain = somagate(*given).stdout
    assert "per flip-flop and cycle" in plain and "read port enabled" in plain


def test_toggles_need_data_and_energy(somagate, tables_path: Path) -> None:
    message = "toggles must come with energy, and with data to simulate"
    assert somagate.error("estimate", tables_path, "--energy", "--toggles") == message
    assert somagate.error("estimate", tables_path, "--data", "digits", "--toggles") == message


def test_replicas_are_estimated_as_one_design(somagate, tables_path: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    found = []
    for replicas in (1, 3):
        plan.write_text(f"word_bits = 16\nreplicas = {replicas}\n")
        given = ("estimate", tables_path, "--plan", plan, "--part", "lfe5u-85f", "--clock", 50)
        found.append(somagate.json(*given))
    one, three = found
    assert (one["replicas"], three["replicas"]) == (1, 3)
    assert three["cycles_per_sample"] == pytest.approx(one["cycles_per_sample"] / 3, rel=0.02)
    assert three["resources"]["block_rams"]["used"] == 3 * one["resources"]["block_rams"]["used"]
    outside = {block["block"] for block in three["blocks"] if block["stage"] is None}
    assert outside == {"dealer", "collector", "board"}
    text = " ".join(somagate(*given).stdout.split())
    assert "times" in text
    folder = tmp_path / "made"
    text = " ".join(
        somagate("generate", tables_path, "--plan", plan, "--out", folder).stdout.split()
    )
    assert "all of it 3 times" in text
    assert json.loads((folder / "memory_map.json").read_text())["replicas"] == 3


def test_of_few_samples_replicas_are_told_as_once_they_are_full(
    somagate, tables_path: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.toml"
    found = []
    for replicas in (1, 5):
        plan.write_text(f"word_bits = 16\nreplicas = {replicas}\n", encoding="utf-8")
        given = ("--plan", plan, "--part", "lfe5u-85f", "--data", "digits", "--samples", 3)
        found.append(somagate.json("estimate", tables_path, *given))
    one, five = found
    through = 3 * one["cycles_per_sample"] - one["latency_cycles"]
    assert one["interval_cycles"] == pytest.approx(through / 2, abs=0.2)
    assert five["cycles_per_sample"] == pytest.approx(through / 2 / 5, abs=0.1)
    assert five["cycles_per_sample"] == five["interval_cycles"]
    text = " ".join(somagate("estimate", tables_path, *given).stdout.split())
    assert f"The first sample by itself: {five['latency_cycles']:,} cycles" in text
    assert f"from then on {five['interval_cycles']:,} cycles a sample" in text
    one_sample = somagate.json("estimate", tables_path, *given[:-1], 1)
    assert one_sample["interval_cycles"] is None


def test_memories_that_several_tiles_have_alike_are_one_line(somagate, tmp_path: Path) -> None:
    digits = Path(__file__).parents[2] / "examples" / "digits.safetensors"
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'word_bits = 16\n[[stages]]\nlayers = ["conv1"]\ntiles = 3\n'
        '[[stages]]\nlayers = ["conv2", "readout"]\n',
        encoding="utf-8",
    )
    text = somagate("estimate", digits, "--plan", plan, "--part", "lfe5u-85f").stdout
    line = next(line for line in text.splitlines() if line.strip().startswith("parameters_0…2"))
    assert line.split()[-1] == "3"
