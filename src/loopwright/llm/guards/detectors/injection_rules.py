"""What attempts to give a model orders look like, as scored patterns over lower-case text."""

import re
from typing import NamedTuple

from loopwright.llm.guards.folding import fold


class Rule(NamedTuple):
    """One sign of an attempt.

    Attributes:
        name: As findings show it.
        weight: What it adds to the score, 0 to 1; a text with 1 is an attempt for sure.
        signs: The pattern is looked for only where one of these occurs.
        looks: The pattern, whose work is in proportion to the text.
    """

    name: str
    weight: float
    signs: tuple[str, ...]
    looks: re.Pattern[str]


_GAP = r"(?:[^\w']{1,4}[\w']{1,16}){0,4}?[^\w']{1,4}"
_DROP = (
    r"(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|ing)|bypass|discard|abandon|drop|skip|"
    r"cancel|do(?:n't| not) (?:follow|obey)|stop (?:following|obeying)|pay no attention to)"
)
_DROP_SIGNS = (
    "ignor", "disregard", "forget", "overrid", "bypass", "discard", "abandon", "drop", "skip", "cancel",
    "follow", "obey", "attention",
)  # fmt: skip
_ORDERS = (
    r"(?:instructions?|directions|directives?|guidelines?|prompts?|programming|system messages?|orders|restrictions|"
    r"safeguards|safety (?:rules|filters|measures|policies)|constraints)"
)
_EARLIER = r"(?:previous|prior|above|earlier|preceding|foregoing|former|initial|original|your|system|developer|safety)"
_HIDDEN = (
    r"(?:system (?:prompt|message|instructions?)|(?:hidden|secret|initial|original|internal|developer|"
    r"confidential) (?:prompt|instructions?|message|rules|guidelines)|(?:prompt|instructions?) (?:you were given|"
    r"above)|your (?:prompt|instructions|guidelines|configuration|rules))"
)


def _r(name: str, weight: float, *signs_and_looks: *tuple[tuple[str, ...], str]) -> Rule:
    signs, looks = signs_and_looks
    return Rule(name, weight, signs, re.compile(looks))


def _phrase(weight: float, *phrases: str) -> tuple[Rule, ...]:
    """Rules of other languages: phrases whose words may stand a little apart, folded as texts are."""
    rules = []
    for phrase in phrases:
        words = [fold(word).text.lower() for word in phrase.split()]
        rules.append(_r("override", weight, (words[0],), _GAP.join(re.escape(word) + r"\w{0,6}" for word in words)))
    return tuple(rules)


RULES: tuple[Rule, ...] = (
    _r("override", 1.0, _DROP_SIGNS, rf"\b{_DROP}{_GAP}{_EARLIER}{_GAP}{_ORDERS}\b"),
    _r("override", 0.8, _DROP_SIGNS,
       rf"\b{_DROP}\W{{1,4}}(?:all|any|every|these|those|the|of|my)(?:\W{{1,4}}(?:all|any|of|these|those|the|"
       rf"other))?\W{{1,4}}{_ORDERS}\b"),
    _r("override", 0.8, _DROP_SIGNS,
       rf"\b{_DROP}{_GAP}(?:everything|all|anything|whatever)\W{{1,4}}(?:that )?(?:you (?:were|have "
       r"been) told|(?:said|written|stated) (?:above|before)|(?:is )?above|before this)"),
    _r("override", 0.5, _DROP_SIGNS,
       rf"\b{_DROP}{_GAP}(?:all|any|{_EARLIER[3:-1]}){_GAP}(?:rules|policies|training|context)\b"),
    _r("override", 0.6, ("instructions are", "instructions above are"),
       r"(?:previous|prior|above|earlier|system) instructions(?: above)? (?:are|were) (?:now )?(?:void|cancel\w*|"
       r"obsolete|outdated|wrong|superseded|no longer)"),
    _r("new_orders", 0.6, ("new ", "updated", "real "),
       r"\b(?:new|updated|real|actual|revised) (?:system )?(?:instructions?|directives?|prompt|task)(?: (?:is|"
       r"are|follow\w*))? ?[:=]"),
    _r("new_orders", 0.4, ("from now on", "henceforth", "for the rest of this"),
       r"(?:from now on|henceforth|for the rest of this (?:conversation|chat|session)),? (?:you|ignore|respond|"
       r"answer|act|only)"),
    _r("new_orders", 0.5, ("must obey", "obey me", "follow my", "following my"),
       r"\b(?:you )?(?:must|will|shall) (?:only )?(?:obey|follow) (?:me|my|these|the following|every)\b"),
    _r("reveal", 0.9, ("prompt", "instruction", "system message", "your ", "guidelines", "rules"),
       r"\b(?:reveal|show|print|repeat|output|display|leak|dump|disclose|expose|recite|give me|tell me|write out|"
       r"copy|"
       rf"reproduce|translate|summari[sz]e|spell out)(?:\W{{1,4}}(?:me|us|the|all|of|your|full|entire|exact|"
       rf"complete|verbatim|out|contents?|text|word|for)){{0,6}}\W{{1,4}}{_HIDDEN}"),
    _r("reveal", 0.8, ("system prompt", "initial instructions", "your instructions", "hidden", "secret instr"),
       r"\bwhat (?:is|are|was|were|does)\W{1,4}(?:your|the) (?:full |exact |complete )?(?:system prompt|initial "
       r"instructions?|hidden (?:prompt|instructions?)|secret instructions?|original instructions?)"),
    _r("reveal", 0.8, ("words above", "text above", "everything above", "starting with", "beginning with"),
       r"\b(?:repeat|print|output|copy)\b.{0,40}?\b(?:words|text|everything|all|lines?)\b.{0,20}?\babove\b"),
    _r("role", 0.6, ("developer mode", "dev mode", "debug mode", "god mode", "admin mode", "sudo mode",
       "maintenance mode"),
       r"\b(?:developer|dev|debug|god|admin|sudo|maintenance|root) mode\b(?! (?:of|for|in|on) (?:my|the|a)\b)"),
    _r("role", 0.9, ("do anything now", "jailbr", " dan", "\"dan\"", "stan", "aim "),
       r"do anything now|\b(?:you are|act as|become|be|as|called) [\"']?dan\b|\bjailbr(?:oken|eak (?:mode|prompt|"
       r"yourself))"),
    _r("role", 0.4, ("you are now", "you're now", "pretend", "act as", "roleplay", "role-play", "simulate",
       "imagine you"),
       r"\b(?:you(?: are|'re) now|pretend (?:to be|you(?: are|'re))|act as (?:if|though|an?)|roleplay as|"
       r"role-play as|simulate (?:an?|being)|imagine you are)\b"),
    _r("unbound", 0.5, ("without", "no ", "not bound", "unfilter", "unrestrict", "uncensor", "free from", "free of"),
       r"\b(?:without|no|free (?:from|of)|not bound by|no longer bound "
       r"by)\b(?:\W{1,4}\w{1,12}){0,3}?\W{1,4}(?:restrictions?|filters?|limitations?|censorship|guardrails|"
       r"guidelines|ethic\w*|moral\w*|safety|content polic\w*)|\b(?:unfiltered|unrestricted|uncensored|"
       r"amoral)\b.{0,20}?\b(?:ai|model|assistant|bot|answers?|responses?|version)\b"),
    _r("unbound", 0.5, ("refuse", "refusal", "apolog", "warn", "sorry"),
       r"\b(?:never|do not|don't|cannot|must not|without)\W{1,4}(?:refus\w*|apologi[sz]\w*|warn\w*|say(?:ing)? "
       r"(?:you(?:'re| are) )?sorry|decline|add(?:ing)? (?:any )?(?:warnings?|disclaimers?))"),
    _r("fake_turn", 0.9, ("<|", "[inst]", "<<sys>>", "</system>", "<system>", "[system]", "[/inst]", "<start_of_turn>"),
       r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|?>?|\[/?inst\]|<</?sys>>|"
       r"</?system>|\[system\]|<start_of_turn>"),
    _r("fake_turn", 0.6, ("system:", "assistant:", "system prompt:", "# system", "#system", "begin system",
       "system override",
       "system message:", "system update", "system note"),
       r"(?:^|\n)\W{0,6}(?:system(?: (?:prompt|message|override|update|note|alert))?|assistant) ?[:\]]|(?:^|"
       r"\n)#{1,4} ?system\b|\b(?:begin|end) (?:of )?system (?:prompt|message)|\bsystem override\b"),
    _r("fake_turn", 0.5, ("end of", "end document", "end context", "</doc", "</context", "</user", "end user"),
       r"\bend (?:of )?(?:the )?(?:document|context|user (?:input|message|query)|prompt|instructions|"
       r"conversation)\b\W{0,12}(?:\n|now|new|next|begin|system|$)|</(?:documents?|context|user(?:_input|"
       r"_query)?)>"),
    _r("send_away", 0.8, ("![",), r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,200}[?&=][^)\s]{0,200}[{<\[$]"),
    _r("send_away", 0.7, ("http", "@", "webhook", "url"),
       r"\b(?:send|post|forward|e-?mail|upload|exfiltrat\w*|transmit|append|"
       r"leak)\b(?:[^\w']{1,4}[\w']{1,16}){0,8}?[^\w']{1,4}(?:conversation|chat history|history|messages|"
       r"secrets?|credentials?|passwords?|api keys?|user(?:'s)? data|personal data|customer data|context|system "
       r"prompt)\b.{0,60}?(?:https?://|@[\w-]|webhook|this url)"),
    _r("to_machines", 0.6, ("ai ", "llm", "language model", "assistant", "chatbot", "agent", "bot "),
       r"\b(?:if you are|attention|note to|instructions? (?:to|for)|message (?:to|for)|dear|hey|important for|"
       r"hello)\b\W{0,3}(?:(?:an?|the|any|all|this|every)\W{1,3})?(?:ai|llm|large language model|language model|"
       r"automated|chat)s?(?:\W{1,3}(?:assistant|model|agent|bot|system|reviewer|reader))?s?\b"),
    _r("to_machines", 0.5, ("assistant", "model", "agent", " ai ", "llm", "chatbot"),
       r"\b(?:assistant|model|agent|ai|llm|chatbot)s?\b\W{1,4}(?:that |which |who )?(?:reads?|reading|process\w*|"
       r"summari[sz]\w*|pars\w*)\W{1,4}this\b.{0,60}?\b(?:must|should|shall|has to|have to|needs? to|is "
       r"instructed|will)\b"),
    _r("secrecy", 0.4, ("tell the user", "tell anyone", "mention this", "mention these", "inform the user",
       "reveal this",
       "let the user", "to the user"),
       r"\b(?:do not|don't|never|without) (?:tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|reveal(?:ing)?|"
       r"let(?:ting)?|disclos(?:e|ing)|show(?:ing)?)\W{1,4}(?:this|these|anything|it|the user|anyone|any of this)"),
    _r("judge", 0.9, ("score", "rating", "grade", "verdict", "pass", "evaluat", "judge", "grader"),
       r"\b(?:give|assign|award|output|return|rate|grade|score|mark|respond with|answer with|"
       r"set)\b(?:[^\w']{1,4}[\w']{1,14}){0,5}?[^\w']{1,4}(?:full marks|(?:the )?(?:highest|maximum|perfect|top|"
       r"best|full)(?: possible)? (?:score|rating|grade|marks?)|(?:as )?(?:a )?pass(?:ed|"
       r"ing)?\b(?=.{0,40}?(?:judge|grader|evaluat|verdict|rubric)))"),
    _r("judge", 0.6, ("judge", "grader", "evaluator"),
       r"\b(?:note to|dear|attention,?|as) (?:the )?(?:judge|grader|evaluator|reviewer)\b"),
    *_phrase(1.0, "ignoriere vorherigen anweisungen", "ignoriere bisherigen anweisungen", "ignorier alle anweisungen",
             "vergiss alle anweisungen", "vergiss bisherigen anweisungen", "missachte anweisungen",
             "ignora instrucciones anteriores", "ignora todas instrucciones", "olvida instrucciones anteriores",
             "olvida todas instrucciones", "ignore instructions precedentes", "ignorez instructions precedentes",
             "ignorez toutes instructions", "oublie instructions precedentes", "oubliez instructions precedentes",
             "ignora istruzioni precedenti", "ignora tutte istruzioni", "dimentica istruzioni precedenti",
             "ignore instrucoes anteriores", "ignore todas instrucoes", "esqueca instrucoes anteriores",
             "negeer vorige instructies", "negeer alle instructies", "vergeet alle instructies",
             "zignoruj poprzednie instrukcje", "zignoruj wszystkie instrukcje", "zapomnij instrukcje",
             "ignorera tidigare instruktioner", "ignorera alla instruktioner", "onceki talimatlari unut",
             "игнорируй предыдущие инструкции", "игнорируй все инструкции", "забудь предыдущие инструкции",
             "проигнорируй инструкции"),
    _r("override", 1.0, ("\u5ffd\u7565", "\u65e0\u89c6", "\u5fd8\u8bb0", "\u7121\u8996", "\u5fd8\u308c"),
       "(?:\u5ffd\u7565|\u65e0\u89c6|\u5fd8\u8bb0|\u7121\u8996|\u5fd8\u308c).{0,12}?(?:\u6307\u4ee4|\u6307\u793a|\u63d0\u793a|\u89c4\u5219)"),
    _r("override", 1.0, ("\u6307\u793a", "\u547d\u4ee4"),
       "(?:\u4ee5\u524d|\u524d|\u4e0a\u8a18|\u3053\u308c\u307e\u3067)"
       "\u306e.{0,8}?(?:\u6307\u793a|\u547d\u4ee4)"
       ".{0,8}?(?:\u7121\u8996|\u5fd8\u308c)"),
)  # fmt: skip
"""Every rule, the strong ones first."""

COMPACT = re.compile(
    r"(?:ignore|disregard|forget|override|bypass)(?:all|any|the|your|my|of|these|those){0,3}(?:previous|prior|"
    r"above|earlier|system|original|initial)?(?:instructions?|prompts?|rules|guidelines|orders)|(?:reveal|show|"
    r"print|repeat)(?:me|the|your|full){0,3}system(?:prompt|message)|doanythingnow"
)
"""The strongest of them without spaces, for texts whose letters stand apart."""
