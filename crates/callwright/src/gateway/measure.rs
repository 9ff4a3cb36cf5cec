//! The names of all metrics, with what each means, and those that are read off once a second.

use std::sync::Arc;
use std::time::Duration;

use callwright_sip::SipStatistics;
use metrics::{counter, gauge};

use crate::gateway::Shared;

/// Tells the recorder what each metric is. A counter without labels is there from the start: a rate over it needs its zero.
pub(crate) fn describe() {
    for &(name, help) in COUNTERS {
        metrics::describe_counter!(name, help);
        counter!(name).increment(0);
    }
    for &(name, help) in LABELLED_COUNTERS {
        metrics::describe_counter!(name, help);
    }
    for &(name, help) in GAUGES {
        metrics::describe_gauge!(name, help);
    }
    for &(name, help) in HISTOGRAMS {
        metrics::describe_histogram!(name, help);
    }
}

/// Publishes the SIP endpoint's counts for as long as the gateway runs.
pub(crate) async fn publish_sip(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tick.tick().await;
        publish(&shared.sip.statistics());
        for phones in shared.sip.phones() {
            gauge!("callwright_sip_phones", "user" => phones.user.clone()).set(phones.contacts.len() as f64);
            gauge!("callwright_sip_phone_calls", "user" => phones.user).set(phones.calls as f64);
        }
    }
}

fn publish(sip: &SipStatistics) {
    let SipStatistics {
        calls_offered,
        calls_placed,
        refused_source,
        refused_full,
        refused_draining,
        refused_malformed,
        refused_replaces,
        dropped_junk,
        dropped_overload,
        dropped_events,
        ignored_fields,
        challenged,
        refused_tries,
        refused_password,
        cut_slow,
        failed_handshakes,
        calls_incoming_now,
        dialogs_now,
    } = *sip;
    for (direction, count) in [("in", calls_offered), ("out", calls_placed)] {
        counter!("callwright_sip_calls_total", "direction" => direction).absolute(count);
    }
    let refused = [
        ("source", refused_source),
        ("full", refused_full),
        ("draining", refused_draining),
        ("malformed", refused_malformed),
        ("challenged", challenged),
        ("tries", refused_tries),
        ("password", refused_password),
        ("replaces", refused_replaces),
    ];
    for (reason, count) in refused {
        counter!("callwright_sip_refused_total", "reason" => reason).absolute(count);
    }
    for (reason, count) in [("junk", dropped_junk), ("overload", dropped_overload), ("event", dropped_events)]
    {
        counter!("callwright_sip_dropped_total", "reason" => reason).absolute(count);
    }
    counter!("callwright_sip_fields_ignored_total").absolute(ignored_fields);
    for (reason, count) in [("slow", cut_slow), ("handshake", failed_handshakes)] {
        counter!("callwright_sip_connections_cut_total", "reason" => reason).absolute(count);
    }
    gauge!("callwright_sip_calls_incoming").set(calls_incoming_now as f64);
    gauge!("callwright_sip_dialogs").set(dialogs_now as f64);
}

/// As often as media workers publish theirs.
const PERIOD: Duration = Duration::from_secs(1);

const COUNTERS: &[(&str, &str)] = &[
    ("callwright_actions_journeys_erased_total", "Persons of whom the action core erased what it kept."),
    ("callwright_telemetry_spans_lost_total", "Spans of plans that the collector did not take."),
    ("callwright_turn_interruptions_total", "Times that a caller took the floor from the agent."),
    (
        "callwright_media_frame_deadline_missed_total",
        "Frames sent more than 20 ms after they were due, or never.",
    ),
    ("callwright_media_packets_received_total", "RTP packets received by legs."),
    ("callwright_media_packets_sent_total", "RTP packets sent by legs."),
    ("callwright_media_packets_lost_total", "RTP packets that never came, by their sequence numbers."),
    (
        "callwright_media_packets_malformed_total",
        "Datagrams of legs that were no RTP or RTCP of theirs, dropped.",
    ),
    ("callwright_media_frames_concealed_total", "Frames made up in place of lost ones."),
    ("callwright_media_heard_frames_dropped_total", "Frames of callers that recognition was too slow for."),
    ("callwright_media_say_frames_stale_total", "Frames of the agent dropped because their turn was over."),
    ("callwright_media_events_dropped_total", "Facts of legs dropped because their call did not take them."),
    ("callwright_media_commands_dropped_total", "Commands dropped because a media worker did not take them."),
    ("callwright_speech_synthesis_errors_total", "Sentences that could not be synthesised."),
    ("callwright_speech_recognition_errors_total", "Turns that could not be recognised."),
    ("callwright_speech_partials_dropped_total", "Words-so-far left out because the recogniser was busy."),
    ("callwright_speech_says_dropped_total", "Sentences dropped because a mouth did not take them."),
    (
        "callwright_browser_datagrams_unrouted_total",
        "Datagrams to the WebRTC port that belong to no session, dropped.",
    ),
    (
        "callwright_journal_lines_lost_total",
        "Lines of calls' journals that could not be written, or did not fit into the way to the disk.",
    ),
    ("callwright_actions_cancelled_total", "Plans stopped after they had begun."),
    ("callwright_browser_refused_total", "Browser calls refused because there was no room."),
];

const LABELLED_COUNTERS: &[(&str, &str)] = &[
    ("callwright_capture_lost_total", "Messages and packets that were not kept for, or told to, engineers."),
    (
        "callwright_language_model_total",
        "Questions to the language model: answered, repaired, refused, late, unreachable, or not asked (busy, resting), by result.",
    ),
    (
        "callwright_webhook_total",
        "Notices for the webhook: taken, refused in all attempts, or not sent for the queue was full.",
    ),
    ("callwright_calls_total", "Calls begun, by channel."),
    ("callwright_supervisions_total", "What supervisors began to do in calls, by mode."),
    ("callwright_turn_verdicts_total", "What sound over the agent turned out to be."),
    ("callwright_trunk_calls_total", "Calls that came and went by a trunk, by direction."),
    ("callwright_trunk_refused_total", "Calls refused because a trunk was full, of both directions."),
    ("callwright_sip_calls_total", "SIP calls offered to us (in) and placed by us (out)."),
    ("callwright_sip_refused_total", "SIP requests refused, by reason."),
    (
        "callwright_sip_fields_ignored_total",
        "SIP header fields that only tell something and could not be read.",
    ),
    (
        "callwright_sip_connections_cut_total",
        "SIP connections ended for being slow or for a failed handshake.",
    ),
    ("callwright_sip_dropped_total", "SIP datagrams and events dropped, by reason."),
    ("callwright_console_offers_total", "Offers of browsers, by outcome."),
    (
        "callwright_browser_packets_dropped_total",
        "Packets of browser calls dropped because a queue was full, by direction.",
    ),
    (
        "callwright_transfer_machines_total",
        "Telephones of humans and of callers called back that a machine answered, by the sign that it was known by.",
    ),
    ("callwright_call_backs_total", "Tries to call somebody back as was promised, by outcome."),
    (
        "callwright_actions_callback_tries_total",
        "Tries to call somebody back that gateways told of, by outcome.",
    ),
    ("callwright_call_ratings_total", "Calls that their callers rated, by score from 1 to 5."),
    ("callwright_actions_plans_total", "Plans ended, by outcome."),
    (
        "callwright_actions_approvals_total",
        "Approvals that were asked for, and how they were answered, by outcome.",
    ),
    ("callwright_actions_breaker_opened_total", "How often a business system was left alone, by connector."),
    (
        "callwright_actions_breaker_refused_total",
        "Reads not made of a system that was left alone, by connector.",
    ),
    (
        "callwright_actions_breaker_waits_total",
        "Steps put off because a system was left alone, by connector.",
    ),
    ("callwright_actions_steps_total", "Steps of plans ended, by outcome."),
];

const GAUGES: &[(&str, &str)] = &[
    ("callwright_calls_active", "Calls that run."),
    ("callwright_sip_calls_incoming", "Incoming SIP calls that run."),
    ("callwright_sip_dialogs", "SIP dialogs held."),
    ("callwright_queue_callers", "Callers who wait for a human, or for whom one is rung."),
    ("callwright_trunk_up", "1 while calls go by a trunk."),
    ("callwright_trunk_registered", "1 while a trunk that we register at knows us."),
    ("callwright_trunk_calls", "Calls that run by a trunk."),
    ("callwright_sip_phones", "Phones of a user that have registered."),
    ("callwright_sip_phone_calls", "Calls that the phones of a user are in."),
    ("callwright_media_legs", "Legs with sound."),
    ("callwright_browser_sessions_active", "Browser sessions held."),
    ("callwright_actions_approvals_waiting", "Plans that wait for somebody's approval."),
    (
        "callwright_actions_breaker_open",
        "1 while a business system that did not answer is left alone, by connector.",
    ),
    ("callwright_connector_up", "1 when a business system answers, by connector."),
];

const HISTOGRAMS: &[(&str, &str)] = &[
    (
        "callwright_language_model_seconds",
        "From a question to the language model to its answer, or to the end of the time for it.",
    ),
    ("callwright_turn_reply_seconds", "From what a caller said being recognised to the agent's first sound."),
    (
        "callwright_media_frame_lateness_seconds",
        "How long after it was due a worker's last frame of a tick was sent.",
    ),
    (
        "callwright_media_mos",
        "How good a leg sounded from its first to its last packet: mean opinion score by the E-model (G.107), by role.",
    ),
    (
        "callwright_media_peer_mos",
        "How good we sounded to the other end of a leg, by its last report: mean opinion score (RFC 3611), by role.",
    ),
    ("callwright_speech_synthesis_first_seconds", "From a sentence to its first sound, by engine."),
    (
        "callwright_speech_synthesis_realtime_factor",
        "Time to synthesise over length of the sound, by engine.",
    ),
    ("callwright_speech_final_seconds", "From the end of a turn to its words, by engine."),
    ("callwright_speech_realtime_factor", "Time to recognise over length of the turn, by engine."),
    ("callwright_actions_call_seconds", "How long a business system took to answer."),
];
