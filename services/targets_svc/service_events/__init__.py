"""Events of other services, counted where a dated mapping and the year's plan say so."""
