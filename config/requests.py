"""What every request passes before a view sees it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def without_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Addresses lose the one character that no database takes; forms refuse it themselves."""

    def answer(request: HttpRequest) -> HttpResponse:
        request.META["QUERY_STRING"] = request.META.get("QUERY_STRING", "").replace("%00", "")
        return get_response(request)

    return answer
