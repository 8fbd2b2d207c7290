"""The phrases by which newsrooms' boilerplate is told, each with the reason it is one.

A phrase is matched at the beginning of a line without the white space around it, `$` is the
line's end, and case doesn't count.
"""

import re

PIECE = "(?:article|story|post|piece|essay|column)"
NO_STOP = r"(?!.*[.!?][\"'”’)]*$)"  # the line ends as no sentence does
NETWORK = (
    r"(?:facebook|twitter|x|whats ?app|telegram|linked ?in|instagram|youtube|tik ?tok|reddit"
    r"|pinterest|threads|bluesky|flipboard|messenger|google news|e-?mail|print|copy link)"
)
# After "see also" and the like a colon, a bar, a wide gap or nothing tells that a title follows.
APART = r"(?:\s*[:|»›]|\s+[–—-]\s|[^\S ]|\s{2}|$)"
LEAD_INS = (
    "see also|also see|also read|read also|read more|read next|lire aussi|à lire aussi"
    "|lesen sie auch|lea también|lee también|leia também|leggi anche|اقرأ أيضا[ًَ]?|إقرأ أيضا[ًَ]?"
)
# Headings of lists of other articles.
LISTS = (
    r"related (?:articles?|content|coverage|links?|news|posts?|reading|stor(?:y|ies)|topics?)"
    r"|more (?:on this story|stories)|recommended(?: (?:for you|reading|stories))?"
    r"|(?:most|must)[ -](?:read|popular|viewed)|you (?:may|might) (?:also )?like"
    r"|editors?[’']s? picks?|top stories|trending(?: now)?|what to read next"
)
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# What a line of publication dates is made of.
TIME_WORD = (
    rf"(?:\d+(?:st|nd|rd|th)?|(?:{MONTHS})[a-z]*|(?:mon|tues|wednes|thurs|fri|satur|sun)day|[ap]\.?m"
    r"|[a-z]{2,3}t|utc|ago|(?:hour|minute|min|day)s?|on|at|first|last|published|updated|posted)"
)

# No sentence of an article begins and ends like these.
SURE = (
    ("teaser", rf"(?:{LEAD_INS}|related){APART}"),
    ("teaser", rf"{NO_STOP}(?:see also|also read|read also)\s"),
    ("teaser", rf"(?:{LISTS})\s*[:»→>…]*$"),
    ("teaser", rf"{NO_STOP}(?:watch|listen|gallery|podcast|in pictures|don[’']t miss)\s*[:|]"),
    ("teaser", r"(?-i:MORE|VIDEO|PHOTOS)\s*:"),
    ("teaser", r"(?:(?:continue|keep) reading|up next)\W*$"),
    ("teaser", r"(?:next|previous) (?:article|post|story)\W*$"),
    ("teaser", r"(?:read|view) (?:the )?(?:full|original|whole) (?:article|story|report)\W*$"),
    ("newsletter", r"unlock .{0,60} for free\W*$"),
    ("newsletter", rf"{NO_STOP}discover more from "),
    ("newsletter", r"(?:subscribe|register|sign up|log in|sign in|donate)(?: (?:now|today))?\W*$"),
    ("newsletter", r"(?:enter |type )?your e-?mail(?: address)?\W*$|e-?mail address\s*\*?$"),
    ("newsletter", r"(?:already|not yet) an? (?:subscriber|member|registered user)\b"),
    ("comment form", r"(?:leave|post|write|add) a (?:reply|comment)(?: cancel reply)?$"),
    ("comment form", r"your e-?mail address will not be published\b|cancel reply$"),
    ("comment form", r"required fields are marked\b|save my name, e-?mail\b"),
    ("comment form", r"notify me of (?:follow-?up|new) (?:comments|posts)\b"),
    ("comment form", r"(?:(?:no|\d+|view|show|see) (?:all )?)?comments?(?: \(\d+\))?$"),
    ("comment form", r"comments are (?:closed|off)\.?$|be the first to comment\W*$"),
    ("comment form", r"join the (?:conversation|discussion)\W*$|(?:name|e-?mail|comment) ?\*$"),
    ("share form", r"(?:share|tweet|e-?mail|print|copy link)(?: this)?\s*:?$"),
    ("share form", rf"(?:share\W+)?{NETWORK}(?:\W+{NETWORK}){{1,9}}\W*$|share\W+{NETWORK}\W*$"),
    ("share form", rf"(?:click to )?share (?:on|via) {NETWORK}\b(?!.*[,;])"),
    ("share form", r"click to (?:e-?mail a link|print)\b|like this\W+loading\W*$"),
    ("source link", r"source link$"),
    ("source link", r"(?:source|via|quelle|المصدر)\s*:\s*https?://\S+$"),
    ("source link", r"(?:source|via|quelle)\s*:\s*(?-i:[A-Z]\S*(?: [A-Z]\S*){0,2})$"),
    ("advertisement", r"\W*(?:advertisements?|ads?|sponsored|promoted)(?: content)?\W*$"),
    ("advertisement", r"\W*(?:publicité|publicidad|anzeige|werbung|إعلان)\W*$"),
    ("advertisement", r"advertisement\W+(?:scroll (?:down )?to continue|continue reading)\b"),
    ("advertisement", rf"{PIECE} continues (?:after|below)\b.{{0,40}}$|skip ad(?:vertisement)?s?$"),
    ("photo caption", r"(?-i:FILE(?: PHOTO)?\s*[:–—-]|FILE PHOTO\b)"),
    ("photo caption", r"(?:photo(?:graph)?|image|picture|pic|caption)s?\s*[:|©]\s*\S"),
    ("photo caption", r"(?:photo|image|picture) (?:credit|source|caption|copyright)s?\s*[:|,©]"),
    ("photo caption", r"(?:image (?:source|copyright|caption)|photo courtesy) (?-i:[A-Z]).{0,80}$"),
    ("photo caption", r"(?:photo(?:graph)?s?|pictures?) by (?-i:[A-Z](?:[A-Z]\.|[^,;.]){0,60})$"),
    ("photo caption", r"this image (?:has been|was) (?:supplied|provided) by a third party"),
    ("photo caption", r"(?:purchase|acquire) licensing rights\b"),
    ("copyright", r"(?:©|\(c\)\s*\d{4}|copyright\s*(?:©|\(c\)|\d{4}\b(?! [a-z])))"),
    ("copyright", r"(?:.{0,150}\W)?all rights reserved\.?$"),
    ("copyright", r"this material may not be published, broadcast\b"),
    ("publication line", r"the post .{1,300} (?:appeared first|first appeared) on "
     r"(?-i:[A-Z])[^,;]{0,80}$"),
    ("publication line", rf"(?:first |last )?(?:published|updated|posted)\b(?=.*\d)"
     rf"\W+{TIME_WORD}\b(?:\W+{TIME_WORD}\b)*\W*$"),
    ("audio", r"listen\W+\d+ min\w*$|this audio (?:is|was) (?:auto-?)?generated\b"),
    ("audio", r"your browser does not support\b|(?:play (?:audio|video)|video player)\W*$"),
    ("reading time", r"(?:estimated )?reading time\W+(?:about )?\d{1,2} ?min\w*\W*$"),
    ("reading time", r"\d{1,2}[ -]?min(?:ute)?s?\.?(?:[ -](?:of )?read(?:ing)?(?: time)?)$"),
    ("navigation", r"skip to (?:the )?(?:main )?content$|back to top$|load(?:ing)? more$"),
    ("navigation", rf"{NO_STOP}(?:tags?|filed under|topics?)\s*:"),
    ("byline", r"\((?:additional |writing and )?(?:reporting|writing|editing) by [^()]*\)$"),
    ("byline", r"(?:additional |writing and )?(?:reporting|writing) by .{1,200};.*\bediting by\b"),
    ("byline", rf"{NO_STOP}(?:additional )?(?:reporting|editing|edited|written) by (?-i:[A-Z])"),
    ("byline", r"additional reporting by (?-i:[A-Z])[^.]{0,80}\.$"),
    ("byline", r"our standards\s*: "),
)  # fmt: skip
# A sentence could begin like these: marked where the line also doesn't tell what somebody said.
LIKELY = (
    ("newsletter", r"sign up (?:for|to) .{0,60}newsletters?\b"),
    ("newsletter", r"subscribe to (?:get|our) |subscribe to the .{0,60}newsletter\b"),
    ("newsletter", r"(?:sign up|register|subscribe) .{0,60}\b(?:e-?mails|alerts|your inbox)\b"),
    ("newsletter", r"(?:get|receive|have) .{0,90}\b(?:to|in) your (?:e-?mail )?inbox\b"),
    ("newsletter", r"(?:join|follow) our .{0,30}\b(?:newsletter|channel|group)\b"),
    ("newsletter", r"by (?:signing up|subscribing|entering your e-?mail)\b.{0,60}\b(?:you|our)\b"),
    ("newsletter", rf"this {PIECE} is (?:only )?(?:for|available to) (?:paying )?subscribers\b"),
    ("newsletter", r"you can unsubscribe at any time\b|unsubscribe at any time\b"),
    ("newsletter", r"thank you for (?:subscribing|signing up)\b"),
    ("newsletter", r"(?:start|begin) your (?:free )?(?:trial|subscription)\b"),
    ("newsletter", r"support (?:our|independent) (?:journalism|reporting|newsroom)\b"),
    ("newsletter", r"(?:get|download) (?:the|our) .{0,40}\bapp (?:now|today|for free|from|on)\b"),
    ("share form", rf"share this {PIECE}\b[^.]{{0,40}}$|share on {NETWORK}\b[^.]{{0,40}}$"),
    ("share form", rf"(?:follow|find|like|join) (?:us|[^,.]{{1,40}}) on {NETWORK}\b|follow @\w"),
    ("share form", rf"if you (?:liked?|enjoy(?:ed)?) this {PIECE}\b"),
    ("cookie notice", r"(?:we|(?:this|our) (?:web)?site|our partners)\b.{0,40}\buses?"
     r" (?:\w+ ){0,3}cookies\b.*\b(?:experience|(?:web)?site|traffic|ads|advert\w+|personal\w+"
     r"|privacy|analytics|content)\b"),
    ("cookie notice", r"by (?:continuing|using|browsing)\b.{0,60}\byou (?:agree|accept|consent)\b"),
    ("cookie notice", r"(?:accept|reject|manage) (?:all |my )?(?:cookies?|consent)\b.{0,40}$"),
    ("cookie notice", r"cookie (?:policy|settings|preferences|notice)\W*$"),
    ("publication line", rf"(?:this {PIECE} )?(?:was |has been )?(?:first|originally) "
     r"(?:published|appeared) (?:(?:on|at|by) |in (?-i:[A-Z]))"
     r"(?:(?!,(?! \d{4})| (?:and|as|but|that|when|where|which|who|after|before) )[^;]){1,90}$"),
    ("publication line", rf"this {PIECE} (?:was |has been |is )?(?:first |originally )?"
     r"(?:republished|reproduced|syndicated) (?:from|with|under)\b"),
    ("audio", rf"listen to (?:this|the) (?:{PIECE}|report)\b[^.]{{0,40}}\.?$"),
    ("navigation", r"click here (?:to|for)\b.{0,80}$|got a (?:news |story )?tip\?"),
    ("photo caption", r"an? (?:drone|aerial|general|night|file|bird[’']s-eye) view shows "
     r"(?!that\b|how\b|why\b|no\b)"),
    ("photo caption", r"an? (?:drone|aerial|general|night|file|bird[’']s-eye) view of [^.]*$"),
    ("photo caption", r"(?:in )?this (?:(?:file|handout|undated|combination|pool|aerial) )+"
     r"(?:photo(?:graph)?|picture|image|grab)\b"),
    ("photo caption", r"in this (?:photo(?:graph)?|picture|image|frame grab) "
     r"(?:provided|released|made available|obtained|supplied|taken) (?:by|on|from)\b"),
    ("photo caption", r"(?:file|handout|undated) (?:photo(?:graph)?|picture|image)\b"),
)  # fmt: skip
TOLD = (
    "said|says|told|tells|added|wrote|according to|announced|argued|asked|warned|testified|urged"
    "|claimed|shouted|insisted|explained|replied|complained|promised"
)

AGENCY = (
    r"(?:AFP(?: Photo)?|AP(?: Photo)?|Associated Press|Reuters|REUTERS|Getty(?: Images)?|Handout"
    r"|EPA(?:-EFE|/EFE)?|EFE|Shutterstock|Anadolu(?: Agency)?|Xinhua|TASS|SANA|dpa|DPA|Alamy|Sipa"
    r"|PA(?: Media| Wire)?|Bloomberg|NurPhoto|iStock|ZUMA(?: Press)?|Maxar(?: Technologies)?)"
)
PERSON = r"[A-Z][\w.’'-]*(?: (?!Purchase|Acquire)(?:[A-Z]|al-|el-|bin |de |van )[\w.’'-]*){0,4}"
CREDITED = (
    rf"(?:{PERSON}(?:/| for | via |, | \| | - )){{0,3}}{AGENCY}"
    rf"(?:(?:/| via | / |, | - )(?:[Ff]ile(?: [Pp]hoto)?|{PERSON}))*"
)
_PHOTO = (
    r"(?i:(?:file )?(?:photo(?:graph)?|image|picture|pic|video|illustration)s?(?: credit)?|credit)"
)
# A photographer or what only pictures have, not a poll's sponsors (Reuters/Ipsos).
_PICTURED = r"(?:[A-Z]\S* \S+/|/[A-Z]\S* [A-Z]|Getty|AP Photo|/ ?[Ff]ile|Handout)"
# [Jo Hale/AFP], (AP Photo/Jo Hale), REUTERS/Jo Hale; in words: (Photo: Jo Hale).
CREDIT = re.compile(
    rf"(?P<agency>(?:\[(?:[Ff]ile: )?(?=[^\[\]]*/)(?:{PERSON}/)?{CREDITED}\]"
    rf"|\((?=[^()]*{_PICTURED})(?=[^()]*/){CREDITED}\)"
    rf"|\bREUTERS/{PERSON}(?:/[Ff]ile(?: [Pp]hoto)?)?"
    rf"|\b{_PHOTO}: {CREDITED}))"
    rf"|\[{CREDITED}\]|\(Getty Images\)|\({AGENCY} via {AGENCY}\)"
    rf"|[(\[]\s*(?:{_PHOTO}\s*(?:[:|/]|(?i:by|courtesy|via)\b)|(?i:file)\s*:)[^()\[\]]{{0,100}}[)\]]"
)
# Without one of these a line has no credit: quicker to look for.
CREDIT_SIGN = re.compile(r"[])]|REUTERS/|(?:hoto|graph|mage|icture|ic|deo|tion|redit)s?: ")
CREDIT_LINE = re.compile(rf"[(\[]?(?:© ?)?{CREDITED}[)\]]?\.?$")
LICENSING = re.compile(r"\s*(?:(?:Purchase|Acquire) Licensing Rights.{0,30})?\W*$")
BYLINE = re.compile(
    r"(?i:by) [A-Z][\w.’'-]+(?: [A-Z][\w.’'-]*){1,3}(?:(?:,| and| &) [A-Z][\w.’' -]+)*$"
)
