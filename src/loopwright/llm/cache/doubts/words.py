"""The words that doubts go by. English above all; negation and function words of five more languages."""

# ruff: noqa: SIM905 - lists of words are read and changed more easily as text


def _sets(text: str) -> dict[str, str]:
    """Each word of a line by the line's first word."""
    return {word: line.split()[0] for line in text.strip().splitlines() for word in line.split()}


NUMBERS = {
    word: str(value)
    for value, words in enumerate(
        "zero|first|two second|three third|four fourth|five fifth|six sixth|seven seventh|eight eighth|nine ninth"
        "|ten tenth|eleven eleventh|twelve twelfth|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
        "|twenty".split("|")
    )
    for word in words.split()
} | {
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
    "hundred": "100", "thousand": "1000", "million": "1000000", "billion": "1000000000", "dozen": "12", "twice": "2",
    "double": "2", "triple": "3",
}  # fmt: skip

UNITS = _sets(
    """
    mile miles mi
    km kilometre kilometres kilometer kilometers kms
    metre metres meter meters
    cm centimetre centimetres centimeter centimeters
    mm millimetre millimetres millimeter millimeters
    inch inches
    foot feet ft
    yard yards
    kg kilo kilos kilogram kilograms
    gram grams
    mg milligram milligrams
    pound pounds lb lbs gbp £
    ounce ounces oz
    tonne tonnes ton tons
    litre litres liter liters
    ml millilitre millilitres milliliter milliliters
    gallon gallons
    cup cups
    tablespoon tablespoons tbsp
    teaspoon teaspoons tsp
    celsius centigrade
    fahrenheit
    kelvin
    dollar dollars usd $
    euro euros eur €
    yen jpy ¥
    franc francs chf
    rupee rupees inr
    kb kilobyte kilobytes
    mb megabyte megabytes
    gb gigabyte gigabytes
    tb terabyte terabytes
    percent % percentage
    second seconds sec secs
    minute minutes min mins
    hour hours
    kwh
    watt watts
    volt volts
    mph
    knot knots
    """
)

DATES = _sets(
    """
    monday mondays mon
    tuesday tuesdays tue
    wednesday wednesdays wed
    thursday thursdays thu
    friday fridays fri
    saturday saturdays sat
    sunday sundays sun
    weekend weekends
    january jan
    february feb
    april apr
    june jun
    july jul
    august aug
    september sep sept
    october oct
    november nov
    december dec
    today
    tomorrow
    yesterday
    tonight
    morning mornings
    noon midday
    afternoon
    evening evenings
    midnight
    night nights
    spring
    summer summers
    autumn
    winter winters
    day days daily
    week weeks weekly
    month months monthly
    quarter quarters quarterly
    year years yearly annual annually
    christmas
    easter
    now currently
    """
)
MONTHS_THAT_ARE_WORDS = frozenset({"may", "march"})
PERIODS = frozenset({"day", "week", "month", "quarter", "year", "night", "weekend", "summer", "winter"})
WHICH_PERIOD = frozenset({"last", "next", "this", "previous", "past"})

NEGATIONS = frozenset(
    "not no never none nobody nothing neither nor cannot nicht kein keine keinen nie niemals pas jamais aucun aucune "
    "nunca non mai nessuno niet geen nooit".split()
)
EXCLUSIONS = frozenset("without except excluding besides ohne sans sin senza zonder".split())
PREFIXES = (
    "un", "in", "im", "il", "ir", "dis", "de", "non", "mis", "re", "pre", "post", "anti", "under", "over", "sub",
    "auto", "multi", "semi", "super",
)  # fmt: skip

QUANTIFIERS = _sets(
    """
    all every everything everybody everyone whole entire complete each
    any anything anybody anyone
    some several few
    most
    both
    half
    only
    also
    max maximum
    min minimum
    """
)
QUANTIFIER_PHRASES = (
    ("at least", "atleast"), ("or more", "atleast"), ("at most", "atmost"), ("up to", "atmost"), ("or less", "atmost"),
    ("no more than", "atmost"), ("more than", "morethan"), ("less than", "lessthan"), ("fewer than", "lessthan"),
)  # fmt: skip

OPPOSITES = tuple(
    tuple(frozenset(pole.split()) for pole in line.strip().split("|"))
    for line in """
    enable enabled|disable disabled
    open opened opening|close closed closing
    upgrade upgrading|downgrade downgrading
    upload|download
    import|export
    add added|remove removed delete deleted
    create make|delete destroy
    login|logout
    buy purchase bought|sell sold
    encrypt|decrypt
    increase raise rising bigger larger|decrease lower reduce falling smaller
    high higher highest|low lower lowest
    maximum max most|minimum min least
    before|after
    start begin launch|stop end finish|restart
    lock|unlock
    subscribe|unsubscribe
    advantage advantages pros benefits|disadvantage disadvantages cons drawbacks
    gain gaining|lose losing lost
    show display|hide hidden
    cheap cheapest cheaper|expensive dear dearest
    best better|worst worse
    early earlier earliest|late later
    new newest newer latest recent|old oldest older
    fast faster fastest|slow slower slowest
    block|unblock
    accept approve|decline refuse reject
    ascending|descending
    mute|unmute
    in|out
    left|right
    lend lent|borrow borrowed
    compress zip|extract decompress unzip
    hire|fire
    send sent|receive received
    north northern|south southern
    east eastern|west western
    for|against
    with|without
    win won|lose lost
    front|back
    first|last
    internal inside|external outside
    public|private
    hot warm|cold cool
    up|down
    true|false
    success succeed pass|failure fail
    over above|under below
    push|pull
    deposit|withdraw withdrawal
    arrive arrival|depart departure leave
    credit|debit
    male man men|female woman women
    husband|wife
    mother|father
    son|daughter
    brother|sister
    input|output
    read|write
    client|server
    horizontal|vertical
    inner|outer
    supervised|unsupervised
    parent|child
    buyer customer|seller vendor
    employer|employee
    teacher|student
    """.strip().splitlines()
)

SAME_WORDS = _sets(
    """
    change update modify alter edit
    buy purchase bought
    enable activate
    cancel end terminate
    email mail
    reach contact
    merge combine
    book reserve
    start open launch
    allow permit permitted
    accept take
    track follow tracking
    big large
    tall high height
    fast speed
    cost price expensive
    old age
    restart reboot
    write wrote written author
    summarise summarize summary
    phone telephone
    order sort
    discount reduction
    arrive come came
    undo revert
    last latest recent
    licence license
    paper document
    include included part
    require need required
    error bug
    picture image photo
    """
)

FILLERS = frozenset(
    "please tell explain know say let way ways step steps possible need needs want wants wanted like help process "
    "exactly just quickly easily simply thing things must should there here get gets getting go work works give show "
    "command method thank thanks hello hi hey also answer question wonder trying try tried using use used new able "
    "doing currently able happen happens it convert find finding see look looks mean means meaning".split()
)

FUNCTION_WORDS = {
    "en": "a an the is are was were be been being am do does did doing have has had having can could will would shall "
    "may might must should i you he she we they me him her us them my your his its our their mine yours this that "
    "these those and or but if of to from in on at by for with about into onto than as so then what which who whom "
    "whose when where why how there up out off over not no to too very s t d ll re ve m o one",
    "de": "der die das den dem des ein eine einen einem einer ist sind war waren wie was wer wo wann warum ich du er "
    "sie wir ihr mein meine meinen dein und oder aber nicht kein zu von mit auf für kann können haben hat wird",
    "fr": "le la les un une des du de est sont était comment que quoi qui où quand pourquoi je tu il elle nous vous "
    "mon ma mes ton votre et ou mais ne pas à au aux avec pour dans sur quelle quel puis peut",
    "es": "el la los las un una es son era cómo qué quién dónde cuándo por yo tú él ella nosotros mi mis tu su y o "
    "pero no de del en con para puedo puede cuánto cuál",
    "it": "il lo la gli un una è sono era come che chi dove quando perché io tu lui lei noi mio mia tuo e o ma non di "
    "del in con per posso può quanto quale",
    "nl": "de het een is zijn was hoe wat wie waar wanneer waarom ik jij hij zij wij mijn jouw en of maar niet geen "
    "van met op voor kan kunnen heeft wordt",
}
FUNCTION_SETS = {language: frozenset(words.split()) for language, words in FUNCTION_WORDS.items()}

OWNERS = _sets(
    """
    my mine our ours
    your yours
    his
    her hers
    their theirs
    """
)
DIRECTIONS = frozenset("to from into than against before after by over versus vs minus between via".split())
NOT_DIRECTIONS_AFTER = frozenset(
    "how want need like have way ways steps able what possible do get need going used order try trying".split()
)
AUXILIARIES = frozenset(
    "is are was were do does did can could should would will shall may might has have had am must".split()
)
