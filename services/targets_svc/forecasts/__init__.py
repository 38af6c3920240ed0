"""Where the year will end: mean extrapolation along a curve, with an interval and a verdict."""
