//! One leg's media as one machine: datagrams in, heard frames up, speech down.
