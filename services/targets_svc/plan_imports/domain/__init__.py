"""Reading an annex, decided purely: from a grid of cells to plan cells and conflicts."""
