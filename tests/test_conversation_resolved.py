"""Follow-ups that code resolves without a model, and those that it leaves alone."""

import pytest

from qa.conversation import Turn, resolve
from qa.name_kinds import NameKinds

ARTICLES = (
    # sport
    "Harwick Albion beat Dunsby United 2-1 at Marlow Park on Saturday. Nadia Prowse, the Albion "
    "captain, scored twice. She was named player of the match. Coach Tom Verrall said that his "
    "team had earned it. He praised the goalkeeper, Ines Calder, who saved a penalty late in her "
    "first game. Dunsby United play at Kelby on 12 April.",
    # courts
    "The trial of Oskar Lindt opened at the Crown Court in Velmore on Monday. Lindt, 44, who was "
    "the treasurer of the Velmore Swimming Club, denies that he stole 90,000 crowns from it. "
    "Judge Harriet Coyle told the jury that she would sum up on Friday. The prosecutor, Daniel "
    "Stroud, said that Lindt had moved the money. In Ashby, three clubs near Velmore lost more.",
    # science
    "A team led by Dr Lena Osei found the comet Brenna. She works at Torvald University. The probe "
    "Heron, which left Kourou in 2024, will reach Brenna in 2031. Professor Milo Hart of the "
    "Institute of Cold Physics called the result careful. He was not part of the study. The "
    "comet Tolk is smaller.",
    # finance
    "Quillon Bank will buy Marsh Trust for 3.2 billion crowns. Quillon Bank's chief executive, "
    "Petra Voss, said that she was glad. The finance director, Jon Aker, said he agreed. The rate "
    "in Lisbon was raised to 4 percent in March; in Vienna it stayed. Near Lisbon prices rose, "
    "and in Vienna they fell. Ardent Capital owns a share.",
)
KINDS = NameKinds(ARTICLES)

WON = ("Who won the match between Harwick Albion and Dunsby United?", "Harwick Albion won 2-1.")
JUDGE = ("Which judge hears the case of Oskar Lindt?", "Judge Harriet Coyle hears the case.")
OPENED = ("When did the trial of Oskar Lindt open?", "It opened on Monday.")
BUYS = ("Which bank is buying Marsh Trust?", "Quillon Bank is buying it.")
RUNS = ("Who runs Quillon Bank?", "Petra Voss runs it.")
GOALS = ("How many goals did Nadia Prowse score?", "She scored twice.")
HERON = ("When will Heron reach Brenna?", "It will do so in 2031.")

CASES = [
    (WON, "And which player scored twice?",
     "Which player scored twice in the match between Harwick Albion and Dunsby United?"),
    (("Who scored twice for Harwick Albion?", "Nadia Prowse, the Albion captain, scored twice."),
     "Was she named player of the match?", "Was Nadia Prowse named player of the match?"),
    (("Who is the coach of Harwick Albion?", "The coach is Tom Verrall."),
     "What did he say about his team?", "What did Tom Verrall say about his team?"),
    (("Where did Harwick Albion play Dunsby United?", "They played at Marlow Park."),
     "How many people were there?", "How many people were at Marlow Park?"),
    (("When do Dunsby United play at Kelby?", "On 12 April."),
     "And Harwick Albion?", "When do Harwick Albion play at Kelby?"),
    (("Which goalkeeper saved a penalty?", "Ines Calder saved a penalty."),
     "Whose penalty was that?", None),
    (GOALS, "What about Ines Calder?", "How many goals did Ines Calder score?"),
    (("How big was the crowd at Marlow Park on Saturday?", "It was 4,000."),
     "And on Sunday?", "How big was the crowd at Marlow Park on Sunday?"),
    (("Who is on trial in Velmore?", "Oskar Lindt, once a treasurer, is on trial."),
     "What is he accused of?", "What is Oskar Lindt accused of?"),
    (JUDGE, "What did she tell the jury?", "What did Harriet Coyle tell the jury?"),
    (JUDGE, "What does he deny?", "What does Oskar Lindt deny?"),
    (("What did Daniel Stroud say about Oskar Lindt?", "He said that Lindt had moved the money."),
     "When did he say that?", None),
    (("Where did the trial of Oskar Lindt open?", "It opened at the Crown Court in Velmore."),
     "And when?", "When did the trial of Oskar Lindt open?"),
    (("How much is Oskar Lindt accused of stealing?", "90,000 crowns."), "Why?", None),
    (OPENED, "Where?", "Where did the trial of Oskar Lindt open?"),
    (OPENED, "How long will it last?", "How long will the trial of Oskar Lindt last?"),
    (("Did Oskar Lindt take the money?", "He denies it."), "Who says so?", None),
    (("How many thefts were there in Velmore?", "There were twelve."),
     "And in Ashby?", "How many thefts were there in Ashby?"),
    (("Who is the prosecutor?", "Daniel Stroud is the prosecutor."),
     "And the judge?", "Who is the judge?"),
    (("Who led the team that found Brenna?", "Dr Lena Osei led the team."),
     "Where does she work?", "Where does Lena Osei work?"),
    (HERON, "Where was it launched?", "Where was Heron launched?"),
    (("From where was Heron launched?", "From Kourou."), "In which year was that?", None),
    (("Which institute does Milo Hart work for?", "He is of the Institute of Cold Physics."),
     "Where is it based?", "Where is the Institute of Cold Physics based?"),
    (("What did Milo Hart call the result?", "He called it careful."),
     "And Lena Osei?", "What did Lena Osei call the result?"),
    (("How many comets were found in 2024?", "Eleven were found."),
     "And in 2023?", "How many comets were found in 2023?"),
    (("Which comets did Heron pass?", "It passed Brenna and Tolk."),
     "Which of those is larger?", "Which of Brenna and Tolk is larger?"),
    (BUYS, "How much is it paying?", "How much is Quillon Bank paying?"),
    (RUNS, "Where is it based?", "Where is Quillon Bank based?"),
    (RUNS, "What did she say about the deal?", "What did Petra Voss say about the deal?"),
    (("What is the interest rate in Lisbon?", "It is 4 percent."),
     "And in Vienna?", "What is the interest rate in Vienna?"),
    (("Who is the chief executive of Quillon Bank?", "Petra Voss is its chief executive."),
     "And the finance director?", "Who is the finance director of Quillon Bank?"),
    (("What did Petra Voss say of the deal?", "She was glad, and Jon Aker agreed."),
     "Why did he agree?", "Why did Jon Aker agree?"),
    (("Did Jon Aker meet Tom Verrall?", "They met in Lisbon."),
     "What did he want?", "What did Jon Aker want?"),
    (("How many people live in Lisbon and Vienna?", "Two million."),
     "What happened there?", None),
]  # fmt: skip


@pytest.mark.parametrize(("turn", "question", "alone"), CASES)
def test_code_resolves_what_is_certain(
    turn: tuple[str, str], question: str, alone: str | None
) -> None:
    assert resolve(question, [Turn(*turn)], KINDS) == alone
