"""The tables of networks that were imported, and the page docs/imports_benchmark.md."""

from typing import Any

from benchmarks.lib import output

_HEAD = """# Networks of other frameworks' documentation

Networks that snnTorch, SpikingJelly and Norse document, with their layers, sizes, rules and the
`forward` that they have there, trained for minutes, and imported without a change: weights of 8
bits, states of 16.

```sh
pip install -c constraints.txt -e '.[snntorch,spikingjelly,norse,sim]'
pip install --no-deps spikingjelly norse
python -m benchmarks.imports --data FOLDER --update
```

`FOLDER` holds the folders `mnist` and `fashion-mnist` ([data sets](data.md)). Names of networks
after it measure these alone; trained networks and results are kept in `runs/benchmarks/imports`.

"""


def page(results: dict[str, Any]) -> str:
    """Return the page in Markdown."""
    return _HEAD + report(results)


def report(results: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    parts = [_predictions(results), _rules(results), _followed(results), _hardware(results)]
    return "\n".join(part for part in parts if part)


def _name(found: dict[str, Any]) -> str:
    return f"{found['framework']}: {found['title']}"


def _predictions(results: dict[str, Any]) -> str:
    rows = []
    for found in results.values():
        if "error" in found:
            continue
        proof = found["quantization"]
        training, share = found["training"], proof["predictions"] / proof["samples"]
        rows.append(
            [_name(found), found["data"],
             f"{training['epochs']} × {training['images']:,}", f"{found['weights']:,}",
             found["steps"], f"{proof['samples']:,}", f"{found['ties']:,}",
             f"{found['accuracy_framework']:.1%}",
             f"{proof['accuracy_source']:.1%}",
             f"{proof['accuracy']:.1%}", f"{share:.1%}" if share >= 0.99 else f"**{share:.1%}**"]
        )  # fmt: skip
    if not rows:
        return ""
    header = ("network", "data", "trained on", "weights", "steps", "samples", "ties",
              "in its framework", "its rule in float64", "integers",
              "predictions that agree")  # fmt: skip
    return "## Predictions\n\n" + output.markdown(header, rows) + _AGREE


_AGREE = """
Accuracies are on the first test images; *predictions that agree* are those of its rule in
float64 and of the integers, whether right or wrong; the goal is 99 %. *Ties* are samples for which
the framework's own answer has two largest values, so that one spike more or less decides.
"""


def _rules(results: dict[str, Any]) -> str:
    rows = []
    for found in results.values():
        spikes = sum(rule["spikes"] for rule in found["rule"])
        differing = sum(rule["differing"] for rule in found["rule"])
        quantization = found["quantization"]["layers"]
        worst = min(row["agreement"] for row in quantization)
        rows.append(
            [_name(found), f"{spikes:,}", f"{differing:,}", f"{worst:.2%}",
             f"{found['import_seconds']:,.0f}"]
        )  # fmt: skip
    header = ("network", "spikes of the rule", "differing", "spikes as unquantized, worst layer",
              "seconds")  # fmt: skip
    return "## The rule\n\n" + output.markdown(header, rows) + _RULE


_RULE = """
*Differing* are spikes of all layers that golden has otherwise than the framework's rule with the
tables' integers as its numbers, on the samples and on 8 random ones. *Spikes as unquantized* are
those that are the source's before its numbers were rounded. *Seconds* are those of the import on
one core: reading the network, making integers, and both proofs on all samples.
"""


def _followed(results: dict[str, Any]) -> str:
    rows = []
    for found in results.values():
        if "error" in found:
            error = found["error"]
            rows.append(
                [_name(found), f"{found['weights']:,}", found["steps"],
                 f"0…{error['largest']:.3f}", f"{error['framework']:.4f}",
                 f"{error['integers']:.4f}", f"{error['apart']:.5f}"]
            )  # fmt: skip
    if not rows:
        return ""
    header = ("network", "weights", "steps", "values", "off in its framework", "off in integers",
              "apart")  # fmt: skip
    return "## Potentials of every step\n\n" + output.markdown(header, rows) + _FOLLOWED


_FOLLOWED = """
Mean distances, over 1,000 lines and all steps, from the function to be followed and from each
other.
"""


def _hardware(results: dict[str, Any]) -> str:
    rows = []
    for found in results.values():
        verified, rams = found.get("verified"), found["block_rams"]
        rows.append(
            [_name(found), "no" if found["refused"] else "yes",
             f"{found['plan_seconds']:.1f}",
             f"{rams['used']} of {rams['available']}" if rams else "–",
             _verdict(verified)]
        )  # fmt: skip
    header = ("network", "fits a ULX3S-85F", "seconds to plan", "block RAMs", "RTL")
    return "## On the hardware\n\n" + output.markdown(header, rows) + _HARDWARE


_HARDWARE = """
Of what fits no part the RTL is verified as one stage of 16 lanes all the same. *Equal* is every
spike and every potential of every neuron in every step.
"""


def _verdict(verified: dict[str, Any] | None) -> str:
    if verified is None:
        return "not simulated"
    if not verified["equal"]:
        return "**differs**"
    return f"equal on {verified['samples']} samples"
