use std::time::Duration;

use super::*;
use crate::duplex::judge::judge;

fn at(ms: u64) -> Samples {
    Samples(ms * 16)
}

/// A short call with one of everything.
pub(in crate::duplex) fn with_view<T>(look: impl FnOnce(&View<'_>) -> T) -> T {
    let said = |name: &str, kind, start, end| Said {
        name: name.to_owned(),
        kind,
        speech: Segment { start: at(start), end: at(end) },
    };
    let said = [
        said("where is my flight", Kind::Turn, 1_000, 2_000),
        said("wait <now>", Kind::Interruption, 5_000, 6_000),
        said("cough", Kind::Tic, 12_000, 12_400),
    ];
    let heard = [(2_500, 5_400), (6_600, 9_000), (13_000, 14_000)];
    let heard =
        heard.map(|(start, end)| Heard { place: Segment { start: at(start), end: at(end) }, own_end: false });
    let events = judge(7, &said, &heard, at(40_000), Duration::from_millis(20));
    let place = Segment { start: at(1_200), end: at(1_300) };
    let disturbances = [Disturbance { kind: DisturbanceKind::Lost, place }];
    let levels = Levels { own: vec![-30.0; 4_000], other: vec![-25.0; 4_000], ..Levels::default() };
    look(&View {
        call: 7,
        profile: "regular",
        length: at(40_000),
        said: &said,
        heard: &heard,
        events: &events,
        disturbances: &disturbances,
        levels: &levels,
    })
}

#[test]
fn markers_tell_every_judgement_in_order() {
    let markers = with_view(|view| view.markers());
    let lines: Vec<&str> = markers.lines().collect();
    assert_eq!(lines[0], "1.000\t2.000\tturn \"where is my flight\": answered after 0.50 s");
    assert_eq!(lines[1], "1.200\t1.300\tlost");
    assert!(
        lines.contains(&"5.000\t6.000\tinterruption \"wait <now>\": agent stopped after 0.40 s"),
        "{markers}"
    );
    assert!(lines.contains(&"12.000\t12.400\tWRONG: tic \"cough\": agent spoke after 1.00 s"), "{markers}");
    assert_eq!(lines.iter().filter(|line| line.ends_with("\tagent")).count(), 3);
}

#[test]
fn ticks_tell_who_speaks() {
    let text = with_view(|view| view.ticks()).expect("plain data");
    let whole: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let ticks = whole["ticks"].as_array().expect("a list");
    assert_eq!(ticks.len(), 200);
    let tick = |number: usize| (&ticks[number]["caller"], &ticks[number]["agent"], &ticks[number]["event"]);
    assert_eq!(tick(5), (&true.into(), &false.into(), &"turn".into()));
    assert_eq!(tick(11), (&false.into(), &false.into(), &serde_json::Value::Null));
    assert_eq!(tick(25), (&true.into(), &true.into(), &"interruption".into()));
    assert_eq!(tick(60).2, &serde_json::Value::from("tic"));
    assert_eq!(ticks[60]["t"], 12.0);
}

#[test]
fn a_call_leaves_three_files() {
    let folder = tempfile::tempdir().expect("a folder");
    with_view(|view| view.write(folder.path())).expect("written");
    for ending in ["markers.txt", "ticks.json", "svg"] {
        assert!(folder.path().join(format!("call-7.{ending}")).metadata().expect("a file").len() > 100);
    }
    let nowhere = with_view(|view| view.write(&folder.path().join("nowhere"))).expect_err("no folder");
    assert!(nowhere.contains("call-7.markers.txt cannot be written"), "{nowhere}");
}
