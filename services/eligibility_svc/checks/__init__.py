"""The check: which measures the facts entitle to, with the reasons; nothing is stored."""
