//! The tables that a language has, and what each is for.

/// A table of `<language>.yaml`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// Keys from the top of the file, joined by dots.
    pub(crate) path: &'static str,
    pub(crate) need: Need,
    /// What it is for, as a checklist tells it.
    pub(crate) what: &'static str,
}

/// Whether a language can do without a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing works without it.
    Must,
    /// Some languages have no use for it.
    May,
}

const fn must(path: &'static str, what: &'static str) -> Section {
    Section { path, need: Need::Must, what }
}

const fn may(path: &'static str, what: &'static str) -> Section {
    Section { path, need: Need::May, what }
}

/// Every table.
pub(crate) const SECTIONS: &[Section] = &[
    may("joined", "`yes` where words are written together and take endings, as in Korean"),
    may("script", "the first and the last letter of a script that no other language here has, as in `가-힣`"),
    must("numbers.unit", "0 to 9 as callers say them: `0 = zero, nought`"),
    may("numbers.teen", "numbers in one word that no unit follows: `12 = twelve`"),
    may("numbers.tens", "tens that a unit may follow: `20 = twenty`"),
    may("numbers.hundreds", "hundreds in one word: `200 = doscientos`"),
    may("numbers.times", "words that multiply what is before them: `100 = hundred`"),
    may("numbers.and", "what joins tens and units: `y`"),
    may(
        "numbers.order",
        "`units-first` where the unit comes before the tens and both are one word, as in German",
    ),
    may("maybe_digits", "words that are a digit only where one is missing: `2 = to, too`"),
    must("letters", "names of letters and spelling alphabets: `a = alpha, ay`"),
    may("maybe_letters", "words that are a letter only where one is missing: `b = be`"),
    may("repeat", "\"double\": `2 = double`"),
    may("as_in", "what stands between a letter and its word: `as in`"),
    must("hesitations", "sounds that mean nothing: `um, uh`"),
    must("backchannels", "what listeners say to show that they listen: `mm hm, i see`"),
    must("side_talk", "what is said to others in the room, or to win time: `hold on a second`"),
    must("call_times.call_me", "what callers say who would rather be called than wait: `call me back`"),
    must("call_times.soon", "as soon as possible"),
    must("call_times.parts", "parts of the day with their hours: `8-12 = morning`"),
    must("fillers", "words between letters and digits that are none: `um, dash, then`"),
    may("particles", "endings that may hang on a spelled word"),
    must("yes", "every way to agree"),
    must("no", "every way to refuse"),
    must("hedges", "words that make an answer neither: `but, maybe`"),
    must("ordinals", "places in a list, -1 for the last: `1 = first, 1st`"),
    must(
        "compare",
        "`earliest`, `latest`, `cheapest`, `dearest`, `morning`, `afternoon`, `evening`, with their words",
    ),
    must("clauses.and", "words that join two wishes: `and also, then`"),
    may("clauses.but", "words that set one against the other: `but`"),
    may("clauses.last", "words or endings that a clause ends with"),
    may("clauses.hangs_on", "beginnings of words that hang on the clause before"),
    may("clauses.negation", "what takes back what follows: `i do not want to`"),
    may("clauses.negation_last", "what takes back what stands before"),
    must("clauses.correction", "what puts right what was said: `i mean`"),
    may("clauses.instead_of", "what stands before what was wrong: `instead of`"),
    may("clauses.instead_last", "what stands behind what was wrong"),
    may("clauses.ends_in", "what stands before the end of a code: `ends in`"),
    may("clauses.starts_with", "what stands before its begin"),
    must("name_lead", "what callers say before their name: `my name is`"),
    may("slots.times", "larger words that multiply what is before them: `1000000 = million`"),
    may("slots.counting", "what is said instead of a number before what is counted: `1 = a, an`"),
    may("slots.nth", "places in an order, for days of a month too: `3 = third`"),
    may("slots.nth_suffix", "what makes figures a place: `rd` of `3rd`"),
    may("slots.oh", "the zero of `ten oh five`"),
    may("slots.point", "what parts whole numbers from what is below them: `point`"),
    may("slots.joiners", "what joins the parts of one amount: `and`"),
    may("slots.after", "endings that hang on dates, times and amounts, where words take endings"),
    must("slots.correct", "what takes back the value before it: `no, i mean`"),
    may("slots.not_before", "what denies the value behind it: `not, instead of`"),
    may("slots.not_after", "what denies the value before it"),
    may("slots.pointing", "with these before it a number word is none: `that` of `that one`"),
    may("slots.around", "what may stand around a number that is all of an answer: `please, about`"),
    may("slots.name_spelled", "what comes before the spelling of a name: `spelled`"),
    may("slots.name_skip", "what is said around a name: `my last name is`, word by word"),
    may("slots.name_endings", "endings that hang on a name"),
    must("slots.no_name", "what answers the question for a name and is none: `why, nobody`"),
    must("slots.email", "what stands for parts of an address: `@ = at`"),
    may("slots.email_skip", "what means nothing in an address: `all lower case`"),
    may("slots.email_lead", "the last words before an address: `is, to`"),
    may("slots.plus", "what stands before the code of a country: `plus`"),
    may("slots.tables.month", "`1 = january, jan` to 12, where months have names"),
    must("slots.tables.weekday", "`1 = monday` to 7"),
    must("slots.tables.relative", "days from today: `1 = tomorrow`"),
    must("slots.tables.unit", "lengths in seconds: `60 = minute, minutes`"),
    must("slots.tables.currency", "currencies by their codes: `USD = dollar, dollars, $`"),
    must("slots.rules.date", "how dates are said; tables of your own may be named: `day = the {day:nth}`"),
    must("slots.rules.time", "how times of day are said: `at = {hour:number} oclock {part}?`"),
    may("slots.rules.bare_time", "times that are all of an answer: `at = {hour:number}`"),
    may("slots.rules.part", "parts of the day that are said away from the time: `part = {part:day_part}`"),
    must("slots.rules.number", "how numbers are said: `number = {number}`"),
    must("slots.rules.money", "how money is said: `sum = {amount:decimal} {currency}`"),
    may("slots.rules.bare_money", "money without its currency, when it is all of an answer"),
    must("slots.rules.duration", "how lengths of time are said: `span = {count} {unit}`"),
    must("unfinished", "words that no sentence ends with: `the, and`"),
    must("asking", "words that make a sentence a question or a request: `please, when`"),
    may("function_words", "the commonest words, by which the language is known"),
    must("requests", "how people ask for a language, in any language: `en = english please`"),
    may("ratings", "how people rate a call, from 1 to 5: `2 = bad, poor`"),
    must("secrets", "what PINs and passwords are called, as the words begin"),
    may(
        "sounds",
        "letters that sound alike, `-` for silence: `k = c, k, ck`; what recognisers take for each other is learnt by it, and names are known by it",
    ),
    must("say.numbers.cardinal", "rules for numbers in words: `20: twenty[ >>]`"),
    must("say.numbers.ordinal", "the same for places in an order"),
    must(
        "say.numbers.digit",
        "a digit of a code or a telephone number: `0: =#=` where voices read figures well",
    ),
    must("say.numbers.spelled-digit", "a digit between words for letters"),
    must("say.numbers.place", "the number of a seat or a gate"),
    may("say.letters", "names of letters that a voice would not read as such: `y = i griega`"),
    must("say.alphabet", "words that letters are spelled with: `a = alpha`"),
    must("say.day_parts", "from which hour on a part of the day is called what: `5 = in the morning`"),
    may("say.phones", "how telephone numbers are grouped: `xxx xxx xxxx`"),
    may("say.begins", "kinds of sounds that words begin with, for `BEFORE`: `vowel = a, e`"),
    may("say.ends", "kinds of sounds that words end with, for `AFTER`"),
    must("intents.human", "wishes for a person, a line each"),
    must("intents.repeat", "wishes to hear it again"),
    must("intents.slower", "wishes to hear it more slowly"),
    must("intents.spell", "wishes to hear it spelled"),
    must("intents.recall", "questions for what they have told"),
    must("intents.goodbye", "goodbyes"),
    must("intents.stop", "wishes to stop what was begun"),
    must("intents.wait", "wishes for a moment"),
    must("intents.help", "questions for what can be done here"),
    must("intents.yes", "yes"),
    must("intents.no", "no"),
    must("intents.hello", "greetings, and whether anybody is there"),
    must("intents.thanks", "thanks"),
    must("intents.none", "what callers say that is none of these, 25 lines and more"),
];

/// The keys that may stand under a path, or at the top.
pub(crate) fn keys_under(path: &str) -> Vec<&'static str> {
    let below = SECTIONS.iter().filter_map(|section| match path {
        "" => Some(section.path),
        path => section.path.strip_prefix(path)?.strip_prefix('.'),
    });
    let mut keys: Vec<_> = below.map(|rest| rest.split('.').next().unwrap_or(rest)).collect();
    keys.dedup();
    keys
}
