"""What events of other services count towards: dated rows, the first shipped, the later of two people's making."""
