use super::*;

fn at(day: u32, hour: u32, minute: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, day).and_then(|day| day.and_hms_opt(hour, minute, 0)).expect("a time")
}

fn german() -> Language {
    "de".parse().expect("a language")
}

#[test]
fn callers_say_when_in_each_language() {
    let from = |day, hour, minute| Some(Wanted::From(at(day, hour, minute)));
    let between = |day, from, to| Some(Wanted::Between(at(day, from, 0), at(day, to, 0)));
    // It is Friday the 27th, 15:00.
    for (language, words, wanted_then) in [
        (Language::EN, "as soon as possible please", Some(Wanted::Soon)),
        (Language::EN, "whenever you can", Some(Wanted::Soon)),
        (Language::EN, "in half an hour", from(27, 15, 30)),
        (Language::EN, "in an hour", from(27, 16, 0)),
        (Language::EN, "in two hours", from(27, 17, 0)),
        (Language::EN, "maybe in 45 minutes", from(27, 15, 45)),
        (Language::EN, "at four", from(27, 16, 0)),
        (Language::EN, "at nine tomorrow", from(28, 9, 0)),
        (Language::EN, "tomorrow at 9:30", from(28, 9, 30)),
        (Language::EN, "tomorrow at three in the afternoon", from(28, 15, 0)),
        (Language::EN, "at two", from(28, 14, 0)),
        (Language::EN, "tomorrow morning", between(28, 8, 12)),
        (Language::EN, "this evening", between(27, 17, 20)),
        (Language::EN, "at four, no, at five", from(27, 17, 0)),
        (Language::EN, "on monday at ten", from(30, 10, 0)),
        (Language::EN, "four, please", from(27, 16, 0)),
        (Language::EN, "the morning is best", between(28, 8, 12)),
        (Language::EN, "the day after tomorrow in the afternoon", between(29, 12, 17)),
        (Language::EN, "my flight was cancelled", None),
        (Language::EN, "purple elephants dance", None),
        (Language::ES, "lo antes posible", Some(Wanted::Soon)),
        (Language::ES, "dentro de media hora", from(27, 15, 30)),
        (Language::ES, "en dos horas", from(27, 17, 0)),
        (Language::ES, "en una hora", from(27, 16, 0)),
        (Language::ES, "a las cuatro", from(27, 16, 0)),
        (Language::ES, "mañana a las nueve", from(28, 9, 0)),
        (Language::ES, "a las cuatro y media", from(27, 16, 30)),
        (Language::ES, "mañana por la mañana", between(28, 8, 12)),
        (Language::ES, "pasado mañana por la tarde", between(29, 12, 20)),
        (Language::ES, "mi vuelo está cancelado", None),
        (german(), "so bald wie möglich", Some(Wanted::Soon)),
        (german(), "in einer halben Stunde", from(27, 15, 30)),
        (german(), "in zwei Stunden", from(27, 17, 0)),
        (german(), "um vier", from(27, 16, 0)),
        (german(), "morgen um halb zehn", from(28, 9, 30)),
        (german(), "am Montag um neun", from(30, 9, 0)),
        (german(), "morgen Vormittag", between(28, 8, 12)),
        (german(), "übermorgen nachmittags", between(29, 12, 17)),
        (german(), "mein Flug wurde gestrichen", None),
        (Language::KO, "최대한 빨리요", Some(Wanted::Soon)),
        (Language::KO, "30분 뒤에요", from(27, 15, 30)),
        (Language::KO, "두 시간 뒤에", from(27, 17, 0)),
        (Language::KO, "한 시간 후에", from(27, 16, 0)),
        (Language::KO, "네 시에요", from(27, 16, 0)),
        (Language::KO, "내일 아홉 시", from(28, 9, 0)),
        (Language::KO, "내일 오후 3시", from(28, 15, 0)),
        (Language::KO, "내일 오전에", between(28, 8, 12)),
        (Language::KO, "비행기가 취소됐어요", None),
    ] {
        assert_eq!(wanted(words, language, at(27, 15, 0)), wanted_then, "{language} `{words}`");
    }
}

#[test]
fn who_would_rather_be_called_is_understood() {
    for (language, words, wants) in [
        (Language::EN, "can you call me back instead", true),
        (Language::EN, "I don't want to wait any longer", true),
        (Language::EN, "how long will it take", false),
        (german(), "rufen Sie mich zurück", true),
        (Language::ES, "prefiero que me llamen", true),
        (Language::ES, "sigo esperando", false),
        (Language::KO, "그냥 전화해 주세요", true),
        (Language::KO, "얼마나 걸려요", false),
    ] {
        assert_eq!(wants_call(words, language), wants, "{language} `{words}`");
    }
}
