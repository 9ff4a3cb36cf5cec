//! PCM into caller-owned buffers: codecs, resampling, mixing, tones, echo cancelling.
