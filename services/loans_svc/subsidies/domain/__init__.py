"""The subsidy's arithmetic, pure: days, ppm, sixths and fen; no clock, no float, one rounding (loans design §3)."""
