"""Aliases: short forms with their long ones, and spellings of one name, few of them false."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.aliases import find_aliases, find_other_names, find_spellings, name_key


@pytest.mark.parametrize(
    ("text", "aliases"),
    [
        (
            "the Syrian Observatory for Human Rights (SOHR) said",
            {"SOHR": "Syrian Observatory for Human Rights"},
        ),
        ("led by Hayat Tahrir al-Sham (HTS).", {"HTS": "Hayat Tahrir al-Sham"}),
        ("at the United Nations (UN) in Geneva", {"UN": "United Nations"}),
        (
            "World Food Programme (WFP) and United Nations (UN)",
            {"WFP": "World Food Programme", "UN": "United Nations"},
        ),
        ("the Hale Harbour\nOffice (HHO)", {"HHO": "Hale Harbour Office"}),
        (
            "the U.N. High Commissioner for Refugees (UNHCR)",
            {"UNHCR": "U.N. High Commissioner for Refugees"},
        ),
        ("United States of America (U.S.A.)", {"U.S.A.": "United States of America"}),
        ('the Hale Harbour Office ("HHO") said', {"HHO": "Hale Harbour Office"}),
        (
            "the Hale Harbour Office (HHO, a body of the town) said",
            {"HHO": "Hale Harbour Office"},
        ),
        ("the Hale Harbour Office, or HHO, said", {"HHO": "Hale Harbour Office"}),
        ("the Hale Harbour Office, known as the HHO.", {"HHO": "Hale Harbour Office"}),
        ("the HHO (Hale Harbour Office) said", {"HHO": "Hale Harbour Office"}),
        (
            "SOHR (the Syrian Observatory for Human Rights)",
            {"SOHR": "Syrian Observatory for Human Rights"},
        ),
        ("HTS (Hayat Tahrir al-Sham)", {"HTS": "Hayat Tahrir al-Sham"}),
        ("the U.N. (United Nations)", {"U.N.": "United Nations"}),
        # Near misses.
        ("the HHO (Home of the Hungry and Old Otters of the Old Harbour and Town)", {}),
        ("the HHO (Harbour)", {}),
        ("the HHO (Port of Hale)", {}),
        ("the HHO (has hundreds of members)", {}),
        ("in Port Hale or HHO, said", {}),
        ("the ﬁne Hale Harbour Office (HHO)", {}),  # a letter that folds into two
        ("the Hale Harbour Office (the HHO)", {}),
        ("the Hale Harbour Office HHO", {}),
        ("the town of Homs (Syria)", {}),
        ("he said (Reuters)", {}),
        ("a distance of 5 km (3 miles)", {}),
        ("the ferry (HHO)", {}),
        ("the Hale Harbour Office (XHO)", {}),
        ("the HHO (HHO)", {}),
        ("Observatory (O)", {}),
        ("Observatory (OBS)", {}),  # one word is no definition
        ("the chUrch aNd (UN)", {}),  # the first letter must begin a word
        ("(HHO) at the very beginning", {}),
        (
            "the Hale Harbour Office (HHO) and the Home of Hungry Otters (HHO)",
            {"HHO": "Hale Harbour Office"},  # the first definition counts
        ),
    ],
)
def test_aliases(text: str, aliases: dict[str, str]) -> None:
    assert find_aliases(text) == aliases


@pytest.mark.parametrize(
    "spellings",
    [
        "Talbiseh|Talbisa|Talbisah|talbiseh|Talbiseh’s",
        "Deir ez-Zor|Deir Ezzor|Deir Al-Zor|Deir al-Zour|Deir Azzour|Dayr az-Zawr|Deir-ez-Zor",
        "Deir ez-Zor|Deir ez Zor|Deir el-Zor|Deir al Zor",
        "Mohammed|Muhammad|Mohamed|Mohammad|Mohamad|Mouhamad",
        "Abu Mohammed al-Jolani|Abu Mohammad al-Golani|Abu Muhammad al-Julani",
        "Hassan Abdel-Ghani|Hassan Abdul Ghani|Hasan Abd al-Ghani|Hassan Abdulghani",
        "Abdurrahman|Abdel Rahman|Abd al-Rahman|Abdulrahman",
        "Abdullah|Abdallah|Abdulla",
        "Bashar al-Assad|Bashar Assad|Bachar al-Asad",
        "Assad|al-Assad|Asad",
        "Hezbollah|Hizbullah|Hizballah",
        "Hussein|Hussain|Husayn|Hossein",
        "Hassan|Hasan",
        "Raqqa|al-Raqqa|Rakka|Raqqah|ar-Raqqah",
        "Deraa|Daraa|Dara'a",
        "Latakia|Lattakia|Latakiya|Latakiyah|Latakieh",
        "Qusayr|Qusair|Quseir|al-Qusayr",
        "Douma|Duma",
        "Daoud|Dawood|Dawud",
        "Sheikh|Shaikh|Shaykh|Cheikh",
        "Suwayda|Sweida|as-Suwayda",
        "Jabal|Jebel|Djebel|Gebel",
        "Tell Rifaat|Tal Rifaat",
        "al-Qaeda|Al-Qaida|al-Qa'ida",
        "Ahmed|Ahmad",
        "Khaled|Khalid",
        "Osama|Usama",
        "Mehdi|Mahdi",
        "Kobane|Kobani",
        "Zelensky|Zelenskyy|Zelenskiy",
        "Kyiv|Kiev",
        "Iraq|Irak",
        "Erdoğan|Erdogan",
        "Sana'a|Sanaa|San'a",
        "دمشق|دمشق",
    ],
)
def test_spellings_of_one_name_have_one_key(spellings: str) -> None:
    keys = {name_key(name): name for name in spellings.split("|")}
    assert len(keys) == 1, keys
    assert all(keys)


@pytest.mark.parametrize(
    "names",
    [
        "Hama|Homs|Hamza|Hamas",
        "Iran|Iraq|Oran|Iranian",
        "Hassan|Hussein|Husni",
        "Mahmoud|Mohammed",
        "Jamal|Jamil|Jumail",
        "Salam|Salim|Sulaim",
        "Hamad|Hamid|Hamoud",
        "Karim|Karam",
        "Rashid|Rashad|Rushdi",
        "Bashir|Bashar|Bushra",
        "Oman|Amman|Yemen",
        "Syria|Syrian|Serbia",
        "Israel|Israeli",
        "Niger|Nigeria",
        "Austria|Australia",
        "Slovakia|Slovenia",
        "Gaza|Giza|Ghazi",
        "Tartus|Tarsus",
        "Jordan|Gordon",
        "Paul|Paula|Pauline",
        "Robert|Roberta",
        "Marin|Marine|Marina|Mary",
        "Simon|Simone",
        "Hale|Hall|Hill",
        "Georgia|George",
        "Sudan|Sedan",
        "Ed Miliband|Miliband",
        "Deir ez-Zor|Deir Hafer",
        "Москва|Минск",
    ],
)
def test_names_that_are_not_one_have_other_keys(names: str) -> None:
    several = names.split("|")
    assert len({name_key(name) for name in several}) == len(several)


@given(st.text(max_size=30))
def test_a_key_never_fails_and_is_its_own_for_case(name: str) -> None:
    assert name_key(name) == name_key(name)
    assert not name_key(name).startswith(" ")


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("They took Talbiseh and Rastan, and in Talbisa they stayed.", {("Talbiseh", "Talbisa")}),
        (
            "From Deir ez-Zor to Deir Ezzor, which is Deir Al-Zor.",
            {("Deir ez-Zor", "Deir Ezzor")},
        ),
        (
            "He met Abu Mohammed al-Jolani. It was Mohammad al-Golani.",
            {("Mohammed", "Mohammad"), ("al-Jolani", "al-Golani")},
        ),
        # one spelling, with and without the article, or at the beginning of a sentence alone
        ("He met al-Assad and Assad’s men in al Assad street.", set()),
        ("It left. These left. In This they left.", set()),
        ("He saw the hall of Hal and the hal of Halle.", {}),
        ("He met HTS and the HTTS.", set()),
        ("Hama and Homs, Hassan and Hussein", set()),
    ],
)
def test_spellings_of_a_text(text: str, groups: set[tuple[str, ...]]) -> None:
    assert set(find_spellings(text)) == set(groups)


@pytest.mark.parametrize(
    ("passage", "missing"),
    [
        ("In Talbisa it rained.", ["Talbiseh"]),
        ("In Talbiseh and Talbisa it rained.", []),
        ("In Talbisan it rained.", []),
        ("The HHO left.", ["Hale Harbour Office"]),
        ("The Hale\nharbour office left.", ["HHO"]),
        ("The hho left.", []),
        ("Nobody left.", []),
    ],
)
def test_forms_that_a_passage_misses(passage: str, missing: list[str]) -> None:
    text = "The Hale Harbour Office (HHO) is in Talbiseh. It left for Talbisa."
    assert list(find_other_names(text).missing_from(passage)) == missing


WORDS = ["Deir", "ez-Zor", "Ezzor", "al-", "(HHO)", "Hale", "Harbour", "H.O.", ",", "or", "HHO"]


@given(st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join))
def test_a_text_misses_no_form_that_it_has(text: str) -> None:
    assert list(find_other_names(text).missing_from(text)) == []
