import hashlib
import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import cases, networks
from refusal import refused
from safetensors import safe_open
from safetensors.numpy import save as encode
from somagate.export import file
from somagate.export.file import TablesFileError
from somagate.export.layer import Input, Layer, Pool
from somagate.export.neuron import Current, Leak, Neuron, Shift
from somagate.export.readout import Readout
from somagate.export.synapse import Convolution, Dense, Identity
from somagate.export.tables import Tables
from somagate.sim.golden import golden, trace

KEY = "somagate.tables"


def tables(weight=1):
    rng = np.random.default_rng(0)
    first = Layer(
        name="conv1",
        synapses=(
            Convolution(
                source="input", weights=rng.integers(-8, 8, (3, 2, 3, 3)), bits=4, padding=1
            ),
            Identity(source="conv1", weights=[1, -1, weight], bits=2),
        ),
        neuron=Neuron(
            bias=[1, 2, 3],
            threshold=[4, 5, 6],
            store=Shift(bits=4, shift=1),
            reset="subtract",
            amount=[7, 8, -9],
            leak=Leak(multiplier=[1, 2, 3], shift=2),
        ),
        channel_mask=[True, False, True],
    )
    second = Layer(
        name="conv2",
        synapses=(Convolution(source="conv1", weights=rng.integers(-1, 2, (2, 3, 1, 1)), bits=2),),
        neuron=Neuron(bias=[0, 0], threshold=[1, 1], store=Shift(bits=2, shift=0)),
        pool=Pool(kind="sum", size=2),
    )
    last = Layer(
        name="fc",
        synapses=(Dense(source="conv2", weights=rng.integers(-8, 8, (2, 8)), bits=8),),
        neuron=Neuron(bias=[0, 0], threshold=None, reset="none", store=Shift(bits=8, shift=0)),
    )
    return Tables(
        name="net",
        steps=3,
        input=Input(shape=(2, 4, 5)),
        layers=(first, second, last),
        readout=Readout(layer="fc", kind="potential"),
    )


@pytest.fixture
def path(tmp_path):
    """The file of `tables()`."""
    tables().save(tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


def contents(path):
    """Return the metadata and the arrays of a file."""
    with safe_open(path, "numpy") as opened:
        names = opened.keys()
        document = json.loads(opened.metadata()[KEY])
        return document, {name: opened.get_tensor(name) for name in names}


def rewrite(path, document, arrays, sign=True):
    """Write a file whose hash is right whatever it holds, unless not to `sign`."""
    if sign:
        document = document | {"sha256": file._sha256(document["graph"], arrays)}
    path.write_bytes(encode(arrays, {KEY: json.dumps(document)}))


def refusal(path, message):
    """Demand that loading says `message` of the file, in one line."""
    assert "\n" not in message
    with refused(TablesFileError, f"{path}: {message}"):
        Tables.load(path)


def test_a_file_holds_weights_in_int8_masks_in_bool_and_the_rest_in_int32(path):
    _, arrays = contents(path)
    assert {name: str(array.dtype) for name, array in arrays.items() if "conv1" in name} == {
        "layers.conv1.synapses.0.weights": "int8",
        "layers.conv1.synapses.1.weights": "int8",
        "layers.conv1.neuron.bias": "int32",
        "layers.conv1.neuron.threshold": "int32",
        "layers.conv1.neuron.amount": "int32",
        "layers.conv1.neuron.leak.multiplier": "int32",
        "layers.conv1.channel_mask": "bool",
    }


@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=cases())
def test_a_round_trip_loses_nothing(tmp_path, case):
    net, x = case
    first, second = tmp_path / "first", tmp_path / "second"
    net.save(first)
    again = Tables.load(first)
    again.save(second)
    assert first.read_bytes() == second.read_bytes()
    assert again.sha256 == net.sha256
    assert repr(again) == repr(net)
    assert trace.compare(golden.run(net, x, True), golden.run(again, x, True)) is None


def test_the_same_tables_have_the_same_bytes(path, tmp_path):
    tables().save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", "net.safetensors"]


def test_the_hash_is_over_all_the_contents():
    assert file.digest(tables()) == tables().sha256
    assert len(tables().sha256) == 64
    net = tables()
    others = [
        tables(weight=0),
        replace(net, name="other"),
        replace(net, steps=4),
        replace(net, input=Input(shape=(2, 4, 5), constant=True)),
        replace(net, input=Input(shape=(2, 4, 5), maximum=16)),
        replace(net, layers=(replace(net.layers[0], channel_mask=[True] * 3), *net.layers[1:])),
    ]
    assert len({net.sha256, *(other.sha256 for other in others)}) == 1 + len(others)


def test_a_file_from_before_a_later_field_has_the_same_bytes_and_hash(path):
    """What `tables()` and its file hashed to when neurons had no `mask_negative`."""
    assert tables().sha256 == "cd21cadef8df55be1406d45a9459cb88037eb8b4425ab1fd804cde21b09adc0e"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == (
        "1796dedfa8db9a584122e26c1a2a9771fee070dd4ddd2e44907127f42c791627"
    )
    assert not any(layer.neuron.mask_negative for layer in Tables.load(path).layers)


def with_first(**changes):
    """Return `tables()` with changes to the neurons of the first layer."""
    net = tables()
    first = replace(net.layers[0], neuron=replace(net.layers[0].neuron, **changes))
    return replace(net, layers=(first, *net.layers[1:]))


USED = {
    "Leak rounding": {"leak": Leak(multiplier=3, shift=2, rounding="up")},
    "Neuron mask_negative": {"mask_negative": True},
    "Neuron gain": {"gain": 3},
    "Neuron lower_bound": {"lower_bound": [-3, -2, 0]},
    "Neuron spike_bits": {"spike_bits": 2, "amount": [4, 5, 6]},
    "Neuron current": {"current": Current(store=Shift(bits=6, shift=1), late=True)},
    "Pool of": {},
    "Convolution delay": {},
    "Dense delay": {},
}
"""Of each later field a neuron that uses it, if it is one of neurons."""


@pytest.mark.parametrize("name", USED)
def test_a_later_field_is_kept_and_hashed_where_it_is_used(name, path):
    net = with_first(**USED[name])
    if name == "Pool of":
        second = replace(net.layers[1], pool=Pool(kind="sum", size=2, of="sums"))
        net = replace(net, layers=(net.layers[0], second, net.layers[2]))
    if name.endswith("delay"):
        layers = list(net.layers)
        at = next(i for i, a in enumerate(layers) if type(a.synapses[0]).__name__ in name)
        late = replace(layers[at].synapses[0], delay=2)
        layers[at] = replace(layers[at], synapses=(late, *layers[at].synapses[1:]))
        net = replace(net, layers=tuple(layers))
    net.save(path)
    again = Tables.load(path)
    x = np.random.default_rng(0).integers(0, 2, (net.steps, 4, *net.input.shape))
    assert trace.compare(golden.run(net, x, True), golden.run(again, x, True)) is None
    assert again.sha256 == net.sha256 != tables().sha256
    # A reader from before the field does not know it, and so refuses the file.
    cls, field = name.split()
    document, _ = contents(path)
    first, second, _ = document["graph"]["layers"]
    places = {"Neuron": first["neuron"], "Leak": first["neuron"]["leak"], "Pool": second["pool"]}
    for group in (a["synapses"][0] for a in document["graph"]["layers"]):
        if "delay" in group:
            places[group["class"]] = group
    assert field in places[cls]
    assert field in file.LATER[cls]


def test_a_later_field_that_says_nothing_is_refused(path):
    document, arrays = contents(path)
    document["graph"]["layers"][1]["neuron"]["mask_negative"] = False
    rewrite(path, document, arrays)
    refusal(path, "Neuron mask_negative must be left out where it is False")
    document["graph"]["layers"][1]["neuron"]["mask_negative"] = "yes"
    rewrite(path, document, arrays)
    refusal(path, "Neuron mask_negative must be a bool, not 'yes'")


def test_numpy_integers_in_fields_are_no_trouble(tmp_path):
    net = replace(
        tables(),
        steps=np.int64(3),
        input=Input(shape=tuple(np.array([2, 4, 5])), maximum=np.int16(9)),
    )
    net.save(tmp_path / "net")
    assert Tables.load(tmp_path / "net").sha256 == net.sha256


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    before = path.read_bytes()

    def fail(self, target):
        raise OSError("no")

    monkeypatch.setattr(type(path), "replace", fail)
    with refused(OSError, "no"):
        tables(weight=0).save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Tables.load(tmp_path / "none")


def test_a_file_cut_short_is_refused(path):
    whole = path.read_bytes()
    header = int.from_bytes(whole[:8], "little")
    short = "not a whole .safetensors file: Error while deserializing header: incomplete metadata, "
    for length, message in [
        (0, "file must have 8…1073741824 bytes, not 0"),
        (7, "file must have 8…1073741824 bytes, not 7"),
        (
            100,
            (
                f"header must have at most 92 bytes, not {header}; "
                "the file is cut short, or not a .safetensors file"
            ),
        ),
        (len(whole) - 1, short + "file not fully covered"),
    ]:
        path.write_bytes(whole[:length])
        refusal(path, message)


def test_bytes_behind_the_end_are_refused(path):
    path.write_bytes(path.read_bytes() + b"\0")
    refusal(
        path,
        "not a whole .safetensors file: Error while deserializing header: "
        "incomplete metadata, file not fully covered",
    )


def test_a_file_too_large_is_refused_unread(path):
    with path.open("r+b") as opened:
        opened.truncate(1 << 34)
    refusal(path, "file must have 8…1073741824 bytes, not 17179869184")


def test_a_header_too_large_is_refused_unread(path):
    with path.open("r+b") as opened:
        opened.write((1 << 25).to_bytes(8, "little"))
        opened.truncate(1 << 26)
    refusal(
        path,
        "header must have at most 16777216 bytes, not 33554432; "
        "the file is cut short, or not a .safetensors file",
    )


def test_a_file_of_another_kind_is_refused(path):
    path.write_bytes(encode({"a": np.zeros(3, np.int32)}, {"format": "pt"}))
    refusal(path, "metadata must have the entry 'somagate.tables' alone, not ['format']")
    path.write_bytes(encode({"a": np.zeros(3, np.int32)}))
    refusal(path, "metadata must have the entry 'somagate.tables' alone, not []")
    path.write_bytes(encode({"a": np.zeros(3, np.float32)}, {KEY: "{}"}))
    refusal(path, "arrays must hold I8, I16, I32, I64, BOOL, not {'a': 'F32'}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("{", "{"), ("[1]", "[1]"), ("[" * 100_000, "[" * 40), ('{"a":' * 5000, '{"a":' * 8)],
)
def test_metadata_that_is_no_json_object_is_refused(path, text, shown):
    path.write_bytes(encode({}, {KEY: text}))
    refusal(path, f"metadata 'somagate.tables' must hold a JSON object, not '{shown}'")


@pytest.mark.parametrize("schema", [None, 0, 2, "1"])
def test_another_schema_is_refused_before_anything_else(path, schema):
    rewrite(path, {"schema": schema, "unknown": 1}, {}, sign=False)
    refusal(path, f"schema must be 1, which this version reads, not {schema!r}")


def test_other_metadata_is_refused(path):
    document, arrays = contents(path)
    rewrite(path, document | {"date": 1}, arrays)
    refusal(
        path,
        "metadata must hold graph, schema and sha256, not ['date', 'graph', 'schema', 'sha256']",
    )


def test_altered_contents_are_refused(path):
    document, arrays = contents(path)
    arrays["layers.fc.neuron.bias"][0] ^= 1
    rewrite(path, document, arrays, sign=False)
    found = file._sha256(document["graph"], arrays)
    refusal(
        path,
        f"SHA-256 must be '{tables().sha256}', but the contents have {found}; the file is altered",
    )


def test_a_missing_or_unknown_array_is_refused(path):
    document, arrays = contents(path)
    bias = arrays.pop("layers.fc.neuron.bias")
    rewrite(path, document, arrays)
    refusal(path, "array 'layers.fc.neuron.bias' must be in the file once")
    arrays |= {"layers.fc.neuron.bias": bias, "extra": bias, "another": bias}
    rewrite(path, document, arrays)
    refusal(path, "arrays must all be in the graph, not ['another', 'extra'] besides")


def test_a_missing_or_unknown_field_is_refused(path):
    document, arrays = contents(path)
    document["graph"]["input"]["colour"] = document["graph"]["input"].pop("constant")
    rewrite(path, document, arrays)
    refusal(path, "Input must have its own fields, not ['colour'] besides and ['constant'] missing")


def test_an_unknown_class_is_refused(path):
    document, arrays = contents(path)
    names = (
        "['Activation', 'Convolution', 'Current', 'Dense', 'Identity', 'Input', 'Layer', 'Leak', "
        "'Neuron', 'Pool', 'Readout', 'Shift', 'Tables', 'Ternary']"
    )
    document["graph"]["input"]["class"] = "Path"
    rewrite(path, document, arrays)
    refusal(path, f"class of input must be one of {names}")
    rewrite(path, document | {"graph": {}}, arrays)
    refusal(path, f"class of graph must be one of {names}")


def test_a_graph_of_something_else_is_refused(path):
    document, _ = contents(path)
    rewrite(path, document | {"graph": document["graph"]["readout"]}, {})
    refusal(path, "graph must be Tables")


def test_a_graph_too_deep_is_refused(path):
    graph = []
    for _ in range(600):
        graph = [graph]
    rewrite(path, {"schema": 1, "graph": graph}, {})
    refusal(path, "maximum recursion depth exceeded")


def test_values_are_checked_as_the_tables_check_them(path):
    document, arrays = contents(path)
    document["graph"]["steps"] = 0
    rewrite(path, document, arrays)
    refusal(path, "Tables steps must be 1…65535, not 0")
    document["graph"]["steps"] = "three"
    rewrite(path, document, arrays)
    refusal(path, "Tables steps must be an int, not 'three'")


def test_an_array_of_another_type_or_name_is_refused(path):
    document, arrays = contents(path)
    name = "layers.fc.synapses.0.weights"
    rewrite(path, document, arrays | {name: arrays[name].astype(np.int32)})
    refusal(path, "graph must name each array by its place, with its own dtype")
    document["graph"]["layers"][2]["synapses"][0]["weights"]["array"] = "w"
    arrays["w"] = arrays.pop(name)
    rewrite(path, document, arrays)
    refusal(path, "graph must name each array by its place, with its own dtype")


@settings(
    deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_random_damage_gives_the_same_tables_or_one_line(path, data):
    tables().save(path)
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(0, len(damaged))) :]
    path.write_bytes(damaged)
    try:
        assert Tables.load(path).sha256 == tables().sha256
    except TablesFileError as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)


@settings(deadline=None, max_examples=30)
@given(networks(), networks())
def test_networks_that_differ_have_hashes_that_differ(first, second):
    same = repr(first) == repr(second)
    assert (first.sha256 == second.sha256) == same


def test_the_hash_of_a_file_is_that_of_its_bytes_contents(path):
    document, arrays = contents(path)
    text = json.dumps(document["graph"], sort_keys=True, separators=(",", ":"))
    expected = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        head = [name, arrays[name].dtype.str, list(arrays[name].shape)]
        expected.update(json.dumps(head, separators=(",", ":")).encode())
        expected.update(arrays[name].tobytes())
    assert document["sha256"] == tables().sha256 == expected.hexdigest()


def test_a_schema_is_a_number_and_names_are_there_once(path):
    document, arrays = contents(path)
    rewrite(path, document | {"schema": True}, arrays)
    refusal(path, "schema must be 1, which this version reads, not True")
    text = json.dumps(document)
    path.write_bytes(encode(arrays, {KEY: text.replace('"schema":', '"schema": 1, "schema":', 1)}))
    refusal(path, f"metadata {KEY!r} must hold each name once, not 'schema' twice")
    tables().save(path)
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    header = whole[8 : 8 + size].replace(b"{", b'{"layers.fc.channel_mask":{},', 1)
    path.write_bytes(len(header).to_bytes(8, "little") + header + whole[8 + size :])
    refusal(path, "header must hold each name once, not 'layers.fc.channel_mask' twice")


def test_a_long_value_is_cut_in_the_message(path):
    document, arrays = contents(path)
    document["graph"]["name"] = "1" * 3_000_000
    rewrite(path, document, arrays)
    with pytest.raises(TablesFileError) as error:
        Tables.load(path)
    message = str(error.value).removeprefix(f"{path}: ")
    assert message.startswith("Tables name must be letters, digits and underscores, no digit first")
    assert len(message) < 410 and "1 … 1" in message


def test_any_mutation_of_the_graph_is_refused_in_words(path):
    """Every place of the graph, with each of some values that are wrong almost everywhere."""
    tables().save(path)
    document, arrays = contents(path)
    good = document["graph"]

    def places(value, place=()):
        yield place
        inner = value.items() if isinstance(value, dict) else (
            enumerate(value) if isinstance(value, list) else ()
        )  # fmt: skip
        for key, part in inner:
            yield from places(part, (*place, key))

    strange = (
        None,
        True,
        -1,
        1.5,
        "x",
        [],
        {},
        [[1]],
        {"array": []},
        {"array": "y"},
        {"class": []},
    )
    loaded = 0
    for number, place in enumerate(list(places(good))[1:]):
        graph = json.loads(json.dumps(good))
        holder = graph
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = strange[number % len(strange)]
        rewrite(path, document | {"graph": graph}, arrays)
        try:
            Tables.load(path)
            loaded += 1
        except TablesFileError as error:
            message = str(error).removeprefix(f"{path}: ")
            assert "unhashable" not in message and "\n" not in message
            assert " must " in message, message
    assert loaded < 10


def test_loading_takes_a_few_times_the_file_s_size(tmp_path):
    """Weights are kept as int32, four times their size in the file; it was 26 times."""
    weights = np.random.default_rng(0).integers(-8, 8, (2000, 4000)).astype(np.int8)
    net = tables()
    layer = Layer(
        name="wide",
        synapses=(Dense(source="input", weights=weights, bits=4),),
        neuron=Neuron(bias=np.zeros(2000, int), threshold=None, store=Shift(bits=8, shift=0),
                      reset="none"),
    )  # fmt: skip
    path = tmp_path / "wide.safetensors"
    replace(
        net, input=Input(shape=(4000,)), layers=(layer,),
        readout=Readout(layer="wide", kind="potential"),
    ).save(path)  # fmt: skip
    tracemalloc.start()
    Tables.load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * path.stat().st_size
