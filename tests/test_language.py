"""The language of a text, where it can be told."""

import pytest

from index.language import identify_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The council said the bridge would stay closed until engineers had looked at it.", "en"),
        ("Der Stadtrat teilte mit, die Brücke bleibe bis zur Prüfung geschlossen.", "de"),
        ("Le conseil a annoncé que le pont resterait fermé jusqu’à son inspection.", "fr"),
        ("Мост останется закрытым, пока его не осмотрят инженеры, сообщил совет.", "ru"),
        ("ترك المهندسون الجسر مغلقا حتى يتم فحصه، وأعلن المجلس أن الطريق سيفتح قريبا. " * 3, "ar"),
        # Names and numbers are of no language, and one word is too little.
        ("Aleppo, Homs, Hama, Damascus", None),
        ("06:40 – 17:05", None),
        ("Ferry", None),
        ("", None),
        ("half a sign \ud83d", None),
    ],
)
def test_identify_language(text: str, language: str | None) -> None:
    assert identify_language(text) == language


def test_the_beginning_tells() -> None:
    english = "The council said the bridge would stay closed until engineers had looked at it. "
    assert identify_language(english * 20 + "Der Stadtrat teilte mit. " * 1000) == "en"
