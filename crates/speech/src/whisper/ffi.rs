//! The part of whisper-rs that needs unsafe code: an abort callback that reads a flag of ours. (The crate's own safe callback
//! reads through a wrong pointer, and parameters made anew for each pass would leak.)

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use callwright_model::{Identified, Language};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperError, WhisperState};

use crate::recogniser::GivenUp;

/// A state of the model and the parameters of its passes, used by one thread at a time.
pub(super) struct Seat {
    state: WhisperState,
    parameters: BTreeMap<Language, FullParams<'static, 'static>>,
}

// SAFETY: the state may move between threads as the crate says. The parameters hold raw pointers to language names, which are never
// freed or changed, and between passes no callback's data.
unsafe impl Send for Seat {}

/// What bounds the time of a pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Length of the window, in units of 20 ms.
    pub(super) audio_ctx: i32,
    /// Most tokens to write.
    pub(super) tokens_max: i32,
}

/// What a pass wrote.
pub(super) struct Written {
    pub(super) text: String,
    /// Geometric mean of its tokens' probabilities.
    pub(super) probability: Option<f32>,
}

impl Seat {
    pub(super) fn new(context: &WhisperContext) -> Result<Self, WhisperError> {
        Ok(Self { state: context.create_state()?, parameters: BTreeMap::new() })
    }

    /// One pass over the sound; ends early, with an error, when given up.
    pub(super) fn pass(
        &mut self,
        sound: &[f32],
        language: Language,
        limits: Limits,
        given_up: &GivenUp,
    ) -> Result<Written, WhisperError> {
        let mut parameters = self.parameters.entry(language).or_insert_with(|| parameters(language)).clone();
        parameters.set_audio_ctx(limits.audio_ctx);
        parameters.set_max_tokens(limits.tokens_max);
        let flag = given_up.flag();
        // SAFETY: the callback reads an atomic through the pointer during `full` only; `flag` keeps it alive until after.
        unsafe {
            parameters.set_abort_callback(Some(is_given_up));
            parameters.set_abort_callback_user_data(Arc::as_ptr(&flag).cast_mut().cast::<c_void>());
        }
        let result = self.state.full(parameters, sound);
        drop(flag);
        result?;
        Ok(self.written())
    }

    /// Which of these languages the sound of the last pass is in. Costs one token: that pass has encoded the sound, which is what takes
    /// long, and the library's own detection would do it again.
    pub(super) fn identify(
        &mut self,
        context: &WhisperContext,
        among: &[Language],
    ) -> Result<Option<Identified>, WhisperError> {
        self.state.decode(&[context.token_sot()], 0, 1)?;
        let scores = self.state.get_logits()?;
        let score = |language: &Language| {
            let token = context.token_lang(whisper_rs::get_lang_id(language.code())?);
            Some((*language, *scores.get(usize::try_from(token).ok()?)?))
        };
        Ok(likeliest(&among.iter().filter_map(score).collect::<Vec<_>>()))
    }

    fn written(&self) -> Written {
        let mut text = String::new();
        let (mut sum, mut count) = (0.0_f32, 0_u16);
        for segment in self.state.as_iter() {
            if let Ok(piece) = segment.to_str_lossy() {
                text.push_str(&piece);
            }
            for number in 0..segment.n_tokens() {
                if let Some(token) = segment.get_token(number) {
                    sum += token.token_probability().max(1e-6).ln();
                    count = count.saturating_add(1);
                }
            }
        }
        let probability = (count > 0).then(|| (sum / f32::from(count)).exp().clamp(0.0, 1.0));
        Written { text, probability }
    }
}

/// The language with the highest score, and its share of the softmax over all of them.
pub(super) fn likeliest(scores: &[(Language, f32)]) -> Option<Identified> {
    let (language, best) = scores.iter().copied().max_by(|one, other| one.1.total_cmp(&other.1))?;
    let sum: f32 = scores.iter().map(|(_, score)| (score - best).exp()).sum();
    Some(Identified { language, probability: 1.0 / sum })
}

fn parameters(language: Language) -> FullParams<'static, 'static> {
    let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    parameters.set_n_threads(1);
    parameters.set_language(Some(leaked(language.code())));
    parameters.set_no_context(true);
    parameters.set_single_segment(true);
    parameters.set_no_timestamps(true);
    // No second attempts at a higher temperature: they would multiply the time a caller waits.
    parameters.set_temperature_inc(0.0);
    parameters.set_suppress_blank(true);
    parameters.set_suppress_nst(true);
    parameters.set_print_progress(false);
    parameters.set_print_realtime(false);
    parameters.set_print_special(false);
    parameters.set_print_timestamps(false);
    parameters
}

/// A name that lives as long as the process; once for each language and seat.
fn leaked(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

/// # Safety
/// `flag` points to an `AtomicBool` that outlives the call.
unsafe extern "C" fn is_given_up(flag: *mut c_void) -> bool {
    // SAFETY: by this function's contract.
    unsafe { &*flag.cast::<AtomicBool>() }.load(Ordering::Acquire)
}
