"""How far the streets and towns of a unit are: their split of its targets against what the register counts there."""
