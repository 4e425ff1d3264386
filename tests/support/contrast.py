"""How far the letters on a screen stand out from their ground."""

LEAST = 3.0
"""Of contrast; what WCAG 2 asks for large text and for the parts of an interface."""


def luminance(rgb):
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    return sum(part * share for part, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one, other):
    low, high = sorted(luminance([v / 255 for v in rgb]) for rgb in (one, other))
    return (high + 0.05) / (low + 0.05)


def unreadable(app):
    """Parts of the screen, or of the dialog before it, whose letters are close to their ground."""
    found = []
    x, y, width, height = (app.screen.children[0] if app.screen.is_modal else app.screen).region
    for strip in app.screen._compositor.render_strips()[y : y + height]:
        for text, style, _ in strip.crop(x, x + width):
            if text.strip() and style is not None and style.color and style.bgcolor:
                ground, letters = style.bgcolor.triplet, style.color.triplet
                if style.reverse:
                    ground, letters = letters, ground
                if contrast(letters, ground) < LEAST:
                    found.append((text.strip(), str(style), round(contrast(letters, ground), 2)))
    return found
