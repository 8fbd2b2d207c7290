"""The words that the distractor articles are made from, all of them our own.

Of `{fields}` the names are drawn once an article and the numbers once a sentence; of
`[one|another]` one is taken each time. A line that begins with `=` names a kind of article, `#` is
a title, `>` the first sentence that goes with the title of its rank, `-` any other sentence.
"""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
SIDES = ("north", "south", "east", "west")

# Every name of a place or a person is put together from these.
STARTS = (
    *("Bral", "Dorv", "Esk", "Falm", "Gost", "Hesk", "Jarv", "Korb", "Lusk", "Narv", "Ostr"),
    *("Pesh", "Quor", "Selv", "Tarn", "Vask", "Yarl", "Zolm"),
)
MIDDLES = ("a", "e", "i", "o", "u", "ena", "ila", "umi", "ora")
ENDS = ("dan", "met", "lin", "rash", "beth", "vik", "stad", "mur", "tal", "nov", "reth", "zin")
MEN = ("Benno", "Farid", "Hanno", "Levin", "Mirza", "Oskel", "Parviz", "Rasmin", "Tarek", "Wendel")
WOMEN = ("Alda", "Dagny", "Edda", "Gisla", "Ilse", "Jorun", "Katya", "Saskia", "Ulla", "Vesna")
# A country is one of these with -ia, its people with -ian.
NATIONS = (
    *("Karven", "Ostrev", "Balhour", "Luskan", "Prador", "Quess", "Vendor", "Halmaz", "Ruthem"),
    *("Zemar", "Tolmar", "Sarnol"),
)
GROUPS = (
    "the Free Highlands Front",
    "the Northern Accord",
    "the Army of the Plains",
    "the Dawn Brigades",
    "the Seventh Column",
    "the People's Guard",
    "the River Coalition",
    "the Union of the Two Valleys",
)

TEMPLATES = """
= fighting
# Rebels close in on {town} as {nation} army falls back
# {town} under fire after {other} is [seized|overrun]
> Rebel forces [seized|captured|took] the city of {other} on {weekday} and pushed {side} towards
{town}, {km} km ({miles} miles) away, a war monitor and [residents|officials] said.
> Fighters of {group} were {km} km from {town} on {weekday} after government troops left {other}.
- A spokesman for {group}, {man}, said that its men had [taken|entered] {few} villages [without a
fight|overnight] and would [not stop|soon be] before the walls of {town}.
- The {nation} Ministry of Defence denied that the army was pulling out, and spoke of a
"redeployment" meant to [protect civilians|spare the city's people].
- Air strikes on the bridge at {third}, which carries the main highway into {town}, [killed|wounded]
at least {few} people, according to a doctor at the [local|military] hospital.
- {town}, the [second|third|fourth]-largest city of {country}, has a population of about {big} and
lies on the road between {capital}, the capital, and the coast.
- About {thousands},000 people have been displaced since the offensive began, said {woman}, who
coordinates emergency aid for a relief agency, and the number could [double|rise steeply].
- {country} has sent drones, missiles and military advisers to its allies in the region before, but
a senior official [would not say|declined to say] whether it would do so again.
- State media reported that {dozens} rebels had been killed by artillery and missiles north of
{other}. The figure could not be confirmed.
- The loss of {town} would cut {capital} off from the port of {third}, where a foreign navy has kept
a base since {year}.
= exodus
# Thousands leave {town} as the front comes nearer
# Aid agencies count the displaced of {town}
> Roads out of {town} were jammed on {weekday} with families [on their way to|making for] the coast,
after rebels had come within {km} km of the city.
> More than {thousands},000 people have left their homes around {town} in {few} days, relief workers
in {capital} said on {weekday}.
- {woman}, who drove to {other} with her [sister|parents] and {few} children, said that the shops
had been empty for a week and that militias were on patrol in the main streets.
- The crossing at {third}, the only one still open to civilians, was [bombed|shelled] twice; each
side blames the other.
- A camp {miles} miles outside {other} was built for {dozens} hundred people and now holds
{thousands},000, [said its director|according to its director], {man}.
- The observatory that monitors the war put the dead at {dozens}, [most of them|half of them]
civilians. The government gave no number.
- "We took the keys and the cat," said a [teacher|baker] from {town}, who did not want to be named.
- The {nation} government says that those who leave may come back within {few} weeks. Few of those
who were asked on the road believed it.
- An earlier siege of the city, in {year}, lasted {dozens} weeks, and a quarter of its houses have
not been rebuilt since.
- {country}'s neighbours have let in {thousands},000 refugees so far. The border with {land} has
been closed since {weekday}.
- The agency needs ${money} million for food and tents, and has [half|a third] of it, {woman} added.
= diplomacy
# {country} and {land} to hold talks over {town}
# {country} tells its citizens to leave {land}
> The foreign minister of {country}, {man}, met his counterpart from {land} in {capital} on
{weekday} for talks about the fighting around {town}.
> {country} warned its citizens on {weekday} to leave {land} on commercial flights while there were
still seats, and sent its foreign minister, {man}, to {capital}.
- {man} told [a broadcaster|reporters] that military aid would [go on|continue] "for as long as we
are asked for it", but did not say how many drones or missiles were meant.
- Two senior officials, who would not be named, said that {dozens} advisers had crossed the border
overnight to help hold {town}.
- {woman}, the ambassador of {land}, called the meeting useful and the lunch [long|cold].
- The president of {country}, in office since {year}, has relied on {land} for weapons and fuel; the
two countries signed a treaty {few} years ago.
- Opposition leaders, {group} among them, were not invited. They called the talks "a photograph".
- Analysts doubt that {land} can do much: it is busy with a war of its own and has withdrawn {few}
of its {dozens} warplanes from the base at {third}.
- A ceasefire in the valley of {other}, agreed in {year}, held for {dozens} days.
- The ministers will meet again on {day}. In the meantime a line is to be kept open between the two
armies, {km} km apart at the nearest point.
- Turning to trade, {man} said that the pipeline from {other} carried {thousands},000 barrels a day.
= council
# {town} council votes on [repair of bridge|its bridge]
# Rents and roads: the council of {town} meets
> The town council of {town} voted by {few} to 3 on {weekday} to repair the bridge over the {third},
at a cost that the surveyor put at £{money} million.
> Councillors in {town} [put off|approved] a plan on {weekday} that would close the library on two
days a week and raise the rent of allotments to £{dozens}.
- The chair, {woman}, said that the budget left a reserve of £{thousands},000, of which a new roof
for the hall would take half.
- A count of traffic in {other} Road found {hundreds} vehicles a day. Residents, who had counted for
themselves, doubted it.
- The application for a grant has to be in by {day}; {man}, the clerk, is to write it.
- The harbour wall, built in {year}, lost {km} metres of stone in the storms of last winter.
- A speed limit of 20 mph was proposed and deferred to the next meeting, so that the police could be
asked.
- {man} asked that his dissent be recorded, and it was.
- The council was told that {dozens} names were on the waiting list for a mooring and {few} for a
market stall.
- A member of the public asked when the lamps in {third} Lane would be mended. The answer was soon.
- Members agreed to hear the harbour master and the ferry company, which carried {thousands},000
passengers last year, before deciding on the pier.
= sport
# Late goal gives {town} the points against {other}
# Ten men of {town} [hold on|lose their lead] against {other}
> A goal in the {minute}th minute by {man} gave {town} Wanderers a [deserved|lucky] win over {other}
United on {weekday}, in front of {hundreds} people.
> {other} United came from behind twice on {weekday} to draw with {town} Wanderers, who ended the
match with ten men.
- {man} had put a penalty over the bar before half-time, after the referee, {woman}, ruled that the
ball had been handled.
- The goalkeeper hurt his shoulder and will be out for {few} weeks. His place went to a boy of 17.
- {town} now have {dozens} points, two more than {third} Albion, who have a game in hand.
- The captain was sent off for a second yellow card and is banned for the match at {third}.
- "They wanted it more than we did, and I told them so," said the manager, who had {few} players
missing.
- The club gave the attendance as {hundreds} and hopes for twice as many at the next match.
- The equaliser came from a shot of {km} metres that the wind helped along.
- It was the first win at {other} since {year}, when the two sides were in another league.
- Next week {town} are at home to {capital}, who have sold their leading scorer for £{money}
million.
= markets
# {town} maker of pumps reports higher sales and lower profit
# Shares in {town} Holdings fall after warning on costs
> {town} Holdings, a maker of [valves|cables|glass], reported revenue of £{money} million for the
half-year, up {percent} per cent, but said that freight costs would weigh on the rest of it.
> Shares in {town} Holdings fell by {percent} per cent on {weekday} after the company cut its
forecast for the full year.
- Operating profit came to £{few}.{few} million, a margin of {percent} per cent, against {few} per
cent a year earlier.
- The interim dividend stays at {few}.2p a share and will be paid on {day}.
- {woman}, chief executive for {few} years, said: "We told them what it would cost, and they did it
for less. It is theirs, not mine."
- Exports to {country} and {land} made up {dozens} per cent of sales; those to {nation} customers
doubled.
- The order book stood at £{hundreds} million and net debt at £{dozens} million at the end of June.
- The finance director, {man}, will step down on {day}. The auditor had found an order of £{few}
million that was counted twice.
- Oil from the fields near {other} rose to ${dozens} a barrel, and the {nation} currency fell.
- The plant at {third}, where {hundreds} people work, is to be [sold|moved|closed] within {few}
months.
- Analysts called the figures "better than feared" and left their advice to hold unchanged.
= weather
# Storm warning for the {town} coast raised to amber
# Ferries stop and bridge closes as storm nears {town}
> The weather office raised its warning for {town} to [amber|red] on {weekday} and forecast gusts of
{gust} km/h from the {side}.
> A storm cut the power of {thousands},000 homes around {town} on {weekday} and closed the bridge at
{other} to all traffic.
- Waves of {few} metres were expected at the harbour mouth, said the duty forecaster, {woman}, who
told people to stay away from the sea front.
- The last ferry to {third} left {few} hours early; the later sailings were cancelled.
- A gust of {gust} km/h was measured at the lighthouse, the strongest since {year}.
- Schools in {other} sent their pupils home at noon, those in {third} stayed open.
- The grid operator hoped to have all but {dozens} homes connected again by {day}.
- Some {km} cm of snow fell on the pass to {capital}, where {dozens} lorries were stuck overnight.
- The river at {third} rose by {few} metres in a day and flooded cellars in the old town.
- The bridge has to be inspected before it can open again, the county said; {man}, the engineer in
charge, spoke of {few} days.
- Residents of {hundreds} houses were told to leave. Most of them stayed to watch.
= accident
# Lorry driver denies blame for crash near {town}
# Passengers hurt as bus leaves the road at {other}
> A court in {town} heard on {weekday} how a lorry came to hit a [cyclist|bus] on the road to
{other}, {km} km outside the city.
> {few} people were taken to hospital on {weekday} when a bus left the road between {town} and
{other} and came to rest in a field.
- The prosecution put the speed at {gust} km/h, well over the limit; an expert for the defence
arrived at {km} km/h less.
- The driver, {man}, 41, denies that he was using his phone. He had worked for the firm for {few}
years.
- A witness, {woman}, said that the sun was low and that nobody on that road kept to the limit.
- Police are looking for a [white|grey] van that was seen to turn round shortly before.
- The hospital at {third} said that {few} of the injured had been allowed to go home.
- The bend has seen {dozens} accidents since {year}, and the county has promised a barrier twice.
- The driver's union asked for the recorder, which was last checked {few} years ago, to be tested.
- Traffic was led round by way of {third}, which took drivers {miles} miles out of their way.
- The judge will hear closing speeches on {day}. The company, based in {capital}, declined to
comment.
"""
