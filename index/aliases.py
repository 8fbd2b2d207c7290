"""Other names that an article has for what it speaks of: short forms and other spellings.

They help to find a passage and are never quoted.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MAX_LONG_FORM_WORDS = 12
SHORT_FORM = re.compile(r"\(([A-Z][A-Za-z&.-]{1,9})\)")
# With quotation marks or something after it: ("SOHR"), (SOHR, a monitor in Britain).
_CAPITALS = r"([A-Z][A-Z&.-]{1,9})"
MARKED_SHORT_FORM = re.compile(rf"\([\"“‘']?{_CAPITALS}[\"”’']?(?:[,;][^()]{{0,80}})?\)")
# The Syrian Observatory for Human Rights, or SOHR, said
SHORT_FORM_OR = re.compile(rf",? (?:or|known as|abbreviated as) (?:the )?{_CAPITALS}\b(?=[,.;)])")
LONG_FORM = re.compile(rf"\b{_CAPITALS}\s+\((?:the )?([A-Z][^()]{{3,100}})\)")

_ARTICLE = r"(?:al|el|ul|[ae][dnrstz]|ash|esh|ech)"
ARTICLE = re.compile(rf"\b{_ARTICLE}[-–](?=\w)|\b[ae]l\s(?=\w)|\b[ae]([dnrstz])\s(?=\1)")
POSSESSIVE = re.compile(r"['’]s\b")
SERVANT_OF = re.compile(r"\babd(?:[\s-]*[aeu]l|[aeu](?=([rsdtnz])\1)|\b)[\s-]*(?=\w\w)")
# The article written as one with a name that follows another: Deir Ezzor, Bashar Assad.
GLUED_ARTICLE = re.compile(r"(?<=\s)[ae](?=[dnrstz])")
LETTERS = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "đ": "d"})
# How the letters of a transliterated name are read, each rule on what the one before left.
READINGS = tuple(
    (re.compile(pattern), reading)
    for pattern, reading in (
        (r"[^a-z]", ""),
        (r"^m[ou]{1,2}ha?mm?[ae]d$", "muhamad"),
        (r"^t[ae]ll?$", "tal"),
        (r"^(?:dj|g|j)[ae]b[ae]l$", "jabal"),
        (r"(?<=b)[aou]ll?ah?$", "ula"),  # Hezbollah, Hizbullah
        (r"x", "ks"),
        (r"kh", "X"),
        (r"[st]?ch|sh", "S"),
        (r"dj|gh|j", "g"),
        (r"([dt])h", r"\1"),
        (r"ph", "f"),
        (r"ck|[cq]", "k"),
        (r"(?<=[^aeiou])u(?=w[aeiouy])|(?<=a)w(?=[ou])", ""),  # Suwayda, Dawud
        (r"o[ou]", "u"),
        (r"a[uw](?![aeiouy])", "u"),
        (r"(.)\1+", r"\1"),
        (r"[ae][iy]+", "ai"),
        (r"iy?[ae]h$|iya$", "ia"),
        (r"[ae]h$", "a"),
        (r"e(?=h[^aeiou]|ra)|(?<=m)e(?=d$)", "a"),
        (r"[ey]", "i"),
        (r"o", "u"),
        (r"(.)\1+", r"\1"),
    )
)
NAME = re.compile(
    rf"(?<!\w)(?=[A-Zae])(?:(?i:{_ARTICLE})[-–]|[Aa]l\s|[Ee]l\s)?[A-Z][^\W\d_]*(?:['’`‘ʿʾ–-][^\W\d_]+)*"
)
WITH_ARTICLE = re.compile(rf"(?i:{_ARTICLE})[-–]|[AaEe]l\s|[AE](?=[dnrstz])")
LOWER_CASE = re.compile(r"\b[^\W\d_A-Z]+\b")
GAP = re.compile(r"[\s–-]+")
AFTER_SENTENCE = re.compile(r"(?:^|[.!?:…\n\r])[\s\"“‘'(\[*#>-]*$")
SHORTEST_NAME = 4
MOST_FORMS = 3


def find_aliases(text: str) -> dict[str, str]:
    """Short forms and what they stand for: `Syrian Observatory for Human Rights (SOHR)`.

    After Schwartz & Hearst (2003), "A simple algorithm for identifying abbreviation
    definitions in biomedical text": the short form's letters are matched from the right
    against the words before the bracket, the first one at the beginning of a word. Where the
    long form stands in the bracket, its words must begin with the letters. The first definition
    of a short form counts.
    """
    found = sorted((*_defined_after(text), *_defined_before(text)))
    aliases: dict[str, str] = {}
    for _, short, long_form in found:
        aliases.setdefault(short, long_form)
    return aliases


@lru_cache(maxsize=65536)
def name_key(name: str) -> str:
    """The same for spellings of one transliterated name: Talbiseh, Talbisa.

    Read as Arabic names are written in Latin letters: the article (al-, ez-) is left out, doubled
    letters count once, q is k, j and gh are g, ch is sh, o is u, ay and ei are ai, other e and y
    are i, and -ah and -eh are -a. Consonants and the other vowels stay, so that Hassan isn't
    Hussein. Names in other scripts only lose their case.
    """
    plain = _unaccented(POSSESSIVE.sub("", name.casefold()))
    if not any("a" <= letter <= "z" for letter in plain):
        return " ".join(plain.split())
    plain = ARTICLE.sub(" ", SERVANT_OF.sub("abd ", plain))
    tokens = GLUED_ARTICLE.sub("", GAP.sub(" ", plain).strip()).split()
    return " ".join(filter(None, map(_sound, tokens)))


def find_spellings(text: str) -> tuple[tuple[str, ...], ...]:
    """Names that the text spells in several ways: each group is one name, as first written.

    Single names, and two where the second has the article: Deir ez-Zor, Deir Ezzor. Words that
    also stand there in lower case are none.
    """
    groups: dict[str, dict[str, str]] = {}
    lower = set(LOWER_CASE.findall(text))
    for name in _names(text):
        plain = " ".join(GAP.split(ARTICLE.sub("", name.casefold())))
        if len(plain) >= SHORTEST_NAME and plain not in lower:
            groups.setdefault(name_key(name), {}).setdefault(plain, name)
    return tuple(
        tuple(forms.values())
        for key, forms in groups.items()
        if len(forms) > 1 and any(_is_more(name, key) for name in forms.values())
    )


def _is_more(name: str, key: str) -> bool:
    """Whether it is one word, or two whose likeness isn't that of each of them."""
    return " " not in name or " ".join(map(name_key, name.split())) != key


@dataclass(frozen=True, slots=True)
class OtherNames:
    """The names that an article has more than one form of."""

    groups: tuple[tuple[tuple[str, re.Pattern[str]], ...], ...]

    def missing_from(self, text: str) -> Iterator[str]:
        """The other forms of the names that stand in `text`."""
        for forms in self.groups:
            missing = [form for form, pattern in forms if not pattern.search(text)]
            if len(missing) < len(forms):
                yield from missing[:MOST_FORMS]


def find_other_names(text: str) -> OtherNames:
    """Short and long forms, and spellings, that the text has for one and the same name."""
    pairs = [
        ((short, _pattern(short)), (long_form, _pattern(long_form, re.I)))
        for short, long_form in find_aliases(text).items()
    ]
    spellings = [
        tuple((form, _pattern(form, re.I)) for form in forms) for forms in find_spellings(text)
    ]
    return OtherNames((*pairs, *spellings))


def _pattern(form: str, flags: int = 0) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, form.split()))
    return re.compile(rf"(?<!\w){words}(?!\w)", flags)


def _defined_after(text: str) -> Iterator[tuple[int, str, str]]:
    for pattern in (SHORT_FORM, MARKED_SHORT_FORM, SHORT_FORM_OR):
        for found in pattern.finditer(text):
            short = found.group(1)
            most = min(len(short) + 5, MAX_LONG_FORM_WORDS)
            before = text[max(0, found.start() - 40 * most) : found.start()]
            long_form = _long_form(short, " ".join(before.split()[-most:]))
            if long_form:
                yield found.start(1), short, long_form


def _defined_before(text: str) -> Iterator[tuple[int, str, str]]:
    for found in LONG_FORM.finditer(text):
        short, long_form = found.group(1), " ".join(found.group(2).split())
        initials = "".join(each[0] for each in re.split(r"[\s-]+", long_form) if each)
        if len(long_form.split()) > 1 and _is_within(_letters(short), initials.casefold()):
            yield found.start(1), short, long_form


def _is_within(letters: list[str], initials: str) -> bool:
    """Whether the letters are the initials, small words such as "of" left out."""
    at = -1
    for letter in letters:
        at = initials.find(letter, at + 1)
        if at < 0:
            return False
    return initials[0] == letters[0] and len(initials) <= 2 * len(letters)


def _letters(short: str) -> list[str]:
    return [letter for letter in short.casefold() if letter.isalnum()]


def _long_form(short: str, candidate: str) -> str | None:
    letters = _letters(short)
    lowered = candidate.casefold()
    if len(lowered) != len(candidate):  # ﬁ and the like: positions wouldn't fit
        return None
    position = len(lowered)
    for index in range(len(letters) - 1, -1, -1):
        position -= 1
        while position >= 0 and not _matches(lowered, position, letters[index], first=index == 0):
            position -= 1
        if position < 0:
            return None
    long_form = candidate[position:]
    # "the FBI (FBI)" or a single word is no definition
    return long_form if len(long_form.split()) > 1 and short not in long_form.split() else None


def _matches(text: str, position: int, letter: str, *, first: bool) -> bool:
    begins_word = position == 0 or not text[position - 1].isalnum()
    return text[position] == letter and (begins_word or not first)


def _names(text: str) -> Iterator[str]:
    """The names of a text and each two that stand together; not what only begins a sentence."""
    before: tuple[str, int] | None = None
    for found in NAME.finditer(text):
        name = POSSESSIVE.sub("", found.group())
        if name.isupper():  # an acronym, a heading
            before = None
            continue
        if not AFTER_SENTENCE.search(text[max(0, found.start() - 12) : found.start()]):
            yield name
        if before and text[before[1] : found.start()] == " " and WITH_ARTICLE.match(name):
            yield f"{before[0]} {name}"
        before = (name, found.end())


@lru_cache(maxsize=65536)
def _sound(token: str) -> str:
    for pattern, reading in READINGS:
        token = pattern.sub(reading, token)
    return token


def _unaccented(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return "".join(each for each in decomposed if not unicodedata.combining(each))
