"""Working days of the civil service: weekends, public holidays and the days moved for them."""
