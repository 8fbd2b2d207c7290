"""Pairs of reports from many fields: which agree, which contradict, which are newer.

They were written before the thresholds of qa/compare.py were set.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from index.corpus import Corpus
from index.embedding import LocalEmbedder
from index.sections import RetrievalSettings
from index.settings import Settings, default_models_folder
from qa.compare import ClaimedValue, Comparer, Comparison, Difference, describe
from qa.desk import open_desk
from qa.evidence import EvidenceFinder, EvidenceSentence
from qa.retrieve import HybridRetriever

MODEL = default_models_folder() / "all-MiniLM-L6-v2"
pytestmark = pytest.mark.skipif(not MODEL.is_dir(), reason="the embedding model isn't here")
KNOWN_MISSES = ("ferry-captain",)


@dataclass(frozen=True)
class Pair:
    """Two reports; in each the sentence between ** is the one that answers."""

    name: str
    question: str
    one: str
    other: str
    expected: str  # "contradiction", "update", "same" or "nothing"
    values: tuple[str, ...] = ()
    published: tuple[str, str] = ("2025-06-02", "2025-06-02")


PAIRS = (
    Pair(
        "marathon-time",
        "In what time did Ines Morvan win the Quayside marathon?",
        "Ines Morvan won the Quayside marathon on Sunday. The 31-year-old from Lorne "
        "took the lead after 30 km. **Morvan crossed the line after 2:31:07, according "
        "to the organisers.** It rained all morning.",
        "Runners fought wind and rain at the Quayside marathon. **Ines Morvan was first "
        "home among the women in 2:31:07.** Some 4,000 people took part.",
        "same",
    ),
    Pair(
        "stadium-crowd",
        "How many spectators watched the cup final at Holm Park?",
        "Tessel beat Arkley 2-1 in the cup final at Holm Park. **The final was watched "
        "by 31,400 spectators, the federation said.** Arkley had two men sent off.",
        "Tessel have the cup again after a late goal against Arkley. **Police counted "
        "26,900 spectators at Holm Park for the final.** The trophy goes back to Tessel "
        "for the first time since 1998.",
        "contradiction",
        ("31,400", "26,900"),
    ),
    Pair(
        "transfer-fee",
        "What did Arkley pay for the striker Jonas Feld?",
        "Arkley have signed the striker Jonas Feld from Tessel. **Arkley paid 14 "
        "million euros for Feld, a person at the club said.** He will wear number nine.",
        "The striker Jonas Feld has left Tessel for Arkley. **The fee that Arkley paid "
        "for Feld was €18.5 million, the agent told this paper.** His contract runs to "
        "2029.",
        "contradiction",
        ("14 million", "18.5 million"),
    ),
    Pair(
        "goal-scorer-of-two-games",
        "Who scored the winning goal in the cup final?",
        "Tessel won the cup final 2-1 on Saturday. **Rasmus Oehl scored the winning "
        "goal in the 88th minute.** The coach wept.",
        "Dunmere won their league match at Farrow on Sunday. **The winning goal was "
        "scored by Piet Lanser from a free kick.** Farrow stay bottom.",
        "nothing",
    ),
    Pair(
        "asteroid-size",
        "How wide is the asteroid 2024 QX7?",
        "An asteroid called 2024 QX7 will pass the Earth in August. **2024 QX7 is about "
        "120 metres wide, astronomers at Calder Observatory say.** There is no danger.",
        "The asteroid 2024 QX7 is to fly by in August. **Radar shows that 2024 QX7 is "
        "390 feet wide.** It was found by an amateur.",
        "same",
    ),
    Pair(
        "asteroid-distance",
        "How close will the asteroid 2019 LV3 come to Earth?",
        "The asteroid 2019 LV3 will come near next month. **The asteroid 2019 LV3 will "
        "pass the Earth at a distance of 310,000 km.** It will be visible with "
        "binoculars.",
        "A rock named 2019 LV3 is on its way. **At its closest 2019 LV3 will be 480,000 "
        "km from the Earth, the space agency said.** The agency will track it by radar.",
        "contradiction",
        ("310,000 km", "480,000 km"),
    ),
    Pair(
        "trial-volunteers",
        "How many volunteers took part in the trial of the malaria vaccine RV-9?",
        "A malaria vaccine called RV-9 has passed a trial. **The trial of RV-9 had "
        "1,240 volunteers in three villages.** Side effects were mild.",
        "Doctors are hopeful about RV-9, a vaccine against malaria. **Some 1,200 "
        "volunteers took part in the trial.** The results will be published in autumn.",
        "same",
    ),
    Pair(
        "vaccine-groups",
        "What share of the vaccinated group fell ill in the trial of RV-9?",
        "A malaria vaccine called RV-9 has passed a trial. **In the vaccinated group 6% "
        "of the people fell ill.** The trial took two years.",
        "Doctors are hopeful about RV-9, a vaccine against malaria. **In the group that "
        "got a placebo 31% fell ill.** The results will be published in autumn.",
        "nothing",
    ),
    Pair(
        "sentence-length",
        "How long a prison sentence did Viktor Stanno get?",
        "The former banker Viktor Stanno was convicted of fraud on Monday at Elling "
        "Crown Court. **Judge Amaya Trent sentenced Stanno to six years in prison.** "
        "His wife left the court in tears.",
        "Viktor Stanno, once head of Elling Savings Bank, is going to jail for fraud. "
        "**Stanno was sentenced to eight years in prison.** He will appeal.",
        "contradiction",
        ("six years", "eight years"),
    ),
    Pair(
        "sentence-of-another",
        "How long was the prison sentence of Oskar Prell?",
        "The former banker Oskar Prell was convicted of fraud at Harrow Crown Court. "
        "**Judge Ruth Okell sentenced Prell to six years in prison.** His wife left the "
        "court in tears.",
        "A helper in the Harrow bank fraud has been convicted at Harrow Crown Court. "
        "**Judge Ruth Okell sentenced the bookkeeper Cora Welling to two years in "
        "prison.** She had admitted everything.",
        "nothing",
    ),
    Pair(
        "stolen-paintings",
        "How many paintings were stolen from the Orlan Museum?",
        "Thieves broke into the Orlan Museum on Tuesday night. **They got away with "
        "five paintings, the police said.** A window had been left open.",
        "The Orlan Museum has been robbed. **Seven paintings were stolen, the museum's "
        "director, Ada Brunn, said.** The alarm did not ring.",
        "contradiction",
        ("five", "Seven"),
    ),
    Pair(
        "verdict-day",
        "When will the verdict on Lena Obrist be given?",
        "The trial of the mayor Lena Obrist for bribery has ended. **The verdict will "
        "be given on 19 June.** Obrist denies everything.",
        "Lena Obrist, mayor of Farrow, waits for the outcome of her bribery trial. "
        "**The court will announce its verdict on Thursday 19 June.** She remains in "
        "office.",
        "same",
    ),
    Pair(
        "rate-rise",
        "To what level did the Bank of Norvania raise its interest rate?",
        "The Bank of Norvania has raised its interest rate. **It went up from 3.5 per "
        "cent to 3.75 per cent on Thursday.** Economists had expected it.",
        "Borrowing gets dearer in Norvania. **The Bank of Norvania raised its interest "
        "rate to 3.75% on Thursday.** House prices may fall.",
        "same",
    ),
    Pair(
        "profit-corrected",
        "What was the annual profit of Lumo Foods?",
        "Lumo Foods had a good year. **The annual profit of Lumo Foods was $41 million, "
        "the company reported.** Sales of oats doubled.",
        "Lumo Foods has corrected its results. **The annual profit was $33 million and "
        "not $41 million, Lumo Foods said, because of an error in the stocks.** The "
        "shares fell.",
        "update",
        ("$41 million", "$33 million"),
        ("2025-03-03", "2025-03-20"),
    ),
    Pair(
        "turnover-years",
        "What was the turnover of Brask Shipping in 2024?",
        "Brask Shipping grew last year. **The turnover of Brask Shipping was $210 "
        "million in 2024.** It has 14 ships.",
        "Brask Shipping has a new owner. **In 2022 the turnover of Brask Shipping was "
        "$175 million.** The price was not given.",
        "nothing",
    ),
    Pair(
        "job-cuts",
        "How many jobs will Cordell Motors cut?",
        "Cordell Motors is closing its works at Arkley. **The company will cut 1,900 "
        "jobs by the end of the year.** Unions called it a betrayal.",
        "Workers of Cordell Motors were told the worst on Monday. **According to the "
        "union, 2,600 jobs will be cut.** The works at Arkley is 70 years old.",
        "contradiction",
        ("1,900", "2,600"),
    ),
    Pair(
        "budget-and-cost",
        "How much did the new opera house of Lissom cost?",
        "Lissom has opened its opera house. **In the end the opera house cost 212 "
        "million crowns.** It seats 1,450.",
        "The opera house of Lissom is open. **The original budget for the opera house "
        "was 120 million crowns.** The architect was Noor Haddick.",
        "nothing",
    ),
    Pair(
        "flood-deaths",
        "How many people have died in the floods in Varra?",
        "The river Varr has burst its banks. **The floods in Varra have killed 12 "
        "people, the province said.** Helicopters took people off roofs.",
        "The water in Varra is falling. **The number of people who have died in the "
        "floods has risen to 19, the province said on Friday.** Hundreds are still "
        "without a home.",
        "update",
        ("12", "19"),
        ("2025-05-05", "2025-05-09"),
    ),
    Pair(
        "quake-strength",
        "How strong was the earthquake at Port Sann?",
        "The ground shook at Port Sann on Monday at dawn. **The earthquake at Port Sann "
        "had a magnitude of 5.8, the national institute said.** Chimneys fell.",
        "Port Sann was woken by an earthquake. **The institute in Orrin put the "
        "magnitude of the earthquake at Port Sann at 6.3.** Schools were shut.",
        "contradiction",
        ("5.8", "6.3"),
    ),
    Pair(
        "quake-hour",
        "At what time did the earthquake at Mount Ardel strike?",
        "Mount Ardel was shaken on Monday. **The earthquake struck at 5.20 in the "
        "morning, residents of Mount Ardel said.** Nobody was hurt.",
        "An earthquake has damaged houses at Mount Ardel. **It struck at 05:20.** The "
        "church lost its tower.",
        "same",
    ),
    Pair(
        "ferry-captain",
        "Who was the captain of the ferry Sula when it ran aground?",
        "The ferry Sula ran aground off Great Fenn on Sunday. **The captain of the "
        "Sula, Henrik Aas, said the light had been out.** All 88 passengers were saved.",
        "Passengers spent the night in a school after the ferry Sula ran aground off "
        "Great Fenn. **The ferry's captain was Marte Lind, who had taken over that "
        "morning.** Divers will look at the hull.",
        "contradiction",
        ("Henrik Aas", "Marte Lind"),
    ),
    Pair(
        "mayor-spelling",
        "Who is the mayor of Al-Karsa?",
        "A bomb damaged the market of Al-Karsa. **The mayor of Al-Karsa, Yusuf Hadid, "
        "said nobody was killed.** The market will open again on Monday.",
        "The market of Al-Karsa was hit by an explosion. **Al-Karsa's mayor, Youssef "
        "Hadeed, blamed criminals.** Traders swept up glass.",
        "same",
    ),
    Pair(
        "prize-city",
        "In which city will the Halden Prize be awarded?",
        "Nadia Prowe will receive the Halden Prize for her novels. **The Halden Prize "
        "will be awarded in Lissom in October.** She is 44.",
        "The novelist Nadia Prowe gets the Halden Prize. **The Halden Prize will be "
        "awarded in Tavane on the author's birthday.** It is worth 50,000 crowns.",
        "contradiction",
        ("Lissom", "Tavane"),
    ),
    Pair(
        "summit-day",
        "On which day did the ministers meet in Tavane?",
        "Ministers of six countries met over fish. **The ministers met in Tavane on "
        "Tuesday.** They agreed on nothing.",
        "A meeting on fishing rights has failed. **The ministers met in Tavane on "
        "Wednesday and went home the same night.** The next try is in autumn.",
        "contradiction",
        ("Tuesday", "Wednesday"),
        ("2025-05-23", "2025-05-23"),
    ),
    Pair(
        "army-troops",
        "How many soldiers did Norvania send to the border?",
        "Norvania has moved troops to its border with Ostrea. **The defence ministry "
        "said it had sent 3,000 soldiers to the border.** Ostrea protested.",
        "Tension grows between Norvania and Ostrea. **Norvania has sent thousands of "
        "soldiers to the border, the ministry said.** Talks are planned.",
        "same",
    ),
    Pair(
        "men-and-women",
        "How many women work for the Tavane fire brigade?",
        "The Tavane fire brigade is looking for recruits. **It employs 36 women.** "
        "Nobody may be older than 35.",
        "The fire brigade of Tavane is short of people. **The Tavane fire brigade "
        "employs 410 men.** Wages are low.",
        "nothing",
    ),
    Pair(
        "bridge-places",
        "How far is the village of Ulm from the dam at Corran?",
        "The dam at Corran has a crack. **The village of Ulm is 8 km from the dam at "
        "Corran.** People sleep with their shoes on.",
        "Engineers watch the dam at Corran. **The town of Brenn is 21 km from the dam "
        "at Corran.** The lake is being lowered.",
        "nothing",
    ),
    Pair(
        "launch-moved",
        "When will the satellite Petrel be launched?",
        "The satellite Petrel is ready. **Petrel will be launched on 4 July, the agency "
        "said.** It weighs 900 kg.",
        "A leak has been found in a rocket. **The launch of the satellite Petrel has "
        "been put back to 22 August, the agency said.** It is the second delay.",
        "update",
        ("4 July", "22 August"),
        ("2025-05-12", "2025-06-16"),
    ),
)  # fmt: skip


AFTER = (
    Pair(
        "dam-height",
        "How high is the new dam at Gorsk?",
        "The dam at Gorsk is finished. **The dam at Gorsk is 92 metres high, the "
        "builder Halvo said.** It took nine years.",
        "Gorsk has its dam. **At 104 metres the dam at Gorsk is as high as a "
        "cathedral.** Two villages were drowned.",
        "contradiction",
        ("92 metres", "104 metres"),
    ),
    Pair(
        "species-count",
        "How many new beetle species were found on the island of Rell?",
        "Biologists have come back from Rell. **They found 17 new species of beetle on "
        "the island of Rell.** It rained for a month.",
        "The island of Rell is rich in insects. **The expedition to Rell found "
        "seventeen beetle species that were new, the museum said.** It has no roads.",
        "same",
    ),
    Pair(
        "robbery-hour",
        "When did the robbery at the Tessel post office take place?",
        "The post office of Tessel was robbed on Friday. **The robbery took place at "
        "9.15 am, according to the police.** Nobody was hurt.",
        "Two masked men robbed the post office in Tessel. **The robbers came at 11.40 "
        "am, a clerk of the Tessel post office said.** They fled on bicycles.",
        "contradiction",
        ("9.15 am", "11.40 am"),
    ),
    Pair(
        "fine-of-two-firms",
        "How much was the fine for Odeon Chemicals?",
        "A court has punished Odeon Chemicals for poisoning the Varr. **Odeon Chemicals "
        "was fined $2.4 million.** Fish died for miles.",
        "The court in Varra dealt with polluters of the Varr on Monday. **Lister Paints "
        "was fined $600,000.** Odeon Chemicals was on trial too.",
        "nothing",
    ),
    Pair(
        "strike-members",
        "How many dockers are on strike at Marn?",
        "The port of Marn stands still. **About 800 dockers are on strike at Marn, the "
        "union says.** Ships wait outside.",
        "No crane moved at Marn on Monday. **The port company said that 350 dockers "
        "were on strike.** Fruit is rotting.",
        "contradiction",
        ("800", "350"),
    ),
    Pair(
        "inventor-name",
        "Who discovered the comet Harlan?",
        "The comet Harlan can be seen this week. **The comet was discovered by Beate "
        "Vogler, a teacher.** It has a green tail.",
        "People look up at the comet Harlan. **Beate Vogler discovered it from her "
        "roof.** It won't come back for 900 years.",
        "same",
    ),
    Pair(
        "ballot-years",
        "What was the turnout in the Orsk election of 2025?",
        "Orsk has elected a mayor. **The turnout in Orsk was 61 per cent.** The count "
        "went on all night.",
        "Orsk went to the polls on Sunday. **In the election of 2021 the turnout was 54 "
        "per cent.** It was dry and warm.",
        "nothing",
    ),
    Pair(
        "evacuated-later",
        "How many people have been evacuated from the fire near Sorrel?",
        "A forest fire burns near Sorrel. **So far 300 people have been evacuated from "
        "the fire near Sorrel.** Aircraft drop water.",
        "The forest fire near Sorrel has grown. **The number of people evacuated from "
        "the fire has risen to 2,100, officials at Sorrel said.** The wind is strong.",
        "update",
        ("300", "2,100"),
        ("2025-07-01", "2025-07-03"),
    ),
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """All reports in one folder, so that each pair has the others for distractors."""
    folder = tmp_path_factory.mktemp("reports")
    for pair in (*PAIRS, *AFTER):
        write_report(folder / f"{pair.name}-one.md", pair.one, pair.published[0])
        write_report(folder / f"{pair.name}-other.md", pair.other, pair.published[1])
    settings = Settings(articles=folder, store=str(tmp_path_factory.mktemp("store")))
    desk = open_desk(settings=settings)
    return desk.corpus


def write_report(path: Path, marked: str, published: str) -> None:
    title = marked.partition(".")[0].replace("*", "")
    text = marked.replace("**", "")
    path.write_text(
        f'---\ntitle: "{title}"\noutlet: Post {path.stem}\npublished: {published}\n---\n\n{text}\n',
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def embedder() -> LocalEmbedder:
    return LocalEmbedder(MODEL)


@pytest.fixture(scope="module")
def finder(corpus: Corpus, embedder: LocalEmbedder) -> EvidenceFinder:
    return EvidenceFinder(corpus, embedder)


@pytest.fixture(scope="module")
def comparer(corpus: Corpus, finder: EvidenceFinder, embedder: LocalEmbedder) -> Comparer:
    return Comparer(corpus, finder, embedder)


def answer_span(
    pool: tuple[EvidenceSentence, ...], marked: str, article_id: str
) -> EvidenceSentence:
    """The sentence between ** of an article, as it is in the pool."""
    answer = marked.partition("**")[2].partition("**")[0]
    return next(each for each in pool if each.text == answer and each.article_id == article_id)


@pytest.mark.parametrize("pair", [*PAIRS, *AFTER], ids=lambda pair: pair.name)
def test_pairs(
    pair: Pair,
    corpus: Corpus,
    embedder: LocalEmbedder,
    finder: EvidenceFinder,
    comparer: Comparer,
) -> None:
    if pair.name in KNOWN_MISSES:
        pytest.xfail("the two sentences share too little")
    ranking = HybridRetriever(corpus, embedder, RetrievalSettings()).rank(pair.question)
    pool = finder.score(pair.question, ranking)
    ids = {article.path: article.id for article in corpus.articles.values()}
    one = answer_span(pool, pair.one, ids[f"{pair.name}-one.md"])
    other = answer_span(pool, pair.other, ids[f"{pair.name}-other.md"])
    for cited, rival in ((one, other), (other, one)):
        comparison = comparer.compare(pair.question, cited.text, [cited], pool)
        assert outcome(comparison, cited, rival) == pair.expected
        written = " ".join(
            each.text
            for difference in comparison.disagreements
            for version in difference.versions
            for each in version
        )
        assert all(value in written for value in pair.values)


def outcome(comparison: Comparison, cited: EvidenceSentence, rival: EvidenceSentence) -> str:
    if comparison.disagreements:
        return comparison.disagreements[0].kind
    same = comparison.corroborated.get((cited.article_id, cited.start), ())
    return "same" if rival.article_id in same else "nothing"


def test_the_versions_are_described_with_their_numbers() -> None:
    def claimed(text: str, start: int) -> ClaimedValue:
        return ClaimedValue(text, EvidenceSentence("a", start, start + 1, text, 0.0))

    versions = (
        (claimed("46 km", 1),),
        (claimed("40 km", 2), claimed("25 miles", 3)),
    )
    difference = Difference("the distance", "contradiction", versions)
    text = describe(difference, lambda sentence: sentence.start)
    assert text == "46 km [1]; 40 km [2], 25 miles [3]"
