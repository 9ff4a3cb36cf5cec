//! RTP and RTCP packets, jitter buffer with concealment, telephone events, statistics.
