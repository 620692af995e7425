"""Insults, threats, hate and profanity in English, by words and the words around them.

It knows words, not what people mean: quotations are found, irony and new words are missed. It has no list of slurs of
its own beyond the plainest; a community that has one gives it as `words`.
"""

import re
from collections.abc import Sequence

from loopwright.errors import UsageError
from loopwright.llm.guards.detector import Detector, Hit, joined
from loopwright.llm.guards.detectors.words import phrases
from loopwright.llm.guards.tails import last_words

_LONGEST = 512
_WORDS = 14
_INSULT = (
    r"(?:(?:fucking|bloody|damn|goddamn|total|complete|absolute|utter|stupid|dumb|fat|ugly|pathetic|worthless|"
    r"useless|little|disgusting|filthy|lying|such|real)[ ,]{1,2}){0,3}(?:an? )?(?:(?:fucking|bloody|damn|stupid|"
    r"dumb|fat|ugly|pathetic|worthless|useless|disgusting|filthy|lying|total|complete|absolute|utter) )?(?:idiot|"
    r"moron|imbecile|cretin|loser|scum|scumbag|asshole|arsehole|bastard|bitch|dickhead|prick|twat|cunt|retard|"
    r"dumbass|jackass|jerk|wanker|piece of (?:shit|crap|garbage|trash)|pig|parasite|vermin|waste of (?:space|"
    r"oxygen|skin)|clown|fool|halfwit|simpleton|degenerate|motherfucker|fucker|shithead|shit)s?\b"
)
_YOU = (
    r"(?:you(?:'re| are| were|'ll always be| people are| guys are| all are| lot are)?|u r|ur|youre|(?:he|she|"
    r"they|it)(?:'s| is|'re| are))"
)
_PEOPLE = (
    r"(?:jews|muslims|christians|hindus|blacks|black people|whites|white people|asians|arabs|mexicans|immigrants|"
    r"migrants|refugees|foreigners|gays|gay people|lesbians|homosexuals|trans people|transgender people|women|"
    r"men|disabled people|the disabled|gypsies|roma people|africans|chinese people|indians|poor people|old "
    r"people)"
)
_HARM = (
    r"(?:kill|murder|shoot|stab|strangle|burn|hang|behead|hurt|beat|destroy|rape|hunt|break|smash|slit|poison|"
    r"lynch|gas|exterminate|execute|bury)"
)
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("insult", rf"\b{_YOU} (?:really |just |nothing but |all |so |clearly |truly )?{_INSULT}"),
    ("insult",
         r"\byou(?:'re| are| people are| lot are)?(?: all| both)? (?:so |such |really |fucking |just |too |"
         r"completely |utterly ){0,4}(?:stupid|dumb|pathetic|worthless|useless|disgusting|brainless|retarded|"
         r"braindead|vile|repulsive|an idiot)(?! (?:question|mistake|idea|bug|little (?:bug|script)|thing|luck|"
         r"joke|today))\b"),
    ("insult",
         r"\b(?:what an?|such an?|that|this|stupid|fucking|bloody) (?:fucking |stupid |absolute |complete |total "
         r")?(?:idiot|moron|imbecile|cretin|scumbag|asshole|arsehole|bastard|bitch|dickhead|prick|twat|cunt|"
         r"retard|dumbass|wanker|motherfucker)s?\b"),
    ("insult",
         r"\b(?:fuck|screw|damn) (?:you|u|off)\b|\bgo to hell\b|\bshut (?:the (?:fuck|hell) )?up\b(?=,? (?:you|"
         r"idiot|moron|bitch|already|now)|\W{0,3}$)|\bpiss off\b|\bnobody (?:likes|loves|wants) you\b|\bi hate "
         r"you\b|\bget lost,? (?:you|loser|idiot)"),
    ("threat",
         rf"\b(?:i|we)(?:'ll| will| am going to|'m going to|'m gonna| shall| am gonna|'re going to| are going to|"
         rf" want to| would love to| swear i will| swear i'll)(?: (?:personally|slowly|fucking|just|find you and|"
         rf"come and|come over and|hunt you down and)){{0,4}} {_HARM}(?: \w+)?? (?:you|him|her|them|your "
         rf"(?:family|kids|children|wife|husband|mother|dog|face|legs|throat|house|parents)|that (?:bitch|"
         rf"bastard|guy|man|woman))(?!r? (?:with kindness|in chess|at chess|a (?:drink|favo)|at (?:this|the) "
         rf"game))\b"),
    ("threat",
         r"\b(?:i know where you (?:live|work|sleep)|you(?:'re| are)(?: all)? (?:dead(?! (?:right|on|wrong|sure|"
         r"tired))|going to (?:die|regret this|pay for this)|gonna (?:die|pay|regret))|watch your back|you(?:'ll|"
         r" will) (?:regret this|be sorry|pay for this|die|bleed|suffer)|sleep with one eye open|i(?:'ll| will) "
         r"(?:make you (?:pay|suffer|bleed|regret)|find you|come for you|end you))\b"),
    ("threat",
         r"\bi hope (?:that )?(?:you|your (?:family|kids|children|mother)|he|she|they) (?:all )?(?:dies?|gets? "
         r"(?:cancer|hit|killed|raped|shot)|suffers?|burns?|rots?)\b|\bsomeone should (?:shoot|kill|beat|hang|"
         r"hurt) (?:you|him|her|them)\b"),
    ("hate",
         rf"\b(?:all |those |these |fucking |dirty |filthy |stupid ){{0,4}}{_PEOPLE} (?:are|is|should (?:all "
         rf")?be|deserve to be|need to be|must be|ought to be)(?: (?:all|just|nothing but|such|a bunch of|always|"
         rf"basically|inherently|naturally)){{0,4}} (?:subhuman|inferior|animals|vermin|parasites|scum|trash|"
         rf"garbage|filth|filthy|dirty|criminals|terrorists|rapists|thieves|stupid|dumb|lazy|evil|disgusting|"
         rf"savages|rats|cockroaches|a (?:disease|plague|cancer)|exterminated|killed|deported|gassed|shot|"
         rf"eradicated|wiped out|sterili[sz]ed|retarded|mentally ill|sick|worthless)\b"),
    ("hate",
         rf"\b(?:i (?:hate|despise|can't stand|loathe)|death to|kill|gas|exterminate|deport|get rid of|burn|down "
         rf"with|no more)(?: all| the| those| these| every){{0,4}} {_PEOPLE}\b(?! (?:who|that)\b)"),
    ("hate",
         rf"\b{_PEOPLE} (?:don't|do not) (?:deserve|belong)\b|\bgo back to (?:your|where you came|africa|china|"
         rf"mexico|india)\b"
     r"(?=.{0,30}?(?:country|from|you|$))|\b(?:faggot|nigger|kike|spic|chink|raghead|tranny|wetback)s?\b"),
    ("self_harm",
         r"\b(?:kill|hang|shoot|cut|drown|hurt) (?:your|ur)sel(?:f|ves)\b|\bkys\b|\b(?:go|just|please|why don't "
         r"you)(?: just| go and)? die\b|\byou should (?:die|end (?:it|your life)|not be alive)\b|\b(?:the world|"
         r"everyone|we)(?: all)?(?:'d| would) be better (?:off )?without you\b|\bend your (?:own )?life\b|"
         r"\bdrink bleach\b|\bjump off a (?:bridge|cliff|roof|building)\b"),
    ("profanity",
         r"\b(?:fuck\w{0,6}|motherfuck\w{0,4}|shit(?:ty|s|head|hole)?|bullshit|asshole|arsehole|bitch(?:es)?|"
         r"bastards?|cunts?|dickheads?|wank\w{0,4}|bollocks|crap|goddamn|piss(?:ed)? off)\b"),
)  # fmt: skip
KINDS = tuple(dict.fromkeys(kind for kind, _ in _PATTERNS))
_COMPILED = tuple((kind, re.compile(looks)) for kind, looks in _PATTERNS)
_SIGNS = {
    "self_harm": ("kill", "hang", "shoot", "cut ", "drown", "hurt", "kys", "die", "life", "without you", "bleach",
       "jump", "alive"),
    "threat": ("you", "him", "her", "them", "that ", "your", "they"),
    "insult": ("you", "ur ", "u r", "he", "she", "they", "what a", "such a", "that ", "this ", "fuck", "shut",
       "stupid", "hell", "bloody"),
}  # fmt: skip


class Toxicity(Detector):
    """Finds toxic language.

    Args:
        kinds: Which of `KINDS`; all but `profanity` where empty.
        words: Further words or phrases, found as `listed`.

    Raises:
        UsageError: There is no such kind.
    """

    def __init__(self, kinds: Sequence[str] = (), words: Sequence[str] = ()) -> None:
        if unknown := sorted({*kinds} - {*KINDS}):
            raise UsageError(f"no kind of toxicity is called {unknown[0]!r}", fix=f"One of: {', '.join(KINDS)}.")
        wanted = kinds or tuple(kind for kind in KINDS if kind != "profanity")
        self._patterns = tuple(pattern for pattern in _COMPILED if pattern[0] in wanted)
        self._words = _WORDS
        if words:
            listed, most = phrases(words)
            self._patterns += (("listed", listed),)
            self._words = max(_WORDS, most + 1)

    def find(self, text: str) -> Sequence[Hit]:
        lower = text.lower()
        found = [
            Hit(kind, match.start(), match.end())
            for kind, looks in self._patterns
            if kind not in _SIGNS or any(sign in lower for sign in _SIGNS[kind])
            for match in looks.finditer(lower)
        ]
        return joined(found)

    def held_from(self, text: str) -> int:
        return last_words(text, self._words, longest=_LONGEST)
