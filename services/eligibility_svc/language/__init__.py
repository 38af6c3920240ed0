"""The small total language in which criteria and amounts are written: parsed, typed, compiled, explained."""
