//! The conditions of a call as data: what the line does to the caller's voice, and what the caller does besides taking turns.
//!
//! Two are built in. `control` is a clean line and a caller who only takes turns: no noise, no bursts, no loss, no muffling,
//! no drift, no pauses inside a sentence, and none of interruptions, backchannels, tics and side talk. `regular` is all of them.
//! Any other is a TOML file; what it leaves out is as in `control`, unless it says `base = "regular"`:
//!
//! ```toml
//! base = "regular"
//! noise_snr_db = 10.0
//! echo = { delay_ms = 200, db = -12.0 }
//! ```

use std::path::Path;

use serde::{Deserialize, Serialize};

/// The conditions. Levels are of active speech, in the telephone band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Its name in the report.
    pub name: String,
    /// Level of the caller's voice.
    pub speech_dbfs: f32,
    /// Voices of the callers, one a call in turn.
    pub voices: Vec<String>,
    /// How far below the voice the talk in the background is; without it there is none.
    pub noise_snr_db: Option<f32>,
    /// How far that drifts up and down.
    pub noise_drift_db: f32,
    /// Bursts of noise: a phone, a dog, a horn, a siren, an engine.
    pub bursts_per_minute: f64,
    /// How far below the voice a burst is, from and to; negative is above it.
    pub burst_snr_db: [f32; 2],
    /// Share of packets that are never sent.
    pub loss: f64,
    /// Length of a burst of loss.
    pub loss_burst_ms: u64,
    /// Length of a drop, of which there is one for every three bursts of loss.
    pub drop_ms: u64,
    /// Probability that a stretch of a turn is muffled, as by a hand over the microphone.
    pub muffle_probability: f64,
    /// Length of that stretch.
    pub muffle_ms: u64,
    /// Above this frequency a muffled voice is lost.
    pub muffle_hz: f32,
    /// How far the whole line drifts up and down within half a minute.
    pub level_drift_db: f32,
    /// Pauses where a sentence of the conversation has a `|`, from and to; without it they are not made.
    pub pause_ms: Option<[u64; 2]>,
    /// Interruptions in a call.
    pub interruptions: usize,
    /// Backchannels in a call.
    pub backchannels: usize,
    /// Vocal tics in a call.
    pub tics: usize,
    /// Things said to somebody else in a call.
    pub side_talk: usize,
    /// Share of tics and side talk that comes while the agent is silent.
    pub in_silence: f64,
    /// How far below the voice side talk is: it is said away from the telephone, and duller for that reason.
    pub side_talk_db: f32,
    /// Above this frequency the voice of side talk fades.
    pub side_talk_hz: f32,
    /// The agent's voice in the caller's microphone.
    pub echo: Option<Echo>,
    /// How long the agent must have been silent before the caller takes a turn, from and to.
    pub take_turn_ms: [u64; 2],
    /// How long the agent must have been sounding before anything is said over it, from and to.
    pub into_agent_ms: [u64; 2],
    /// How long the caller waits for an answer before speaking again.
    pub patience_ms: u64,
    /// After this the caller says goodbye.
    pub length_s_max: u64,
}

/// The agent's voice, as it comes back into the caller's microphone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    /// From the ear to the mouth; the network adds to it.
    pub delay_ms: u64,
    /// Its level relative to what is heard.
    pub db: f32,
}

impl Default for Profile {
    fn default() -> Self {
        Self::control()
    }
}

impl Profile {
    /// A clean line, and a caller who only takes turns.
    #[must_use]
    pub fn control() -> Self {
        Self {
            name: "control".to_owned(),
            // What telephone networks are levelled to; leaves 22 dB for peaks, noise and bursts.
            speech_dbfs: -22.0,
            voices: ["rms", "awb", "kal16"].map(str::to_owned).to_vec(),
            noise_snr_db: None,
            noise_drift_db: 0.0,
            bursts_per_minute: 0.0,
            burst_snr_db: [-5.0, 10.0],
            loss: 0.0,
            loss_burst_ms: 100,
            drop_ms: 150,
            muffle_probability: 0.0,
            muffle_ms: 500,
            muffle_hz: 1_500.0,
            level_drift_db: 0.0,
            pause_ms: None,
            interruptions: 0,
            backchannels: 0,
            tics: 0,
            side_talk: 0,
            in_silence: 0.4,
            side_talk_db: -6.0,
            side_talk_hz: 1_800.0,
            echo: None,
            // People answer each other after 0.2 s on average, but machines after a little more: they must be sure.
            take_turn_ms: [400, 900],
            into_agent_ms: [800, 1_600],
            patience_ms: 6_000,
            length_s_max: 190,
        }
    }

    /// The conditions under which public benchmarks measure.
    #[must_use]
    pub fn regular() -> Self {
        Self {
            name: "regular".to_owned(),
            noise_snr_db: Some(15.0),
            noise_drift_db: 3.0,
            bursts_per_minute: 1.0,
            loss: 0.02,
            muffle_probability: 0.2,
            level_drift_db: 2.0,
            pause_ms: Some([300, 700]),
            // Thirty calls give more than a hundred of each, even when some find no occasion.
            interruptions: 5,
            backchannels: 5,
            tics: 6,
            side_talk: 6,
            ..Self::control()
        }
    }

    /// A built-in profile by its name, or one from a TOML file.
    ///
    /// # Errors
    /// A sentence on what is wrong, with file and line.
    pub fn find(name: &str) -> Result<Self, String> {
        match name {
            "control" => Ok(Self::control()),
            "regular" => Ok(Self::regular()),
            file => Self::load(Path::new(file)),
        }
    }

    fn load(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            format!(
                "there is no profile `{shown}`: write control, regular or the name of a TOML file ({error})"
            )
        })?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&name, &text).map_err(|what| format!("{shown}{what}"))
    }

    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let place = |error: &toml::de::Error| {
            let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            format!(":{line}: {}", error.message())
        };
        let mut written: toml::Table = toml::from_str(text).map_err(|error| place(&error))?;
        let base = match written.remove("base") {
            None => Self::control(),
            Some(toml::Value::String(base)) if base == "control" => Self::control(),
            Some(toml::Value::String(base)) if base == "regular" => Self::regular(),
            Some(other) => return Err(format!(": `base` is control or regular, not {other}")),
        };
        let base = Self { name: name.to_owned(), ..base };
        let mut whole = toml::Table::try_from(base).map_err(|error| format!(": {error}"))?;
        whole.extend(written);
        let profile: Self =
            whole.try_into().map_err(|error: toml::de::Error| format!(": {}", error.message()))?;
        profile.check().map_err(|what| format!(": {what}"))?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.voices.is_empty() {
            return Err("`voices` names nobody");
        }
        if !(0.0..0.5).contains(&self.loss) {
            return Err("`loss` is a share below 0.5, such as 0.02");
        }
        if self.loss_burst_ms < 20 || self.drop_ms < 20 {
            return Err("`loss_burst_ms` and `drop_ms` are at least a packet of 20 ms");
        }
        if !(0.0..=1.0).contains(&self.muffle_probability) || !(0.0..=1.0).contains(&self.in_silence) {
            return Err("`muffle_probability` and `in_silence` lie between 0 and 1");
        }
        if !(0.0..=60.0).contains(&self.bursts_per_minute) {
            return Err("`bursts_per_minute` lies between 0 and 60");
        }
        if self.take_turn_ms[0] < 300 {
            return Err("`take_turn_ms` is at least 300: a shorter silence lies inside a sentence");
        }
        Ok(())
    }
}

impl std::str::FromStr for Echo {
    type Err = String;

    /// `200ms,-12dB`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(',').and_then(|(delay, level)| {
            let delay_ms = delay.trim().strip_suffix("ms")?.trim().parse().ok()?;
            let db = level.trim().strip_suffix("dB")?.trim().parse().ok()?;
            Some(Self { delay_ms, db })
        });
        parsed.ok_or_else(|| format!("`{text}` is no echo: write delay and level as 200ms,-12dB"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let text = "base = \"regular\"\nnoise_snr_db = 10.0\necho = { delay_ms = 200, db = -12.0 }\n";
        let profile = Profile::parse("cafe", text).expect("a good profile");
        let echo = Some(Echo { delay_ms: 200, db: -12.0 });
        let wanted =
            Profile { name: "cafe".to_owned(), noise_snr_db: Some(10.0), echo, ..Profile::regular() };
        assert_eq!(profile, wanted);
        let quiet = Profile::parse("quiet", "loss = 0.1").expect("a good profile");
        assert_eq!(quiet, Profile { name: "quiet".to_owned(), loss: 0.1, ..Profile::control() });
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("noise_snr = 10.0", "noise_snr"),
            ("loss = 0.9", "below 0.5"),
            ("loss = ", ":1:"),
            ("base = \"harsh\"", "control or regular"),
            ("voices = []", "nobody"),
            ("take_turn_ms = [100, 200]", "at least 300"),
        ] {
            let mistake = Profile::parse("bad", text).expect_err("a bad profile");
            assert!(mistake.contains(part), "{text}: {mistake}");
        }
        assert!(Profile::find("nowhere.toml").expect_err("no file").contains("control, regular"));
    }

    #[test]
    fn an_echo_is_written_as_delay_and_level() {
        assert_eq!("200ms,-12dB".parse(), Ok(Echo { delay_ms: 200, db: -12.0 }));
        assert!("200,-12".parse::<Echo>().is_err());
    }
}
