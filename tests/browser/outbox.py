"""What a browser keeps of a page that is used without a network."""

from playwright.async_api import Page, expect

DRAFTS = """() => new Promise((resolve) => {
  indexedDB.open("gongdan", 1).onsuccess = (opened) =>
    opened.target.result.transaction("drafts").objectStore("drafts").getAll().onsuccess = (all) => resolve(all.target.result);
})"""
"""The drafts that wait."""


async def kept(page: Page) -> None:
    """Wait until the page is kept for the time without a network."""
    await expect(page.locator("html")).to_have_attribute("data-kept", "yes")
