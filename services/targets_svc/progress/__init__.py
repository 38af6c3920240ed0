"""How far each unit is: completion, pace, gap, level, rank."""
