use callwright_model::Language;

use super::*;
use crate::lexicon::of_or_english;

#[test]
fn clauses_are_parted_at_connectives_and_stops() {
    let cases: [(Language, &str, &[&str]); 5] = [
        (
            Language::EN,
            "cancel my booking and tell me about flight 212",
            &["cancel my booking", "tell me about flight 212"],
        ),
        (
            Language::EN,
            "I don't want to cancel, I want to change",
            &["I don't want to cancel,", "I want to change"],
        ),
        (Language::EN, "and then goodbye", &["goodbye"]),
        (
            Language::ES,
            "cancele mi reserva y dígame si el vuelo sale",
            &["cancele mi reserva", "dígame si el vuelo sale"],
        ),
        (Language::KO, "예약 취소하고 항공편 확인해 주세요", &["예약 취소하고", "항공편 확인해 주세요"]),
    ];
    for (language, words, wanted) in cases {
        assert_eq!(split(words, of_or_english(language)), wanted, "{words}");
    }
}

#[test]
fn a_text_without_end_has_a_bounded_number_of_clauses() {
    let words = "one and two, ".repeat(500);
    assert_eq!(split(&words, of_or_english(Language::EN)).len(), CLAUSES_MAX);
}

#[test]
fn what_is_not_wanted_is_told_from_what_is() {
    let cases = [
        (Language::EN, "no I do not want to cancel", Some("cancel")),
        (Language::EN, "I don't want to cancel my booking", Some("cancel my booking")),
        (Language::EN, "I want to cancel", None),
        (Language::ES, "no quiero cancelar", Some("cancelar")),
        (Language::KO, "취소하고 싶은 게 아니라", Some("취소하고")),
        (Language::KO, "예약 취소 말고", Some("예약 취소")),
    ];
    for (language, words, wanted) in cases {
        assert_eq!(negated(words, of_or_english(language)).as_deref(), wanted, "{words}");
    }
}

#[test]
fn a_correction_keeps_what_is_right() {
    let cases = [
        (Language::EN, "no, Friday, not Thursday", true, "Friday,"),
        (Language::EN, "not Thursday, Friday", true, "Friday"),
        (Language::EN, "not thursday friday", true, "friday"),
        (Language::EN, "yes, but the later flight", true, "the later flight"),
        (Language::EN, "no sorry I meant the code ends in X", true, "the code ends in X"),
        (Language::EN, "four eight two one", false, "four eight two one"),
        (Language::ES, "no, el viernes, no el jueves", true, "el viernes,"),
        (Language::KO, "아니요 목요일 말고 금요일이요", true, "금요일이요"),
    ];
    for (language, words, marked, rest) in cases {
        let wanted = Correction { marked, rest: rest.to_owned() };
        assert_eq!(correction(words, of_or_english(language)), wanted, "{words}");
    }
}

#[test]
fn a_part_of_a_code_is_told_by_where_it_stands() {
    let cases = [
        (Language::EN, "the code ends in x two", Some(Part::End("x two".to_owned()))),
        (Language::EN, "it starts with k", Some(Part::Start("k".to_owned()))),
        (Language::ES, "el código termina en dos", Some(Part::End("dos".to_owned()))),
        (Language::KO, "마지막은 구예요", Some(Part::End("구예요".to_owned()))),
        (Language::EN, "k seven m four x two", None),
    ];
    for (language, words, wanted) in cases {
        assert_eq!(part(words, of_or_english(language)), wanted, "{words}");
    }
}
