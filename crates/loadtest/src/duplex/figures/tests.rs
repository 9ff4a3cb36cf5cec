use super::*;
use crate::duplex::judge::Did;
use crate::measure::Kind;

fn event(figure: Figure, verdict: Verdict, latency_s: Option<f64>) -> Event {
    Event {
        call: 1,
        figure,
        kind: Kind::Turn,
        name: String::new(),
        start_s: 0.0,
        end_s: 1.0,
        agent_speaking: figure == Figure::Tic,
        did: Did::Spoke,
        verdict,
        latency_s,
    }
}

fn many(figure: Figure, right: usize, wrong: usize) -> Vec<Event> {
    let hits = (0..right).map(|n| event(figure, Verdict::Right, Some(0.4 + (n % 5) as f64 * 0.1)));
    hits.chain((0..wrong).map(|_| event(figure, Verdict::Wrong, Some(9.0)))).collect()
}

#[test]
fn each_figure_comes_from_its_events() {
    let events: Vec<Event> = [
        many(Figure::Response, 95, 5),
        many(Figure::Yield, 45, 5),
        many(Figure::AgentInterruption, 0, 3),
        many(Figure::Backchannel, 19, 1),
        many(Figure::Tic, 12, 4),
        many(Figure::SideTalk, 10, 10),
        vec![event(Figure::Backchannel, Verdict::NotCounted, Some(0.5))],
    ]
    .concat();
    let Panel { figures, intervals, counts } = Panel::of(&events);
    let near = |value: Option<f64>, wanted: f64| value.is_some_and(|value| (value - wanted).abs() < 1e-9);
    assert!(near(figures.response_latency, 0.6), "misses have no latency: {figures:?}");
    assert!(near(figures.yield_latency, 0.6), "{figures:?}");
    assert!(near(figures.response_rate, 0.95), "{figures:?}");
    assert!(near(figures.yield_rate, 0.9), "{figures:?}");
    assert!(near(figures.agent_interruptions, 0.03), "{figures:?}");
    assert!(near(figures.backchannel, 0.95), "{figures:?}");
    assert!(near(figures.tic, 0.75), "{figures:?}");
    assert!(near(figures.side_talk, 0.5), "{figures:?}");
    assert_eq!((counts.not_counted, counts.tics_over_agent), (1, 16));
    let [low, high] = intervals.response_latency.expect("enough");
    assert!(low > 0.55 && low < 0.6 && high > 0.6 && high < 0.65, "{low} {high}");
}

#[test]
fn too_few_events_give_no_figure() {
    let panel = Panel::of(&many(Figure::Backchannel, 9, 0));
    assert_eq!((panel.figures.backchannel, panel.counts.backchannels), (None, 9));
    assert_eq!(Panel::of(&many(Figure::Backchannel, 9, 1)).figures.backchannel, Some(0.9));
    assert_eq!(Panel::of(&[]), Panel::default());
}

#[test]
fn wilson_s_interval_is_that_of_the_tables() {
    for (part, whole, low, high) in
        [(9, 10, 0.596, 0.982), (100, 100, 0.963, 1.0), (0, 20, 0.0, 0.161), (50, 100, 0.404, 0.596)]
    {
        let [from, to] = wilson(part, whole);
        assert!((from - low).abs() < 1e-3 && (to - high).abs() < 1e-3, "{part}/{whole}: {from} {to}");
    }
}
