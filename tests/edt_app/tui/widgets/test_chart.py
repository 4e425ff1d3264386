import asyncio

import numpy as np
from textual.app import App, ComposeResult
from textual.geometry import Region

from edt_app.tui.widgets.chart import Chart
from edt_app.tui.widgets.plot import Series, View


class Curves(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.chart = Chart(view=View(x_name="epoch"))
        self.heard: list[float | None] = []

    def compose(self) -> ComposeResult:
        yield self.chart

    def on_mount(self) -> None:
        self.chart.set_series([Series("loss", np.arange(40.0), np.arange(40.0))])
        self.chart.focus()

    def on_chart_inspected(self, message: Chart.Inspected) -> None:
        self.heard.append(message.x)


def drive(path) -> None:
    async def go() -> None:
        app = Curves()
        async with app.run_test(size=(60, 12)) as pilot:
            await pilot.pause()
            await path(app, pilot)

    asyncio.run(go())


def test_keys_inspect_zoom_and_reset() -> None:
    async def path(app, pilot) -> None:
        await pilot.press("left", "left", "shift+left")
        assert app.heard == [39, 38, 28]
        assert "epoch 28" in app.chart.render_line(11).text
        await pilot.press("plus", "plus")
        low, high = app.chart.view.window
        assert low < 28 < high
        assert high - low < 11
        await pilot.press("full_stop")
        assert app.chart.view.window[0] > low
        await pilot.press("minus", "minus", "minus")
        assert app.chart.view.window is None
        await pilot.press("escape")
        assert app.heard[-1] is None

    drive(path)


def test_keys_smooth_and_scale() -> None:
    async def path(app, pilot) -> None:
        await pilot.press("m", "L")
        assert app.chart.view.smooth > 0
        assert app.chart.view.log

    drive(path)


def test_a_new_point_repaints_few_cells() -> None:
    painted: list[Region] = []

    async def path(app, pilot) -> None:
        refresh = app.chart.refresh
        app.chart.refresh = lambda *regions, **kept: (painted.extend(regions), refresh(*regions))
        y = np.r_[np.arange(40.0), 30.0]
        app.chart.set_series([Series("loss", np.arange(41.0), y)])
        assert 0 < sum(region.area for region in painted) < 60

    drive(path)
