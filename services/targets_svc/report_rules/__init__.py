"""What a monthly report must keep to: rules R1 to R18 of the targets design."""
