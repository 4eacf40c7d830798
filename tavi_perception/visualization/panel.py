"""The status panel in a corner of the overlay: verdict, reasons, depth large, the rest small."""

from __future__ import annotations

from tavi_perception.estimates import CatheterDeviation
from tavi_perception.visualization.canvas import Canvas
from tavi_perception.visualization.text import Colour, put_text, text_size
from tavi_perception.visualization.words import NOTICE, UNKNOWN, StatusRow, reasons_in_words, verdict

GREEN: Colour = (96, 160, 34)
RED: Colour = (48, 48, 205)
LIGHT_GREEN: Colour = (150, 230, 120)
AMBER: Colour = (60, 176, 240)
WHITE: Colour = (245, 245, 245)
GREY: Colour = (176, 176, 176)
PINK: Colour = (170, 170, 255)

Box = tuple[int, int, int, int]

_REMAINING = 0.28


def draw_panel(canvas: Canvas, deviation: CatheterDeviation, rows: tuple[StatusRow, ...]) -> Box:
    """Draws the panel into the top right corner; returns its box (left, top, right, bottom) in px."""
    small = _font_size(canvas)
    big, chip = round(small * 1.55), round(small * 1.15)
    reasons = reasons_in_words(deviation.reasons) if not deviation.valid else ()
    line = text_size("X", small)[1]
    margin = small // 2
    depth, *others = rows
    others = [row for row in others if row.value != UNKNOWN]
    label_width = max(text_size(row.label, small)[0] for row in others)
    width = 2 * margin + max(
        text_size(depth.value, big, bold=True)[0],
        *(label_width + text_size(row.value, small)[0] + margin for row in others),
        *(text_size(f"• {reason}", small)[0] for reason in reasons),
        text_size("INVALID", chip, bold=True)[0] + margin,
    )
    heights = (text_size("X", chip, bold=True)[1] + margin, text_size("X", big, bold=True)[1])
    if depth.value == UNKNOWN:
        heights = (heights[0], 0)
    height = 2 * margin + sum(heights) + line * (len(others) + len(reasons))
    right = canvas.image.shape[1] - margin
    left, top = right - width, margin
    box = (left, top, right, top + height)
    canvas.darken(box, _REMAINING)

    chip_bottom = top + heights[0]
    canvas.fill((left, top, right, chip_bottom), GREEN if deviation.valid else RED)
    put_text(
        canvas.image, verdict(deviation), left + margin, top + margin // 2, chip, (255, 255, 255), bold=True
    )
    y = chip_bottom + margin // 2
    for reason in reasons:
        put_text(canvas.image, f"• {reason}", left + margin, y, small, PINK)
        y += line
    if heights[1]:
        put_text(canvas.image, depth.value, left + margin, y, big, depth_colour(deviation), bold=True)
    y += heights[1]
    for row in others:
        put_text(canvas.image, row.label, left + margin, y, small, GREY)
        colour = depth_colour(deviation) if row.label == "Error" else WHITE if deviation.valid else GREY
        put_text(canvas.image, row.value, left + margin + label_width + margin, y, small, colour)
        y += line
    return box


def depth_colour(deviation: CatheterDeviation) -> Colour:
    """Green within tolerance, amber outside, grey while invalid."""
    if not deviation.valid:
        return GREY
    return LIGHT_GREEN if deviation.within_tolerance else AMBER


def draw_notice(canvas: Canvas) -> Box:
    """Writes what this software is not into the bottom left corner; returns the box of it (px)."""
    size = max(8, round(_font_size(canvas) * 0.8))
    width, height = text_size(NOTICE, size)
    margin = size // 2
    top = canvas.image.shape[0] - height - margin
    put_text(canvas.image, NOTICE, margin, top, size, WHITE)
    return margin, top, margin + width, top + height


def _font_size(canvas: Canvas) -> int:
    return max(9, round(canvas.scaled(14.5)))
