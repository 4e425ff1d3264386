"""What a big table tells its owner."""

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from edt_app.tui.widgets.virtual_table import VirtualTable


class TableMessage(Message):
    """What a table says."""

    def __init__(self, table: "VirtualTable") -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> "VirtualTable":
        """The table, for ``@on`` selectors."""
        return self.table
