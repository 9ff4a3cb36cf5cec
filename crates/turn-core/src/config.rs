//! The figures the floor decides by. Defaults come from the published marks for turn-taking and from what silero does
//! with telephone speech (it sees an onset 30-60 ms late and holds on for about as long).

use std::time::Duration;

/// What changes for the caller is told on each field.
#[derive(Debug, Clone, PartialEq)]
pub struct FloorConfig {
    /// Speech probability from which a frame may begin a turn. Lower: hears soft voices, and more noises.
    pub onset_probability: f32,
    /// The same while the agent speaks, when what is left of its echo must not count.
    pub onset_probability_over_agent: f32,
    /// Frames in a row that begin a turn (and duck the agent). One frame is a blip, and one window of silero spans two.
    pub onset_frames: u8,
    /// Speech probability from which a frame goes on with a turn.
    pub hold_probability: f32,
    /// Speech probability that is enough at the caller's usual level, well above the noise: detectors are slow to believe a voice
    /// that cuts into babble.
    pub plain_probability: f32,
    /// Frames softer than this are no speech of this caller, whatever they sound like.
    pub level_dbfs_min: f32,
    /// A frame this far below the loudest one of the turn is the room, not the voice: what fixes the end of speech exactly
    /// although the detector holds on a little longer.
    pub level_range_db: f32,
    /// The same over noise, until the caller's usual level is known: what is softer is somebody else. Vowels lie within it.
    pub level_range_in_noise_db: f32,
    /// Frames of speech in a row which, over noise, end a silence inside a turn.
    pub regain_frames_in_noise: u32,
    /// Silence after which a pause is told, so that the final recognition may begin speculatively.
    pub pause: Duration,
    /// Silence after which a turn is over, by what is expected.
    pub patience: Patience,
    /// What a turn model's vote changes about that silence.
    pub vote: Vote,
    /// Longest turn. Then the agent gets the floor, whatever the line sounds like.
    pub turn_max: Duration,
    /// A turn with less voice than this is a click or a cough, and forgotten.
    pub voice_min: Duration,
    /// Silence that a caller who ran into `turn_max` must make before taking the floor again.
    pub rearm: Duration,
    /// A frame must be this much above what is always on the line. Babble behind a caller swings by half of that.
    pub over_noise_db: f32,
    /// Where there is noise, a frame this far below the caller's usual level is part of it. Babble at the same telephone lies 12 dB and
    /// more below, words said away from it 6 to 10.
    pub under_usual_db: f32,
    /// A sound as bright as this is a cough, a sneeze or breath: see `brightness` of audio-core. Of 350 sounds over a bad telephone line
    /// the brightest voice had 0.14; of coughs four in five have more than this, of sneezes all.
    pub cough_brightness: f32,
    /// Confidence from which words over the agent count. What a recogniser makes of the first half second of anything is mostly
    /// wrong, and mostly knows it.
    pub words_confidence: f32,
    /// Voice over the agent that silences it while no word is sure, on a line with little noise. There "mm-hm" and "right" are recognised
    /// for what they are before they have this much.
    pub interruption: Duration,
    /// The same over more noise, where the words come out wrong. Of what is said in passing "right" and "yeah" last 240 to 480 ms, a hum 300
    /// to 500, "okay" and "I see" up to 640. Longer is felt by everyone who really interrupts, shorter stops for words to somebody else. In
    /// rehearsals (seeds 5 and 6, twenty calls for each) 640, 560 and 480 ms, with 480, 440 and 400 for what begins anew, yielded after
    /// 0.92, 0.94 and 0.88 s, and talked through 93, 91 and 94 % of backchannels, 86, 91 and 81 % of tics, 77, 72 and 71 % of side talk;
    /// 840 ms (640) yielded after 1.06 s, and talked through 92 % of backchannels, 84 % of tics, 81 % of side talk. The shares of backchannels
    /// and tics, of some 80 and 110, differ no more than by chance.
    pub interruption_in_noise: Duration,
    /// The same over noise, pauses left out, for a voice that stopped and begins anew: who only listens says one thing.
    pub anew_in_noise: Duration,
    /// The same for what sounds like "mm-hm" or "um" so far, which people draw out.
    pub backchannel_max: Duration,
    /// The same for a voice much softer than this caller's: somebody speaks away from the telephone.
    pub aside_max: Duration,
    /// Voice with which an interruption is certain though no word was understood.
    pub certain: Duration,
    /// More words than these that are meant for us are an interruption before that.
    pub interruption_words: u16,
    /// Voice that as many words have at the least.
    pub sentence: Duration,
    /// Voice that each word of more has: a recogniser makes several of a short sound that is no word.
    pub word: Duration,
    /// Voice with which one word that is meant for us silences the agent, until it is certain.
    pub one_word: Duration,
    /// Silence after which something said in passing is over, and the agent gets its full voice back.
    pub interjection_silence: Duration,
    /// The same while its words are still being recognised.
    pub words_wait: Duration,
    /// The same after more voice than most things said in passing have, of which no word is sure.
    pub sentence_pause: Duration,
    /// The same after a word that may begin a sentence, while the agent is silent for it. Shorter than the pauses between the words of
    /// most voices, so that a silence in vain is hardly noticed.
    pub continuation: Duration,
    /// Latest verdict over sound that never becomes long enough for an interruption and never ends.
    pub verdict_max: Duration,
    /// Silence on both sides is told every time this passes.
    pub silence: Duration,
}

/// Silence after which a turn is over, by what is expected. Shorter answers faster and cuts more people off.
#[derive(Debug, Clone, PartialEq)]
pub struct Patience {
    /// Anything, while nobody can tell whether more is to come.
    pub anything: Duration,
    /// Anything, when what was said can stand as it is.
    pub whole: Duration,
    /// Anything, when what was said tells what happened and asks for nothing yet.
    pub told: Duration,
    /// Whatever is expected, when what was said breaks off.
    pub open: Duration,
    /// Longest for a caller who is known to pause.
    pub pausing_max: Duration,
    /// Yes or no, one option of several: few words.
    pub short_answer: Duration,
    /// A name or a date, said with thought.
    pub thoughtful: Duration,
    /// A code or digits of which less than the fewest have been said.
    pub half_filled: Duration,
    /// A code or digits that may be complete: the fewest have been said, more may follow.
    pub may_be_full: Duration,
    /// Whatever was expected is there in full.
    pub full: Duration,
}

/// How a turn model's vote is weighed. It counts where the words cannot tell whether more will come: free talk, names and dates.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    /// Probability from which the turn counts as finished. The model was trained for one half.
    pub complete_from: f32,
    /// Silence that ends a turn voted finished. Shorter answers faster, and trusts the model more.
    pub finished: Duration,
    /// A turn voted unfinished is waited for twice as long as without the vote, but never longer than this.
    pub unfinished_max: Duration,
}

impl Default for FloorConfig {
    fn default() -> Self {
        Self {
            onset_probability: 0.5,
            onset_probability_over_agent: 0.6,
            onset_frames: 2,
            hold_probability: 0.35,
            plain_probability: 0.15,
            level_dbfs_min: -55.0,
            level_range_db: 40.0,
            level_range_in_noise_db: 16.0,
            regain_frames_in_noise: 2,
            pause: Duration::from_millis(120),
            patience: Patience::default(),
            vote: Vote::default(),
            turn_max: Duration::from_secs(30),
            voice_min: Duration::from_millis(100),
            rearm: Duration::from_millis(200),
            over_noise_db: 9.0,
            under_usual_db: 11.0,
            cough_brightness: 0.15,
            words_confidence: 0.5,
            interruption: Duration::from_millis(360),
            interruption_in_noise: Duration::from_millis(640),
            anew_in_noise: Duration::from_millis(480),
            backchannel_max: Duration::from_millis(1_200),
            aside_max: Duration::from_millis(1_200),
            certain: Duration::from_millis(900),
            interruption_words: 2,
            sentence: Duration::from_millis(480),
            word: Duration::from_millis(250),
            one_word: Duration::from_millis(320),
            interjection_silence: Duration::from_millis(140),
            words_wait: Duration::from_millis(300),
            sentence_pause: Duration::from_millis(300),
            continuation: Duration::from_millis(260),
            verdict_max: Duration::from_secs(3),
            silence: Duration::from_secs(5),
        }
    }
}

impl Default for Vote {
    fn default() -> Self {
        Self {
            complete_from: 0.5,
            finished: Duration::from_millis(200),
            unfinished_max: Duration::from_millis(1_200),
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            anything: Duration::from_millis(670),
            whole: Duration::from_millis(460),
            told: Duration::from_millis(880),
            open: Duration::from_millis(880),
            pausing_max: Duration::from_millis(900),
            short_answer: Duration::from_millis(650),
            thoughtful: Duration::from_millis(700),
            half_filled: Duration::from_millis(1_000),
            may_be_full: Duration::from_millis(700),
            full: Duration::from_millis(260),
        }
    }
}
