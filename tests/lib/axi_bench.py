"""The accelerator's AXI4-Stream ports under cocotb, driven by cocotbext-axi, which isn't ours.

`play` builds a model of generated Verilog and runs `answer` in it; both sides of every stream are
stalled at random.
"""

import json
import os
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi.axis import AxiStreamBus, AxiStreamSink, AxiStreamSource
from somagate.hw.generate import AXI_TOP, TOP
from somagate.sim.bench.cache import verilator_environment
from somagate.toolchain import tools

PERIOD = 10
DEADLINE = 200_000
"""Cycles."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the bench does.

    Attributes
    ----------
    config, words
        Bytes, in hexadecimal digits, to load first, and to answer.
    answers
        How many come.
    stalled
        Share of the cycles in which a side of a stream stands still.
    resets
        Cycles after which a reset ends inferences, each begun anew before the one that is answered.
    """

    config: str
    words: str
    answers: int
    stalled: float
    resets: tuple[int, ...]


def play(folder: Path, job: Job) -> list[bytes]:
    """Return the data of each answer, of Verilog that `generate` wrote to ``folder/rtl``."""
    from cocotb_tools.runner import get_runner

    (folder / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
    runner = get_runner("verilator")
    with tools.activated():
        os.environ |= verilator_environment(folder)
        os.environ["MAKEFLAGS"] += " OPT_FAST=-O0"  # compiling is what takes the time
        runner.build(
            sources=[folder / "rtl" / f"{name}.v" for name in (AXI_TOP, TOP)],
            hdl_toplevel=AXI_TOP,
            # Its runner makes every signal public, which takes minutes to compile.
            build_args=["--no-public-flat-rw", "--public-depth", "1", "-Wno-fatal", "-O1"],
            build_dir=folder / "model",
            log_file=folder / "build.log",
        )
        runner.test(
            test_module="axi_bench",
            hdl_toplevel=AXI_TOP,
            hdl_toplevel_lang="verilog",
            test_dir=folder,
            results_xml=str(folder / "results.xml"),
            extra_env={"AXI_BENCH": str(folder)},
            log_file=folder / "run.log",
        )
    return [bytes.fromhex(text) for text in json.loads((folder / "answers.json").read_text())]


@cocotb.test()
async def answer(dut: Any) -> None:
    """Load, ask and be answered, as the job in ``AXI_BENCH`` says."""
    folder = Path(os.environ["AXI_BENCH"])
    job = Job(**json.loads((folder / "job.json").read_text(encoding="utf-8")))
    bench = _Bench(dut, job)
    found = await with_timeout(bench.run(), DEADLINE * PERIOD, "step")
    (folder / "answers.json").write_text(json.dumps([data.hex() for data in found]))


class _Bench:
    def __init__(self, dut: Any, job: Job) -> None:
        self.dut, self.job = dut, job
        dut.aresetn.value = 0
        if job.config:
            dut.identity_en.value = 0
            self.config = self._end(AxiStreamSource, "s_axis_config", 1)
        self.source = self._end(AxiStreamSource, "s_axis", 2)
        self.sink = self._end(AxiStreamSink, "m_axis", 3)

    def _end(self, kind: Any, name: str, seed: int) -> Any:
        bus = AxiStreamBus.from_prefix(self.dut, name)
        end = kind(bus, self.dut.aclk, self.dut.aresetn, reset_active_level=False)
        draw = random.Random(seed)

        def stalls() -> Iterator[bool]:
            while True:
                yield draw.random() < self.job.stalled

        end.set_pause_generator(stalls())
        return end

    async def run(self) -> list[bytes]:
        """Return the data of every answer."""
        job, dut = self.job, self.dut
        Clock(dut.aclk, PERIOD, "step").start()
        await self._reset(4)
        await self._load()
        for cycles in job.resets:
            await self.source.send(bytes.fromhex(job.words))
            await ClockCycles(dut.aclk, cycles)
            await self._reset(1)
            self.source.clear()
            self.sink.clear()
        await self.source.send(bytes.fromhex(job.words))
        found = [bytes((await self.sink.recv()).tdata) for _ in range(job.answers)]
        await ClockCycles(dut.aclk, 100)
        assert self.sink.empty() and dut.m_axis_tvalid.value == 0, "more answers than asked for"
        return found

    async def _load(self) -> None:
        if not self.job.config:
            return
        finished = cocotb.start_soon(self._finished())
        await self.config.send(bytes.fromhex(self.job.config))
        await finished
        assert self.dut.config_refused.value == 0

    async def _finished(self) -> None:
        await RisingEdge(self.dut.config_finished)

    async def _reset(self, cycles: int) -> None:
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, cycles)
        assert self.dut.m_axis_tvalid.value == 0
        self.dut.aresetn.value = 1
        await RisingEdge(self.dut.aclk)
