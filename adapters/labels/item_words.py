"""Words for checklist items of renovation and move-in."""

from collections.abc import Mapping

ITEM_WORDS: Mapping[str, tuple[str, str]] = {
    "application": ("装修申请表", "Application"),
    "drawings": ("图纸", "Drawings"),
    "deposit": ("押金", "Deposit"),
    "commitment_letter": ("承诺书", "Commitment letter"),
    "permit_issued": ("装修许可证", "Permit"),
    "accepted": ("装修验收", "Acceptance"),
    "deposit_settled": ("押金结清", "Deposit settled"),
    "identity_checked": ("身份核对", "Identity"),
    "documents_signed": ("文件签署", "Documents signed"),
    "keys_handed_over": ("钥匙移交", "Keys handed over"),
    "meters_read": ("水电表读数", "Meter readings"),
    "flat_inspected": ("验房", "Flat inspected"),
}
"""Item → Chinese, English."""


def item_words(item: str, language: str) -> str:
    """The words for a checklist item."""
    return ITEM_WORDS[item][language == "en"]
