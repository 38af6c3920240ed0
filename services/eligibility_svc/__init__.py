"""Who is entitled to what under the two notices, with the reasons and the clause."""
