"""Blind tokens of personal texts, for rows and for queries. Takes sealed texts, returns tokens; stores nothing in the clear."""

from collections.abc import Collection, Sequence

from adapters.store.keys.keys import KeyStore
from domain.kernel.ports import PlainField, Sealer
from projections.engine.view import Words


class BlindIndex:
    """Opens texts and makes their tokens; also the port of queries (projections.ticket.ticket_search.QueryTokens)."""

    def __init__(self, sealer: Sealer, keys: KeyStore) -> None:
        self._sealer = sealer
        self._keys = keys

    async def tokens(self, wanted: Sequence[Words]) -> Sequence[frozenset[bytes]]:
        """The tokens of each text; no tokens for an empty text or an erased subject. Raises SealBroken."""
        if not wanted:
            return []
        items = [(PlainField(w.stream, w.text.version, w.text.name), w.text.value) for w in wanted if w.text is not None]
        opened = iter(await self._sealer.open(items))
        blind = await self._keys.blind_tokens()
        found = []
        for words in wanted:
            clear = next(opened) if words.text is not None else None
            if clear is None:
                found.append(frozenset[bytes]())
            elif words.phone:
                found.append(frozenset([blind.phone_token(clear)]))
            elif words.whole:
                found.append(frozenset([blind.whole_token(clear)]))
            else:
                found.append(frozenset(blind.text_tokens(clear)))
        return found

    async def phone(self, phone: str) -> bytes:
        """The token of a telephone number."""
        return (await self._keys.blind_tokens()).phone_token(phone)

    async def text(self, text: str) -> Collection[bytes]:
        """The tokens of a word's bigrams."""
        return (await self._keys.blind_tokens()).text_tokens(text)

    async def whole(self, text: str) -> bytes:
        """The token of a whole text."""
        return (await self._keys.blind_tokens()).whole_token(text)
