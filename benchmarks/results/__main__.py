"""The results of the recipes: trained, exported, simulated, verified; docs/results.md.

For each row of `result_rows.py` the recipe and the float network of the same shape are trained, the
tables are exported, simulated on all test samples and verified in Verilator on some. A training
that was interrupted goes on; what is there is kept.

    python -m benchmarks.results DATA --jobs 4

DATA holds the folders mnist and fashion-mnist (four IDX files each) and nmnist (Train and Test).
"""

import argparse
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.lib import output
from benchmarks.results import renew, report
from benchmarks.results.jobs import (
    LANES,
    TABLES,
    Training,
    assemble,
    first,
    measure,
    run,
    trainings,
)
from benchmarks.results.rows import ROWS, Row

TOP = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and measure the rows, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of the data sets' folders")
    parser.add_argument("--rows", help="recipes, with commas between; default: all")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, a core each")
    parser.add_argument("--samples", type=int, default=50, help="verified in Verilator, a row")
    parser.add_argument("--out", type=Path, default=Path("runs/results"))
    parser.add_argument("--update", action="store_true", help="renew docs/results.md, examples/")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the tables")
    chosen = parser.parse_args(arguments)
    names = [row.recipe for row in ROWS]
    wanted = chosen.rows.split(",") if chosen.rows else names
    for name in wanted:
        if name not in names:
            parser.error(f"--rows must be of {', '.join(names)}, not {name!r}")
    rows = [row for row in ROWS if row.recipe in wanted]
    for row in rows:
        folder = row.data[1]
        if folder is not None and not (chosen.data / folder).is_dir():
            parser.error(f"DATA must hold the folder {folder}, but {chosen.data} doesn't")
    everything = trainings(rows)
    with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as pool:
        for job in [pool.submit(run, one, chosen.out, chosen.data) for one in everything]:
            job.result()
        jobs = {
            one.name: pool.submit(measure, one, chosen.out, chosen.data, chosen.samples)
            for one in everything
            if one.quantized
        }
        found = {name: job.result() for name, job in jobs.items()}
    shown = []
    for row in rows:
        runs = [
            Training(recipe=row.recipe, fold=fold, quantized=True, seed=seed)
            for fold, seed in row.runs
        ]
        shown.append(assemble(row, chosen.out, [found[one.name] for one in runs]))
    result = {"lanes": LANES, "rows": shown}
    text = report.page(result)
    output.write(chosen.out, "results", result, text, as_json=chosen.json)
    if chosen.update:
        publish(rows, chosen.out, text)


def publish(rows: list[Row], out: Path, text: str, top: Path = TOP) -> None:
    """Renew docs/results.md and the tables in examples/, of some rows or of all."""
    page = top / "docs/results.md"
    if len(rows) < len(ROWS):
        text = renew.renewed(page.read_text(encoding="utf-8"), text)
    page.write_text(text, encoding="utf-8")
    (top / "examples").mkdir(exist_ok=True)
    for row in rows:
        target = top / "examples" / f"{row.recipe}.safetensors"
        shutil.copyfile(out / first(row).name / TABLES, target)


if __name__ == "__main__":
    main()
