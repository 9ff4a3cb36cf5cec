//! The few functions of pocketsphinx that we call, behind a safe [`Decoder`]. All unsafe code of this engine is here.
//!
//! The library ends the process on a fatal error of its own, so everything handed to it (language model, dictionary,
//! model directory) is checked or made by us before.

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_void};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::{self, NonNull};
use std::sync::Once;

/// One decoder with its own search state. It may move between threads but is used by one at a time.
pub(super) struct Decoder {
    decoder: NonNull<c_void>,
    listening: bool,
}

// SAFETY: the library keeps no thread-local state for a decoder; `&mut self` on every call that changes it keeps two threads
// from being inside one decoder at a time.
unsafe impl Send for Decoder {}

/// A word of a path, or one of the model's fillers.
pub(super) struct Segment {
    pub(super) word: String,
    /// Frames of 10 ms.
    pub(super) frames: u32,
    /// The logarithm of its acoustic likelihood, to the base 1.0001; how far it is from the likeliest sounds of each frame when
    /// all of them are computed.
    pub(super) acoustic: i32,
}

impl Decoder {
    /// A decoder from command-line style arguments, or `None` when the library refuses them (it says why on its log,
    /// which is off).
    pub(super) fn new(arguments: &[(&str, &str)]) -> Option<Self> {
        static QUIET: Once = Once::new();
        // SAFETY: a null stream turns the library's log off; called once, before any other call of the library.
        QUIET.call_once(|| unsafe { err_set_logfp(ptr::null_mut()) });
        let mut strings = vec![CString::from(c"callwright")];
        for (name, value) in arguments {
            strings.push(CString::new(*name).ok()?);
            strings.push(CString::new(*value).ok()?);
        }
        let mut argv: Vec<*mut c_char> = strings.iter().map(|s| s.as_ptr().cast_mut()).collect();
        let argc = c_int::try_from(argv.len()).ok()?;
        // SAFETY: `argv` holds `argc` pointers to strings that outlive the call; the library copies what it keeps. `ps_args`
        // returns a static table. `ps_init` retains the configuration, so that we free our own reference in every case.
        let decoder = unsafe {
            let config = cmd_ln_parse_r(ptr::null_mut(), ps_args(), argc, argv.as_mut_ptr(), 0);
            if config.is_null() {
                return None;
            }
            let decoder = ps_init(config);
            cmd_ln_free_r(config);
            decoder
        };
        NonNull::new(decoder).map(|decoder| Self { decoder, listening: false })
    }

    /// Begins an utterance, giving up one that was not finished.
    pub(super) fn start(&mut self) -> bool {
        if self.listening {
            self.finish();
        }
        // SAFETY: the decoder is alive as long as `self`.
        self.listening = unsafe { ps_start_utt(self.decoder.as_ptr()) } == 0;
        self.listening
    }

    /// Hears samples. `whole` says that they are the utterance from its first sample to its last.
    pub(super) fn hear(&mut self, samples: &[i16], whole: bool) -> bool {
        if !self.listening {
            return false;
        }
        let part = if whole { samples.len().max(1) } else { STREAMED_AT_ONCE };
        samples.chunks(part).all(|part| {
            // SAFETY: pointer and length come from one slice, which the library only reads during the call. A streamed part is
            // short enough for the library's block of features.
            let frames = unsafe {
                ps_process_raw(self.decoder.as_ptr(), part.as_ptr(), part.len(), 0, c_int::from(whole))
            };
            frames >= 0
        })
    }

    /// Ends the utterance: later passes run here.
    pub(super) fn finish(&mut self) -> bool {
        if !self.listening {
            return false;
        }
        self.listening = false;
        // SAFETY: the decoder is alive and inside an utterance.
        unsafe { ps_end_utt(self.decoder.as_ptr()) == 0 }
    }

    /// The best words so far, or of the whole utterance once finished.
    pub(super) fn hypothesis(&mut self) -> Option<String> {
        let mut score = 0;
        // SAFETY: the string belongs to the decoder and lives until its next call; it is copied before.
        unsafe { copied(ps_get_hyp(self.decoder.as_ptr(), &raw mut score)) }
    }

    /// The best path through the finished utterance, word by word.
    pub(super) fn segments(&mut self) -> Vec<Segment> {
        let mut segments = Vec::new();
        // SAFETY: the iterator is only used until `ps_seg_next` returns null, for it has freed itself then; each word is copied
        // before the next call; the out pointers are to locals.
        unsafe {
            let mut next = ps_seg_iter(self.decoder.as_ptr());
            while !next.is_null() {
                let (mut first, mut last) = (0, 0);
                ps_seg_frames(next, &raw mut first, &raw mut last);
                let (mut acoustic, mut language, mut backoff) = (0, 0, 0);
                ps_seg_prob(next, &raw mut acoustic, &raw mut language, &raw mut backoff);
                if let Some(word) = copied(ps_seg_word(next)) {
                    let frames = u32::try_from(last - first + 1).unwrap_or(0);
                    segments.push(Segment { word, frames, acoustic });
                }
                next = ps_seg_next(next);
            }
        }
        segments
    }

    /// The same of an utterance that is not finished. The library keeps its scores in coarser units until then.
    pub(super) fn segments_so_far(&mut self) -> Vec<Segment> {
        let mut segments = self.segments();
        for segment in &mut segments {
            segment.acoustic = segment.acoustic.saturating_mul(1 << SCORE_SHIFT);
        }
        segments
    }

    /// Readings of the finished utterance with their scores, best first, at most `limit` of them.
    pub(super) fn readings(&mut self, limit: usize) -> Vec<(String, i32)> {
        let mut readings = Vec::new();
        // SAFETY: the iterator is only used until `ps_nbest_next` returns null (then it has freed itself) or we free it; each
        // string is copied before the next call.
        unsafe {
            let mut next = ps_nbest(self.decoder.as_ptr());
            while !next.is_null() {
                let mut score = 0;
                readings.extend(copied(ps_nbest_hyp(next, &raw mut score)).map(|words| (words, score)));
                if readings.len() >= limit {
                    ps_nbest_free(next);
                    break;
                }
                next = ps_nbest_next(next);
            }
        }
        readings
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.finish();
        // SAFETY: we hold the only reference.
        unsafe { ps_free(self.decoder.as_ptr()) };
    }
}

/// A file without a name, in memory: the library reads its inputs from paths only, and what a caller is likely to say must not
/// reach a disk.
pub(super) struct MemoryFile(File);

impl MemoryFile {
    pub(super) fn new(content: &[u8]) -> io::Result<Self> {
        // SAFETY: the name is a static C string; the result is checked before it is owned.
        let descriptor = unsafe { libc::memfd_create(c"callwright-speech".as_ptr(), libc::MFD_CLOEXEC) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made and has no other owner.
        let mut file = unsafe { File::from_raw_fd(descriptor) };
        file.write_all(content)?;
        Ok(Self(file))
    }

    pub(super) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }
}

/// # Safety
/// `text` is null or a C string that nobody changes during the call.
unsafe fn copied(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: by this function's contract.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

unsafe extern "C" {
    fn err_set_logfp(stream: *mut c_void);
    fn cmd_ln_parse_r(
        previous: *mut c_void,
        definitions: *const c_void,
        argc: c_int,
        argv: *mut *mut c_char,
        strict: c_int,
    ) -> *mut c_void;
    fn cmd_ln_free_r(config: *mut c_void) -> c_int;
    fn ps_args() -> *const c_void;
    fn ps_init(config: *mut c_void) -> *mut c_void;
    fn ps_free(decoder: *mut c_void) -> c_int;
    fn ps_start_utt(decoder: *mut c_void) -> c_int;
    fn ps_process_raw(
        decoder: *mut c_void,
        samples: *const i16,
        count: usize,
        no_search: c_int,
        full_utterance: c_int,
    ) -> c_int;
    fn ps_end_utt(decoder: *mut c_void) -> c_int;
    fn ps_get_hyp(decoder: *mut c_void, score: *mut c_int) -> *const c_char;
    fn ps_seg_iter(decoder: *mut c_void) -> *mut c_void;
    fn ps_seg_next(iterator: *mut c_void) -> *mut c_void;
    fn ps_seg_word(iterator: *mut c_void) -> *const c_char;
    fn ps_seg_frames(iterator: *mut c_void, first: *mut c_int, last: *mut c_int);
    fn ps_seg_prob(
        iterator: *mut c_void,
        acoustic: *mut c_int,
        language: *mut c_int,
        backoff: *mut c_int,
    ) -> c_int;
    fn ps_nbest(decoder: *mut c_void) -> *mut c_void;
    fn ps_nbest_next(iterator: *mut c_void) -> *mut c_void;
    fn ps_nbest_hyp(iterator: *mut c_void, score: *mut c_int) -> *const c_char;
    fn ps_nbest_free(iterator: *mut c_void);
}

/// Half a second. The library makes features of at most 256 frames (2.5 s) in one streaming call and keeps the rest in a ring;
/// when the ring then wraps around it reads rows that are none. Shorter parts never leave a rest.
const STREAMED_AT_ONCE: usize = 8_000;
/// The library's SENSCR_SHIFT.
const SCORE_SHIFT: u32 = 10;

/// `size_t` and `long` are what the declarations above take them for.
const _: () = assert!(size_of::<usize>() == size_of::<c_long>());
