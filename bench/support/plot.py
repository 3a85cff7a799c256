"""Two kinds of plots as SVG. Small enough to be ours: matplotlib would be 46 packages and 222 MB for them."""

from html import escape

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 45, 55
COLOURS = ("#1f5fa8", "#c2571a", "#4b8b3b", "#7a4b9c")


def _text(x, y, text, anchor="middle", size=12):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(str(text))}</text>'


def _line(x1, y1, x2, y2, colour="#888", width=1):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def _document(title, unit, top, parts):
    """The frame, with a scale from 0 to `top`."""
    frame = [_text(WIDTH / 2, 22, title, size=15)]
    for step in range(5):
        y = HEIGHT - BOTTOM - step / 4 * (HEIGHT - TOP - BOTTOM)
        frame += [_line(LEFT, y, WIDTH - RIGHT, y, "#ddd"), _text(LEFT - 6, y + 4, f"{top * step / 4:.3g}", "end")]
    frame.append(_text(LEFT - 6, TOP - 10, unit, "end"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n' + "\n".join(frame + parts) + "\n</svg>\n")


def _y(value, top):
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def bars(title, unit, values):
    """`values`: name → number."""
    top = max(values.values()) * 1.15 or 1
    slot = (WIDTH - LEFT - RIGHT) / len(values)
    parts = []
    for i, (name, value) in enumerate(values.items()):
        x, y = LEFT + i * slot + slot * 0.2, _y(value, top)
        parts += [f'<rect x="{x:.1f}" y="{y:.1f}" width="{slot * 0.6:.1f}" height="{HEIGHT - BOTTOM - y:.1f}" '
                  f'fill="{COLOURS[i % len(COLOURS)]}"/>',
                  _text(x + slot * 0.3, y - 5, f"{value:.3g}"), _text(x + slot * 0.3, HEIGHT - BOTTOM + 18, name)]
    return _document(title, unit, top, parts)


def lines(title, unit, x_name, series):
    """`series`: name → {x: y}. The x axis has a step for each x, the y axis begins at 0: flat is seen as flat."""
    xs = sorted({x for points in series.values() for x in points})
    top = max(y for points in series.values() for y in points.values()) * 1.3 or 1
    place = {x: LEFT + (i + 0.5) * (WIDTH - LEFT - RIGHT) / len(xs) for i, x in enumerate(xs)}
    parts = [_text(place[x], HEIGHT - BOTTOM + 18, f"{x:,}") for x in xs]
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 12, x_name))
    for i, (name, points) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        ordered = [(place[x], _y(y, top), y) for x, y in sorted(points.items())]
        parts += [_line(*a[:2], *b[:2], colour, 2) for a, b in zip(ordered, ordered[1:])]
        parts += [_text(x, y - 8, f"{value:.3g}") for x, y, value in ordered]
        parts.append(f'<text x="{LEFT + 10}" y="{TOP + 14 * i}" font-size="12" fill="{colour}">{escape(name)}</text>')
    return _document(title, unit, top, parts)
