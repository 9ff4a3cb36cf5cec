//! One task per call: the dialogue, the call's control and the action core's client.
