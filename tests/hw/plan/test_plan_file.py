"""Plans as TOML files: what they may hold, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from refusal import refused
from somagate.export.tables import Tables
from somagate.hw.generate import save_manifest
from somagate.hw.plan import plan_file
from somagate.hw.plan.plan import Plan, StageShape
from tiny_tables import tiny

EXAMPLES = Path(__file__).parents[3] / "examples"
TEXT = """
word_bits = 16

[[stages]]
layers = ["{0}"]
lanes = 8
banks = 2

[[stages]]
layers = {1}
update_lanes = 2
"""


@pytest.fixture
def write(tmp_path: Path):
    """Return a function that writes a plan file."""

    def file(text: str) -> Path:
        path = tmp_path / "plan.toml"
        path.write_text(text)
        return path

    return file


def test_stages_come_from_the_file(write) -> None:
    tables = tiny()
    first, rest = tables.layers[0].name, len(tables.layers) - 1
    plan = plan_file.read(write(TEXT.format(first, rest)), tables)
    assert plan.word_bits == 16 and not plan.loadable
    assert plan.shapes == (
        StageShape(layers=1, lanes=8, banks=2),
        StageShape(layers=rest, update_lanes=2),
    )


def test_an_empty_file_is_one_stage(write) -> None:
    plan = plan_file.read(write(""), tiny(), word_bits=16)
    assert plan.word_bits == 16 and len(plan.stages) == 1


def test_a_byte_order_mark_is_passed_over(write) -> None:
    plan = plan_file.read(write("\N{ZERO WIDTH NO-BREAK SPACE}word_bits = 32\n"), tiny())
    assert plan.word_bits == 32


def test_replicas_are_said_where_there_are_several(write) -> None:
    one = plan_file.read(write(""), tiny())
    three = plan_file.read(write("replicas = 3"), tiny())
    assert (one.replicas, three.replicas) == (1, 3)
    assert "replicas" not in plan_file.to_dict(one) and "replicas" not in plan_file.dump(one)
    assert plan_file.read(write(plan_file.dump(three)), tiny()).replicas == 3
    assert plan_file.from_dict(plan_file.to_dict(three), tiny()).replicas == 3


def test_tiles_are_said_where_there_are_several(write) -> None:
    text = "[[stages]]\nlayers = 1\ntiles = {}\n\n[[stages]]\nlayers = 2\n"
    tables = Tables.load(EXAMPLES / "digits.safetensors")
    one, two = (plan_file.read(write(text.format(n)), tables) for n in (1, 2))
    assert [shape.tiles for shape in two.shapes] == [2, 1] and len(two.stages) == 3
    assert "tiles" not in plan_file.dump(one) and "tiles" not in plan_file.to_dict(one)["stages"][0]
    assert plan_file.read(write(plan_file.dump(two)), tables).shapes == two.shapes


def test_a_plan_survives_the_round_trip() -> None:
    tables = tiny()
    plan = Plan.single(tables, lanes=8, update_lanes=2, banks=2, word_bits=16, loadable=True)
    assert plan_file.to_dict(plan_file.from_dict(plan_file.to_dict(plan), tables)) == (
        plan_file.to_dict(plan)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word_bits = 24", "Plan word_bits must be a power of two, not 24"),
        (
            "bits = 1",
            (
                "plan keys must be among "
                "['loadable', 'orders', 'replicas', 'stages', 'word_bits'], not 'bits'"
            ),
        ),
        ("loadable = 1", "plan loadable must be a bool, not 1"),
        ("stages = 3", "plan stages must be a list, not 3"),
        ("stages = [3]", "stage 0 must be a table, not 3"),
        (
            "[[stages]]\nlanes = 8",
            "stage 0 must have layers, a list of names or how many they are",
        ),
        (
            "[[stages]]\nlayers = 1\nlane = 8",
            f"stage 0 keys must be among {sorted(StageShape.__dataclass_fields__)}, not 'lane'",
        ),
    ],
)
def test_what_does_not_fit_is_named(write, text: str, message: str) -> None:
    path = write(text)
    with refused(plan_file.PlanFileError, f"{path}: {message}"):
        plan_file.read(path, tiny())


def test_layers_must_follow_each_other(write) -> None:
    tables = tiny()
    names = [layer.name for layer in tables.layers]
    path = write('[[stages]]\nlayers = ["nowhere"]')
    message = f"{path}: stage 0 layers must follow each other as {names}, not be ['nowhere']"
    with refused(plan_file.PlanFileError, message):
        plan_file.read(path, tables)


def test_a_file_that_is_no_toml_is_named(write) -> None:
    path = write("word_bits =")
    with pytest.raises(plan_file.PlanFileError, match=r"plan\.toml must be a TOML file: "):
        plan_file.read(path, tiny())


def test_the_plan_of_an_accelerator_lies_in_its_folder(tmp_path: Path) -> None:
    plan = Plan.single(tiny(), lanes=8, update_lanes=2, word_bits=16, loadable=True)
    save_manifest(plan, tmp_path)
    found = plan_file.built(tmp_path)
    assert found.tables.sha256 == plan.tables.sha256
    assert plan_file.to_dict(found) == plan_file.to_dict(plan)


def test_a_folder_without_a_plan_is_named(tmp_path: Path) -> None:
    message = (
        f"{tmp_path} must be a folder that `somagate generate` wrote, but has no manifest.json"
    )
    with refused(plan_file.PlanFileError, message):
        plan_file.built(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the manifest and the tables of an accelerator."""
    save_manifest(Plan.single(tiny(), lanes=8, update_lanes=2), tmp_path)
    return tmp_path


def changed(folder: Path, **values: Any) -> None:
    """Change a manifest; None takes a key away."""
    path = folder / plan_file.MANIFEST
    known = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: known[key] for key in known if known[key] is not None}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"somagate": 1}, "must be of version 3, not 1: generate it anew"),
        ({"somagate": None}, "must be of version 3, not None: generate it anew"),
        ({"plan": None}, "plan must be a dict, not None: generate it anew"),
        ({"plan": [3]}, "plan must be a dict, not [3]: generate it anew"),
        ({"tables_sha256": 3}, "tables_sha256 must be a str, not 3: generate it anew"),
    ],
)
def test_a_manifest_of_another_version_or_kind_is_named(
    folder: Path, values: dict[str, Any], message: str
) -> None:
    changed(folder, **values)
    with refused(plan_file.PlanFileError, f"{folder}/manifest.json {message}"):
        plan_file.manifest(folder)


@pytest.mark.parametrize("text", ["[2]", "2"])
def test_a_manifest_that_is_no_object_is_named(folder: Path, text: str) -> None:
    path = folder / "manifest.json"
    path.write_text(text)
    message = f"{path} must be of version 3, not None: generate it anew"
    with refused(plan_file.PlanFileError, message):
        plan_file.manifest(folder)


def test_a_manifest_cut_short_is_named(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text('{"plan":')
    message = (
        f"{path} must be a JSON file: Expecting value: line 1 column 9 (char 8); generate it anew"
    )
    with refused(plan_file.PlanFileError, message):
        plan_file.built(folder)


def test_a_plan_in_a_manifest_that_does_not_fit_is_named(folder: Path) -> None:
    changed(folder, plan={"bits": 3})
    keys = ["loadable", "orders", "replicas", "stages", "word_bits"]
    message = f"{folder}/manifest.json: plan keys must be among {keys}, not 'bits'"
    for tables in (None, tiny(1)):
        with refused(plan_file.PlanFileError, message):
            plan_file.built(folder, tables)


def test_tables_that_an_accelerator_was_not_generated_from_are_named(folder: Path) -> None:
    old, new = tiny().sha256[:12], tiny(1).sha256[:12]
    tiny(1).save(folder / "tables.safetensors")
    message = (
        f"{folder}/tables.safetensors must hold the tables {old} that manifest.json names, "
        f"not {new}: generate both anew"
    )
    with refused(plan_file.PlanFileError, message):
        plan_file.built(folder)


def test_other_tables_are_laid_out_as_an_accelerators_own(folder: Path) -> None:
    found = plan_file.built(folder, tiny(1))
    assert found.tables.sha256 == tiny(1).sha256
    assert plan_file.to_dict(found) == plan_file.to_dict(plan_file.built(folder))


OF_TODAY = """
word_bits = 16
loadable = false

[[stages]]
layers = ["conv1"]
lanes = 8
update_lanes = 2
banks = 1
holds = true
weight_memory = "block"

[[stages]]
layers = ["conv2", "readout"]
lanes = 16
update_lanes = 4
banks = 2
holds = false
weight_memory = "spram"

[orders]
"input" = [0]
"conv1" = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
"""
"""Every key that a plan file has had since the first ones were written: they load for good."""


def test_a_plan_file_with_every_key_loads_as_it_always_did(write) -> None:
    tables = Tables.load(EXAMPLES / "digits.safetensors")
    plan = plan_file.read(write(OF_TODAY), tables)
    assert plan.shapes == (
        StageShape(layers=1, lanes=8, update_lanes=2, holds=True),
        StageShape(layers=2, lanes=16, update_lanes=4, banks=2, weight_memory="spram"),
    )
    assert (plan.word_bits, plan.loadable) == (16, False)
    assert plan.orders == {"input": (0,), "conv1": tuple(range(15, -1, -1))}
    assert plan_file.dump(plan).strip() == OF_TODAY.strip()


def test_what_came_later_is_in_the_file_where_it_is_used(write) -> None:
    tables = tiny()
    for later in ({}, {"ahead": 3}, {"flags": 4}):
        shapes = (StageShape(layers=len(tables.layers), **later),)
        text = plan_file.dump(Plan(tables=tables, shapes=shapes))
        told = [line for line in text.splitlines() if line.startswith(("ahead", "flags"))]
        assert told == [f"{name} = {value}" for name, value in later.items()]
        assert plan_file.read(write(text), tables).shapes == shapes


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.safetensors")), ids=lambda p: p.stem)
def test_tables_of_today_have_a_plan_that_survives_its_file(path: Path, write) -> None:
    tables = Tables.load(path)
    plan = Plan.single(tables, lanes=8, update_lanes=2, loadable=True)
    again = plan_file.read(write(plan_file.dump(plan)), tables)
    assert plan_file.to_dict(again) == plan_file.to_dict(plan)
