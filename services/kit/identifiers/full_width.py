"""Full-width forms, as scanners and Chinese input methods produce them."""

_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def fold_full_width(text: str) -> str:
    """Turns full-width letters, digits and signs into their ASCII twins; everything else stays.

    For OCR and kiosk input only, before validation; no validator calls it. It is narrower than NFKC, which would
    also read ① and ¹ as 1.
    """
    return text.translate(_HALF)
