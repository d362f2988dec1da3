"""Simulation: the golden definition, predicted cycles, benches, and verification."""
