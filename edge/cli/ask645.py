"""`boxgate read` by DL/T 645-2007: one question an item, any identifier."""

from edge.bus.work import Outcome
from edge.cli.asked import Answer, came, milliseconds, nothing
from edge.cli.collect import Collect
from edge.cli.naming import identifier_of
from edge.words.messages import BoxgateError
from protocol.dlt645.meaning import item_name, item_values, meaning


class Asked645:
    """One identifier of one meter."""

    def __init__(self, address: str, item: str, block: bool, wake: int) -> None:
        self.item = item
        self.exchange = Collect(address, identifier_of(item, block), wake)

    def answers(self, outcome: Outcome, lang: str) -> list[Answer]:
        """The one answer, in the words of its decoded frame."""
        exchange, last = self.exchange, self.exchange.last
        name = item_name(exchange.identifier, lang)
        if last is None or not came(outcome):
            return [nothing(exchange.address, self.item, exchange.item, name, outcome)]
        said = meaning(last, lang)
        values, note = said.values, said.note
        if exchange.frames > 1:
            # no frame of several holds all of it
            values, notes = item_values(exchange.identifier, exchange.data or b"", lang)
            note = "; ".join(notes)
        return [
            Answer(
                said.address,
                self.item,
                exchange.item,
                said.name or name,
                values,
                said.error,
                note,
                None,
                milliseconds(outcome),
            )
        ]

    def refusal(self, answer: Answer, outcome: Outcome) -> BoxgateError:
        """What the error word of the meter says."""
        cause = answer.error.text if answer.error else outcome.refusal
        return BoxgateError("read_refused", address=answer.address, item=answer.item, cause=cause)
