"""What a sentence looks like that tells a model what to answer: patterns, each with its reason.

Written for precision: news quotes people who give orders ("Ignore the siren," he said), so an
order counts only where it speaks of answering, of prompts or of the model itself.
"""

import re

# Letters of other alphabets that look like Latin ones: "Ign\u043ere" reads as "Ignore".
LOOK_ALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0501\u04bb\u051b\u051d\u0475"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0405\u0408"
    "\u03b1\u03bf\u03b9\u03bd\u03c1\u03c5\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d"
    "\u039f\u03a1\u03a4\u03a5\u03a7\u0131\u0251\u0261",
    "aeopcyxisjdhqwvABEKMHOPCTYXISJaoivpuABEZHIKMNOPTYXiag",
)

# The beginning of a sentence or of a clause within it; an imperative stands there.
_CLAUSE = r"(?:\A\W*|[.!?:;,–—(\"]\s*)(?:(?:please|now|then|and|so|always|only|just)[\s,]+)*"
_MODEL = (
    r"(?:(?:AI|artificial intelligence)(?: (?:assistants?|models?|systems?|agents?|chatbots?"
    r"|readers?|tools?))?|LLMs?|(?:large )?language models?|(?:chat|ro)?bots?|assistants?"
    r"|automated (?:readers?|systems?|summari[sz]ers?)|summari[sz]ers?)"
)
_REPLY = r"(?:answers?|repl(?:y|ies)|responses?|summar(?:y|ies)|output)"
_PAGE = r"(?:page|article|text|story|document|file)"
FILE = r"[\w-]+\.(?:pdf|docx?|txt|html?|md|xlsx?|csv|json)\b"
_LANGUAGE = (
    r"(?:in|into) (?:the )?(?:[A-Z][a-z]+(?:ese|ish|ian|man|ic)|French|Dutch|Greek|Hindi|Latin"
    r"|Welsh|Thai|another language|verse|rhymes?|capital letters|base64|JSON)\b"
)
_ANSWER = r"(?:answer|reply|respond)"

# Case is ignored except where the pattern says (?-i:…).
_ORDERS = (
    # Leave your task: ignore all previous instructions.
    rf"{_CLAUSE}(?:ignore|disregard|forget|override|bypass)\b(?: \w+){{0,2}}? (?:"
    r"(?:all|any|every|these|your|previous|prior|earlier|preceding|above|foregoing|system)\b"
    r"(?: \w+){0,3}? (?:instructions?|prompts?|excerpts|directives)|"
    r"(?:previous|prior|earlier|preceding|above|foregoing|your|system|other)\b"
    r"(?: \w+)? (?:directions|guidelines|rules|articles|sources|context))\b",
    rf"{_CLAUSE}(?:ignore|disregard|forget) (?:everything|all|anything|the rest|what)\b"
    rf"[^.]{{0,40}}?\b(?:above|below|before this|of (?:it|(?:this|the) {_PAGE})"
    rf"|else on this {_PAGE})\b",
    # Addressed to a model.
    rf"\bif you(?: a|')re (?:an? |any |the )?(?:\w+ )?{_MODEL}"
    r"(?=\s*(?:[,.;:]|\Z|reading|answering|summari|processing|that|which|or))",
    r"\byou(?: a|')re (?:now |no longer )?(?:an? |the )?(?:\w+ )?(?:AI|LLM|language model|chatbot)"
    r"(?: (?:assistant|model|system|agent))?(?=\s*(?:[,.;:]|\Z|that|which|who|without|and|named))",
    r"\A\W*(?:dear|attention|(?:an? )?(?:note|notice|message|instructions?) (?:to|for)|hey|hello)"
    rf",? (?:(?:all|any|the|every|our|your) )?(?:\w+ )?{_MODEL}\b[^.:,]{{0,40}}[:,–—-]",
    r"\bas an? AI (?:(?:language )?model|assistant|chatbot|system),? you (?!(?:a|')re not\b)\w",
    r"\bthe user (?:wants|expects|needs|asks|asked|has asked|would like) you to\b",
    rf"\b{_MODEL}\b[^.]{{0,30}}?\b(?:read|summari[sz]|process|quot|pars|us)(?:es?|s|ing) "
    rf"(?:from )?this {_PAGE}\b",
    # How to answer.
    rf"{_CLAUSE}{_ANSWER}(?: only| always| instead)? (?:that|with|by saying)\b",
    rf"{_CLAUSE}{_ANSWER} (?:to )?(?:all|any|every|each)\b[^.]{{0,30}}? questions? "
    r"(?:with|by|in|as)\b",
    rf"{_CLAUSE}(?:{_ANSWER}|write|speak|translate)\b(?: \w+){{0,4}}? (?-i:{_LANGUAGE})",
    rf"{_CLAUSE}(?:say|write|report|state|claim|insist|pretend|confirm|tell)\b.*"
    rf"\b(?:in|to) (?:all|any|every|each|your)\b(?:(?: one)? of your)?(?: \w+)? {_REPLY}\b",
    r"\A\W*(?:(?:please|now|then|instead),? )?say that (?!to\b|again\b|for\b|of\b|about\b|in\b)\w",
    r"\A\W*(?:(?:please|now|then|instead),? )?(?:report|state|claim|insist|pretend|confirm) that "
    r"(?:the|an?|all|no|(?-i:[A-Z]))",
    rf"(?:{_CLAUSE}|\byou (?:must|should|shall|will|have to|are to) (?:\w+ )?)(?:recommend|praise"
    r"|mention|include|add|append|insert|put|repeat|promote|advertise|use|name|end|begin|start)\b"
    rf"[^.]{{0,80}}?\b(?:all|any|every|each|your)\b(?:(?: one)? of your)?(?: \w+)? {_REPLY}\b",
    rf"\b(?:when|if|whenever)\b[^.,]{{0,40}}\bask(?:ed|s)?\b[^.]{{0,80}}, (?:say|{_ANSWER}|claim"
    r"|write) (?:that|only|with|by|no|yes|\")",
    r"\bthe (?:correct|right|only|true) (?:answer|reply|response) to (?:any|every|all|each)\b"
    r"[^.]{0,10}? (?:questions?|quer(?:y|ies)|prompts?)\b[^.]{0,60}? (?:is|are|must)\b",
    rf"{_CLAUSE}(?:output|print|return) (?:(?:only|exactly|just|nothing but) (?:the |this |\")"
    r"|the (?:exact )?(?:words?|phrase|string|sentence)\b)",
    rf"{_CLAUSE}(?:reveal|repeat|print|output|show|display) (?:me )?(?:all )?(?:(?:the|your) "
    r"(?:\w+ )?(?:system|initial|hidden|original) (?:prompt|instructions|message)"
    r"|your (?:prompt|instructions))\b",
    rf"{_CLAUSE}(?:tell|inform|assure|warn|convince) (?:the|your|any|every) users?\b",
    rf"{_CLAUSE}(?:tell|recommend|promise)\b[^.]{{0,60}}? (?:to )?the reader (?:that|to|about)\b",
    r"\b(?:do not|don't|never) (?:answer|use|quote|cite|mention|reveal|tell)\b[^.]{0,40}?"
    r"\b(?:these|the other|the) (?:excerpts|other articles|users?|system prompt)\b",
    # What to cite, to decode, to load.
    rf"\bcite (?:[^.]{{0,40}} )?{FILE}|{_CLAUSE}cite (?:source |article )?\[?\d{{1,2}}\b",
    rf"{_CLAUSE}cite\b[^.]{{0,60}}\bas (?:the|your|its) (?:only )?source\b",
    r"\b(?:follow|obey|do|execute|run)\b[^.:]{0,20}? (?:what it says|these instructions"
    r"|the (?:following|decoded) (?:instructions|text|message|string))",
    rf"{_CLAUSE}decode (?:this|the following|and)\b",
    # The words of the prompt itself.
    r"(?-i:NOT IN THE ARTICLES)|\bsystem prompt:|\bend of (?:the )?excerpts\b",
    r"\A\W*(?:system|developer|administrator) (?:message|override|instructions?|notice)\W*[:–—-]",
)
GIVES_ORDERS = tuple(re.compile(order, re.I | re.DOTALL) for order in _ORDERS)
# A quick look: every order has one of these, few sentences of a report do.
MAY_GIVE_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|AI|intelligence|LLMs?|models?|(?:chat|ro)?bots?"
    r"|assistants?|automated|summari[sz]ers?|answer|reply|respond|write|speak|translate"
    r"|(?:say|report|state|claim|insist|pretend|confirm) that|answers|replies|responses?"
    r"|summar(?:y|ies)|output|asks?|asked|users?|reader|excerpts|articles|prompt|cite|follow|obey"
    r"|do|execute|run|decode|print|return|reveal|repeat|show|display|system|developer"
    r"|administrator)\b",
    re.I,
)
