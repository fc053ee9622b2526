"""The live face: ipywidgets beside a plotly figure that is updated in place."""

from collections.abc import Callable, Sequence
from typing import Any

from stlib.extras import load
from stlib.plots.controls import Control
from stlib.plots.style import LIGHT, plotly_template

__all__ = ["live_face"]


def live_face(
    figure: Callable[..., Any], controls: Sequence[Control], alt: str
) -> tuple[Any, dict[str, Any], Any]:
    """Show a figure that is computed again whenever a control moves.

    Args:
        figure: takes the controls' values as keywords and returns a plotly figure.
        controls: what the reader can set.
        alt: shown as the box's tooltip, which screen readers speak.

    Returns:
        The plotly figure widget, the controls' widgets by name, and the box that holds them all.

    Raises:
        ImportError: plotly, ipywidgets or anywidget is missing.

    Source: this book.
    """
    widgets, graphs = load("ipywidgets", "book"), load("plotly.graph_objects", "book")
    load("anywidget", "book")  # plotly's own message for its absence names no extra of ours
    settings = {control.name: _widget(widgets, control) for control in controls}

    def computed() -> Any:
        made = figure(**{name: widget.value for name, widget in settings.items()})
        # A notebook does not tell Python its theme: a white plate is readable in both.
        return made.update_layout(
            template=plotly_template(LIGHT),
            paper_bgcolor=LIGHT.background,
            plot_bgcolor=LIGHT.background,
        )

    shown = graphs.FigureWidget(computed())
    for widget in settings.values():
        widget.observe(lambda _: _replace(shown, computed()), names="value")
    box = widgets.VBox([*settings.values(), shown], tooltip=alt)
    return shown, settings, box


def _widget(widgets: Any, control: Control) -> Any:
    start = control.values[control.start]
    if not control.slides:
        return widgets.Dropdown(
            options=control.values, value=start, description=control.label, **WIDE
        )
    whole = all(isinstance(value, int) for value in control.values)
    slider = widgets.IntSlider if whole else widgets.FloatSlider
    low, high = control.values[0], control.values[-1]
    step = control.values[1] - low if len(control.values) > 1 else None
    return slider(value=start, min=low, max=high, step=step, description=control.label, **WIDE)


WIDE = {"style": {"description_width": "initial"}}


def _replace(shown: Any, new: Any) -> None:
    """Give the shown figure the new one's traces and layout, in one message where possible."""
    if [_shape(trace) for trace in shown.data] == [_shape(trace) for trace in new.data]:
        with shown.batch_update():
            for old_trace, new_trace in zip(shown.data, new.data, strict=True):
                old_trace.update(new_trace.to_plotly_json(), overwrite=True)
            shown.layout.update(new.layout.to_plotly_json(), overwrite=True)
        return
    shown.data = []
    shown.add_traces(new.data)
    shown.layout = new.layout


def _shape(trace: Any) -> tuple[str, list[str]]:
    """A trace's type and settings; an update cannot remove a setting."""
    return trace.type, sorted(trace.to_plotly_json())
