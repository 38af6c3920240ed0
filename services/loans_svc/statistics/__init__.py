"""The monitoring statistics: a year's new lending by district, bank and supported group."""
