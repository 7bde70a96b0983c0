"""The pages' catalogue: every text of the sources with its English. ``python -m tests.pages.catalogue`` updates it.

New texts are added without a translation, and texts that no source has any more are removed. A test fails until the English is
written.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ADAPTERS = Path(__file__).parents[2] / "adapters"
FOLDERS = ("labels", "pages", "rendering")
CATALOGUE = ADAPTERS / "rendering" / "catalogues" / "en.po"
KEYWORDS = {"_": None, "N_": None, "say": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}


def extracted() -> Catalog:
    """Every text that the sources say."""
    found = Catalog()
    for folder in FOLDERS:
        for name, _, text, comments, _ in extract_from_dir(ADAPTERS / folder, METHODS, OPTIONS, KEYWORDS):
            found.add(text, locations=[(f"{folder}/{Path(name).as_posix()}", 0)], auto_comments=comments)
    return found


def committed() -> Catalog:
    """Read the committed catalogue."""
    return read_po(BytesIO(CATALOGUE.read_bytes()), locale="en")


def main() -> None:
    """Bring in what is new, drop what is gone, and say how much is left to translate."""
    catalogue = committed()
    catalogue.update(extracted(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    written = BytesIO()
    write_po(written, catalogue, sort_output=True, include_lineno=False, no_location=True, omit_header=True, width=0)
    CATALOGUE.write_bytes(HEADER.encode() + written.getvalue())
    left = [message.id for message in catalogue if message.id and not message.string]
    print(f"{len(catalogue)} texts, {len(left)} without English")
    for text in left:
        print(f"  {text}")


HEADER = """\
# English of the pages' texts, which are written in Chinese. Made current by: python -m tests.pages.catalogue
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Language: en\\n"

"""

if __name__ == "__main__":
    main()
