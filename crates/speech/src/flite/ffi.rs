//! The few functions of flite that we call, behind a safe [`Voice`]. All unsafe code of this engine is here.
//!
//! A voice is one static object of the library with a table of features which synthesis changes, so a [`Voice`] is used by
//! one thread at a time (`&mut self`), and there is at most one [`Voice`] of each name in a process.

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::Once;

/// A voice that is part of the library.
pub(super) struct Voice {
    voice: NonNull<RawVoice>,
}

// SAFETY: the library has no thread-local state; `&mut self` keeps two threads from using one voice at a time.
unsafe impl Send for Voice {}

/// What a synthesis hands over.
pub(super) enum Chunk<'a> {
    /// The tokens of the whole text, before its first sound.
    Tokens(Vec<Token>),
    /// Samples and their rate.
    Sound(&'a [i16], u32),
}

/// What the library reads as one: mostly what stands between white space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// How many bytes of the text were read when it was known.
    pub(super) read: usize,
    /// Seconds from the start of the sound to the token's; the same as `end` when it is not spoken.
    pub(super) start: f32,
    /// Seconds to where it is over.
    pub(super) end: f32,
}

/// What the callback of one synthesis works on.
struct Listener<'a> {
    take: &'a mut dyn FnMut(Chunk<'_>) -> ControlFlow<()>,
    begun: bool,
    panic: Option<Box<dyn Any + Send>>,
}

impl Voice {
    /// The voice of this name, or `None` when it is not linked. To be called once for each name.
    pub(super) fn register(name: &str) -> Option<Self> {
        static START: Once = Once::new();
        // SAFETY: called once, before any other call of the library.
        START.call_once(|| unsafe {
            flite_init();
        });
        // SAFETY: a null argument means the voice data inside the library; the result is checked.
        let voice = unsafe {
            match name {
                "slt" => register_cmu_us_slt(ptr::null()),
                "rms" => register_cmu_us_rms(ptr::null()),
                "awb" => register_cmu_us_awb(ptr::null()),
                "kal16" => register_cmu_us_kal16(ptr::null()),
                _ => return None,
            }
        };
        NonNull::new(voice).map(|voice| Self { voice })
    }

    /// Speaks `text`, handing its tokens and then samples to `take` as they are made until it breaks off. `false` when the
    /// library could not.
    pub(super) fn speak(&mut self, text: &CStr, take: &mut dyn FnMut(Chunk<'_>) -> ControlFlow<()>) -> bool {
        let mut listener = Listener { take, begun: false, panic: None };
        // SAFETY: the streaming info is made and owned by us until it is handed to the voice's features, which delete it when
        // the next value takes its place. `userdata` points to `listener`, which outlives the synthesis; the feature is taken
        // out again before this function returns, so the pointer is never used later. The wave is ours to delete.
        let spoken = unsafe {
            // The noise in consonants comes from the C library's dice: thrown anew, a sentence sounds the same every time.
            srand(1);
            let info = new_audio_streaming_info();
            if info.is_null() {
                return false;
            }
            (*info).min_buffsize = CHUNK_SAMPLES_MIN;
            (*info).asc = Some(on_chunk);
            (*info).userdata = (&raw mut listener).cast();
            let features = (*self.voice.as_ptr()).features;
            feat_set(features, c"streaming_info".as_ptr(), audio_streaming_info_val(info));
            let wave = flite_text_to_wave(text.as_ptr(), self.voice.as_ptr());
            flite_feat_remove(features, c"streaming_info".as_ptr());
            if wave.is_null() {
                false
            } else {
                delete_wave(wave);
                true
            }
        };
        if let Some(panic) = listener.panic {
            std::panic::resume_unwind(panic);
        }
        spoken
    }

    /// The sounds of a text as the library's letter-to-sound rules have them: names of phones in lower case, with pauses.
    pub(super) fn phones(&mut self, text: &str) -> Vec<String> {
        let Ok(text) = CString::new(text) else { return Vec::new() };
        let mut phones = Vec::new();
        // SAFETY: the utterance is ours until deleted; items and names belong to it and are copied before.
        unsafe {
            let utterance = flite_synth_text(text.as_ptr(), self.voice.as_ptr());
            if utterance.is_null() {
                return phones;
            }
            let mut item = relation_head(utt_relation(utterance, c"Segment".as_ptr()));
            while !item.is_null() {
                let name = item_feat_string(item, c"name".as_ptr());
                if !name.is_null() {
                    phones.push(CStr::from_ptr(name).to_string_lossy().into_owned());
                }
                item = item_next(item);
            }
            delete_utterance(utterance);
        }
        phones
    }
}

/// The library calls this with each piece of sound.
///
/// # Safety
/// Only the library calls it, with the wave under construction and the info that [`Voice::speak`] has set.
unsafe extern "C" fn on_chunk(
    wave: *const Wave,
    start: c_int,
    size: c_int,
    _last: c_int,
    info: *mut StreamingInfo,
) -> c_int {
    // SAFETY: by the contract above, both pointers are valid during the call and `userdata` is the listener on the stack of
    // `speak`, which nobody else touches meanwhile. The library's `start` and `size` lie within the wave. The utterance that
    // is being spoken has had its durations before its first sound.
    let (listener, tokens, samples, rate) = unsafe {
        let listener = &mut *(*info).userdata.cast::<Listener<'_>>();
        let (Ok(start), Ok(size)) = (usize::try_from(start), usize::try_from(size)) else { return STOP };
        let samples = std::slice::from_raw_parts((*wave).samples.add(start), size);
        let begun = std::mem::replace(&mut listener.begun, true);
        let tokens = if begun { None } else { Some(tokens((*info).utterance)) };
        (listener, tokens, samples, u32::try_from((*wave).sample_rate).unwrap_or(0))
    };
    let handed_over = catch_unwind(AssertUnwindSafe(|| {
        if let Some(tokens) = tokens {
            (listener.take)(Chunk::Tokens(tokens))?;
        }
        (listener.take)(Chunk::Sound(samples, rate))
    }));
    match handed_over {
        Ok(ControlFlow::Continue(())) => CONTINUE,
        Ok(ControlFlow::Break(())) => STOP,
        Err(panic) => {
            listener.panic = Some(panic);
            STOP
        }
    }
}

/// The tokens of an utterance with where they lie in its sound.
///
/// # Safety
/// The utterance is null or one of the library's whose durations are known.
unsafe fn tokens(utterance: *const c_void) -> Vec<Token> {
    let mut tokens = Vec::new();
    // SAFETY: by the contract above; every item is checked before it is used, and all belong to the utterance.
    unsafe {
        if utterance.is_null() {
            return tokens;
        }
        let mut item = relation_head(utt_relation(utterance.cast_mut(), c"Token".as_ptr()));
        while !item.is_null() {
            let read = usize::try_from(item_feat_int(item, c"file_pos".as_ptr())).unwrap_or(0);
            let (mut start, mut end) = (0.0, 0.0_f32);
            let mut word = item_daughter(item);
            while !word.is_null() {
                let as_word = item_as(word, c"Word".as_ptr());
                if !as_word.is_null() {
                    let word_end = ffeature_float(as_word, WORD_END.as_ptr());
                    if word_end > end {
                        if end == 0.0 {
                            start = ffeature_float(as_word, WORD_START.as_ptr());
                        }
                        end = word_end;
                    }
                }
                word = item_next(word);
            }
            tokens.push(Token { read, start, end });
            item = item_next(item);
        }
    }
    tokens
}

/// Where a word's last sound ends, and where the one before its first does, in seconds; 0 when it has none.
const WORD_END: &CStr = c"R:SylStructure.daughtern.daughtern.R:Segment.end";
const WORD_START: &CStr = c"R:SylStructure.daughter1.daughter1.R:Segment.p.end";

/// 50 ms at 16 kHz: the least the library gathers before it calls back, so that the first sound comes early.
const CHUNK_SAMPLES_MIN: c_int = 800;
const CONTINUE: c_int = 0;
const STOP: c_int = -1;

/// `cst_voice` up to the last field we use; only ever behind a pointer.
#[repr(C)]
struct RawVoice {
    name: *const c_char,
    features: *mut c_void,
}

/// `cst_wave`.
#[repr(C)]
struct Wave {
    kind: *const c_char,
    sample_rate: c_int,
    num_samples: c_int,
    num_channels: c_int,
    samples: *const i16,
}

/// `cst_audio_streaming_info`.
#[repr(C)]
struct StreamingInfo {
    min_buffsize: c_int,
    asc: Option<unsafe extern "C" fn(*const Wave, c_int, c_int, c_int, *mut Self) -> c_int>,
    utterance: *const c_void,
    item: *const c_void,
    userdata: *mut c_void,
}

unsafe extern "C" {
    fn srand(seed: c_uint);
    fn flite_init() -> c_int;
    fn register_cmu_us_slt(dir: *const c_char) -> *mut RawVoice;
    fn register_cmu_us_rms(dir: *const c_char) -> *mut RawVoice;
    fn register_cmu_us_awb(dir: *const c_char) -> *mut RawVoice;
    fn register_cmu_us_kal16(dir: *const c_char) -> *mut RawVoice;
    fn new_audio_streaming_info() -> *mut StreamingInfo;
    fn audio_streaming_info_val(info: *mut StreamingInfo) -> *mut c_void;
    fn feat_set(features: *mut c_void, name: *const c_char, value: *const c_void);
    fn flite_feat_remove(features: *mut c_void, name: *const c_char) -> c_int;
    fn flite_text_to_wave(text: *const c_char, voice: *mut RawVoice) -> *mut Wave;
    fn delete_wave(wave: *mut Wave);
    fn flite_synth_text(text: *const c_char, voice: *mut RawVoice) -> *mut c_void;
    fn delete_utterance(utterance: *mut c_void);
    fn utt_relation(utterance: *mut c_void, name: *const c_char) -> *mut c_void;
    fn relation_head(relation: *mut c_void) -> *mut c_void;
    fn item_next(item: *const c_void) -> *mut c_void;
    fn item_feat_string(item: *const c_void, name: *const c_char) -> *const c_char;
    fn item_feat_int(item: *const c_void, name: *const c_char) -> c_int;
    fn item_daughter(item: *const c_void) -> *mut c_void;
    fn item_as(item: *const c_void, relation: *const c_char) -> *mut c_void;
    fn ffeature_float(item: *const c_void, path: *const c_char) -> f32;
}
