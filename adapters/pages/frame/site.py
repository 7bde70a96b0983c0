"""State that all pages of one server process share, and the headers of every page."""

from dataclasses import dataclass, field

from starlette.requests import Request

from adapters.rendering.assets import Assets
from adapters.rendering.environment import Templates
from adapters.web.context import Api, Limiter


@dataclass
class Site:
    """Shared state of the pages: the API's state, static files, templates, and the rates of wrong passwords."""

    api: Api
    assets: Assets
    templates: Templates
    per_login: Limiter = field(init=False)
    per_address: Limiter = field(init=False)

    def __post_init__(self) -> None:
        self.per_login = Limiter(self.api.gongdan.settings.password_rate)
        self.per_address = Limiter(self.api.gongdan.settings.sign_in_rate)


def site_of(request: Request) -> Site:
    """Shared state of the application that serves a request."""
    site: Site = request.app.state.site
    return site


CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # Without a referrer browsers send no origin with a form either, and the origin is what tells a foreign form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=(), usb=()",
    "X-Content-Type-Options": "nosniff",
    "Accept-CH": "Sec-CH-Prefers-Color-Scheme",
    "Vary": "Cookie, Sec-CH-Prefers-Color-Scheme",
}
"""Headers of every page."""
ONLY_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
