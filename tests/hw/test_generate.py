from refusal import refused
from somagate.hw import generate
from somagate.hw.plan.plan import Plan
from tiny_tables import tiny


def test_memories_that_no_fpga_has_are_refused(monkeypatch):
    plan = Plan(tables=tiny(), lanes=4, update_lanes=2, word_bits=16)
    bits = sum(memory["bits"] for memory in generate.memory_map(plan)["memories"])
    monkeypatch.setattr(generate, "LARGEST_BITS", bits - 1)
    with refused(
        ValueError,
        f"memories of tiny must have at most {bits - 1:,} bits, as the largest FPGAs have, not "
        f"{bits:,}; take smaller maps, or fewer bits a potential",
    ):
        generate.verilog(plan)
