//! SIP endpoint over UDP and TCP around a SIP library; yields and accepts legs.
