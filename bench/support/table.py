"""Markdown."""


def table(names, rows):
    """Its lines. The first column is text, the others are numbers or text that is short."""
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return lines + ["| " + " | ".join(cell(each) for each in row) + " |" for row in rows]


def cell(value):
    return str(value).replace("|", "\\|")
