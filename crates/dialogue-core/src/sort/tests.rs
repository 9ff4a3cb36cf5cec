use callwright_model::Language;
use callwright_model::UtteranceSort::{self, Backchannel, Filler, SideTalk, Speech};

use super::sort_of;

fn check(language: Language, rows: &[(&str, UtteranceSort)]) {
    for &(words, sort) in rows {
        assert_eq!(sort_of(words, language), sort, "{words}");
    }
}

#[test]
fn english() {
    check(
        Language::EN,
        &[
            ("", Filler),
            ("[cough]", Filler),
            ("um", Filler),
            ("Ummmm...", Filler),
            ("uh, hmm", Filler),
            ("mm-hm", Backchannel),
            ("Mhm.", Backchannel),
            ("uh-huh", Backchannel),
            ("uh uh-huh", Backchannel),
            ("Okay, right.", Backchannel),
            ("I see", Backchannel),
            ("hold on a second", SideTalk),
            ("um, hold on", SideTalk),
            ("Not now, honey!", SideTalk),
            ("I'm on the phone", SideTalk),
            ("one moment", SideTalk),
            ("just a minute", SideTalk),
            ("be right there", SideTalk),
            ("can you close the door", SideTalk),
            ("can you close", SideTalk),
            ("just a", SideTalk),
            ("yes", Speech),
            ("no", Speech),
            ("okay do it", Speech),
            ("can you", Speech),
            ("can you cancel my flight", Speech),
            ("hold on I meant the other one", Speech),
            ("wait", Speech),
            ("wait a minute that is wrong", Speech),
            ("k seven m four x two", Speech),
            ("m", Speech),
            ("umbrella", Speech),
            ("right now", Speech),
        ],
    );
}

#[test]
fn spanish() {
    check(
        Language::ES,
        &[
            ("eh", Filler),
            ("mmm", Filler),
            ("ajá", Backchannel),
            ("Ya, ya veo.", Backchannel),
            ("vale", Backchannel),
            ("un momento", SideTalk),
            ("Ahora no, cariño", SideTalk),
            ("estoy al teléfono", SideTalk),
            ("¿puedes cerrar la puerta?", SideTalk),
            ("sí", Speech),
            ("no", Speech),
            ("este", Speech),
            ("un momento, quiero el otro vuelo", Speech),
        ],
    );
}

#[test]
fn korean() {
    check(
        Language::KO,
        &[
            ("음", Filler),
            ("어 음", Filler),
            ("네네", Backchannel),
            ("아 네", Backchannel),
            ("그렇군요", Backchannel),
            ("잠깐만", SideTalk),
            ("음 잠시만요", SideTalk),
            ("지금 통화 중이야", SideTalk),
            ("지금통화중이야", SideTalk),
            ("문 좀 닫아 줘", SideTalk),
            ("아니요", Speech),
            ("네 예약해 주세요", Speech),
            ("항공편이 취소됐어요", Speech),
        ],
    );
}

#[test]
fn no_phrase_stands_in_two_lists() {
    for language in crate::lexicon::languages() {
        let lexicon = crate::lexicon::of(language).expect("it is listed");
        let lists = [&lexicon.hesitations, &lexicon.backchannels, &lexicon.side_talk];
        assert!(lists.iter().all(|list| list.len() >= 5), "{language}");
        for (place, list) in lists.iter().enumerate() {
            for phrase in lists[place + 1..].iter().copied().flatten() {
                assert!(!list.contains(phrase), "{language}: {phrase}");
            }
        }
    }
}
