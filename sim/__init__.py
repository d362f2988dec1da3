"""Simulation: the golden definition, predicted cycles, benches, and verification."""

__all__: list[str] = []
