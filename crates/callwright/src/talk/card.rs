//! The sound card: which devices there are, and two streams of samples that belong to nobody's thread but the card's.

use std::thread;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Device, FromSample, SampleFormat, SizedSample, Stream, StreamConfig,
    SupportedStreamConfigRange,
};
use rtrb::{Consumer, Producer, RingBuffer};
use thiserror::Error;
use tokio::sync::mpsc;

/// Why there is no sound.
#[derive(Debug, Error)]
pub enum CardError {
    /// Nothing is there that could be used.
    #[error(
        "there is no sound card to {what}: {reason}\n  \
         Plug one in, or choose a device of `callwright talk --list` with `--{option}`.\n  \
         Without sound, `callwright chat` is the same agent, typed; a browser elsewhere can call through the page of \
         `callwright serve`."
    )]
    None {
        /// `listen with` or `speak through`.
        what: &'static str,
        /// The option that chooses one.
        option: &'static str,
        /// What the system says.
        reason: String,
    },
    /// Nothing has the name.
    #[error("no device is called `{wanted}`: `callwright talk --list` lists them, by number and name")]
    Unknown {
        /// What was asked for.
        wanted: String,
    },
    /// It only does what nothing here can use.
    #[error(
        "the device `{name}` does neither 48 kHz nor 16 kHz in a usable format: choose one that converts, such as \
         `default` or one that begins with `plughw:`"
    )]
    Format {
        /// The device.
        name: String,
    },
}

/// Which way sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the microphone.
    In,
    /// To the speaker.
    Out,
}

/// A device as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name that chooses it.
    pub name: String,
    /// What the system calls it.
    pub what: String,
    /// It can be a microphone.
    pub input: bool,
    /// It can be a speaker.
    pub output: bool,
}

/// All devices, the system's own choice first. A device is there by name; whether it works is seen when it is opened.
pub fn list() -> Vec<Listed> {
    devices().iter().map(listed).collect()
}

/// A stream from the microphone or to the speaker. Sound flows from [`Line::start`] until it is dropped.
pub struct Line<End> {
    /// The device.
    pub name: String,
    /// Samples per second, one channel.
    pub rate: u32,
    /// Our end of the samples.
    pub samples: End,
    stream: Stream,
}

/// Opens a microphone; `troubles` is told what goes wrong with it later.
///
/// # Errors
/// When there is none, or none of this name.
pub fn microphone(
    wanted: Option<&str>,
    troubles: &mpsc::UnboundedSender<String>,
) -> Result<Line<Consumer<i16>>, CardError> {
    let (device, name) = find(wanted, Way::In)?;
    let ranges = device.supported_input_configs().map_err(|error| none(Way::In, &error))?;
    let (config, format) = best(ranges).ok_or_else(|| CardError::Format { name: name.clone() })?;
    let (ring, samples) = RingBuffer::new(ring_samples(config.sample_rate));
    let stream = match format {
        SampleFormat::I16 => record::<i16>(&device, config, ring, troubles),
        SampleFormat::I32 => record::<i32>(&device, config, ring, troubles),
        _ => record::<f32>(&device, config, ring, troubles),
    };
    let stream = stream.map_err(|error| none(Way::In, &error))?;
    Ok(Line { name, rate: config.sample_rate, samples, stream })
}

/// Opens a speaker; `troubles` is told what goes wrong with it later.
///
/// # Errors
/// When there is none, or none of this name.
pub fn speaker(
    wanted: Option<&str>,
    troubles: &mpsc::UnboundedSender<String>,
) -> Result<Line<Producer<i16>>, CardError> {
    let (device, name) = find(wanted, Way::Out)?;
    let ranges = device.supported_output_configs().map_err(|error| none(Way::Out, &error))?;
    let (config, format) = best(ranges).ok_or_else(|| CardError::Format { name: name.clone() })?;
    let (samples, ring) = RingBuffer::new(ring_samples(config.sample_rate));
    let stream = match format {
        SampleFormat::I16 => play::<i16>(&device, config, ring, troubles),
        SampleFormat::I32 => play::<i32>(&device, config, ring, troubles),
        _ => play::<f32>(&device, config, ring, troubles),
    };
    let stream = stream.map_err(|error| none(Way::Out, &error))?;
    Ok(Line { name, rate: config.sample_rate, samples, stream })
}

impl<End> Line<End> {
    /// Lets sound flow, and gives our end away.
    ///
    /// # Errors
    /// When the card refuses.
    pub fn start(self) -> Result<(Flowing, End, u32), CardError> {
        let Self { name, rate, samples, stream } = self;
        stream.play().map_err(|_| CardError::Format { name })?;
        Ok((Flowing { _stream: stream }, samples, rate))
    }
}

/// A stream that flows for as long as this lives.
pub struct Flowing {
    _stream: Stream,
}

/// ALSA tells each device that it tries and fails on standard error; what a person needs of it is in our own errors.
pub fn hush() {
    #[cfg(target_os = "linux")]
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!(%error, "ALSA writes to the terminal");
    }
}

/// The system's own choices first, also where they are not in its list.
fn devices() -> Vec<Device> {
    let host = cpal::default_host();
    let mut all: Vec<Device> = Vec::new();
    let defaults = host.default_input_device().into_iter().chain(host.default_output_device());
    let defaults = defaults.filter(|device| opens(device, Way::In) || opens(device, Way::Out));
    // A list that cannot be had is an empty one.
    let listed = host.devices().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    for device in defaults.chain(listed) {
        if all.iter().all(|known| id(known) != id(&device)) {
            all.push(device);
        }
    }
    all
}

fn listed(device: &Device) -> Listed {
    let what = device.description().map(|what| what.extended().collect::<Vec<_>>().join(", "));
    let (input, output) = (device.supports_input(), device.supports_output());
    // Only the default keeps its directions to itself. To open every device would disturb those who use them.
    let unknown = !input && !output;
    Listed {
        name: id(device),
        what: what.unwrap_or_default(),
        input: input || unknown && opens(device, Way::In),
        output: output || unknown && opens(device, Way::Out),
    }
}

fn opens(device: &Device, way: Way) -> bool {
    match way {
        Way::In => device.supported_input_configs().is_ok(),
        Way::Out => device.supported_output_configs().is_ok(),
    }
}

fn id(device: &Device) -> String {
    device.id().map_or_else(|_| device.to_string(), |id| id.id().to_owned())
}

/// The device of a name, of a number in the list or of a unique part of either name; without one the system's choice.
fn find(wanted: Option<&str>, way: Way) -> Result<(Device, String), CardError> {
    let host = cpal::default_host();
    let Some(wanted) = wanted else {
        let device = match way {
            Way::In => host.default_input_device(),
            Way::Out => host.default_output_device(),
        };
        let device = device.ok_or_else(|| none(way, &"the system names none"))?;
        let name = id(&device);
        return Ok((device, name));
    };
    let all = devices();
    let names: Vec<Listed> = all.iter().map(listed).collect();
    let place = choose(wanted, &names).ok_or_else(|| CardError::Unknown { wanted: wanted.to_owned() })?;
    let device =
        all.into_iter().nth(place).ok_or_else(|| CardError::Unknown { wanted: wanted.to_owned() })?;
    Ok((device, names[place].name.clone()))
}

fn choose(wanted: &str, names: &[Listed]) -> Option<usize> {
    if let Some(exact) = names.iter().position(|device| device.name == wanted) {
        return Some(exact);
    }
    if let Ok(number) = wanted.parse::<usize>() {
        return (1..=names.len()).contains(&number).then(|| number - 1);
    }
    let wanted = wanted.to_lowercase();
    let mut part = names.iter().enumerate().filter(|(_, device)| {
        device.name.to_lowercase().contains(&wanted) || device.what.to_lowercase().contains(&wanted)
    });
    match (part.next(), part.next()) {
        (Some((place, _)), None) => Some(place),
        _ => None,
    }
}

/// The cheapest format that our whole-number resamplers serve: few channels, 48 kHz before 16, 16 bits before more.
fn best(ranges: impl Iterator<Item = SupportedStreamConfigRange>) -> Option<(StreamConfig, SampleFormat)> {
    let usable = ranges.filter_map(|range| {
        let format = [SampleFormat::I16, SampleFormat::F32, SampleFormat::I32]
            .iter()
            .position(|format| *format == range.sample_format())?;
        let rate = RATES
            .iter()
            .position(|rate| (range.min_sample_rate()..=range.max_sample_rate()).contains(rate))?;
        Some(((rate, range.channels(), format), range))
    });
    let ((rate, ..), range) = usable.min_by_key(|(order, _)| *order)?;
    let sample_rate = RATES[rate];
    let frames = sample_rate * PERIOD_MS / 1_000;
    let buffer_size = match range.buffer_size() {
        cpal::SupportedBufferSize::Range { min, max } if (*min..=*max).contains(&frames) => {
            BufferSize::Fixed(frames)
        }
        cpal::SupportedBufferSize::Range { .. } | cpal::SupportedBufferSize::Unknown => BufferSize::Default,
    };
    Some((StreamConfig { channels: range.channels(), sample_rate, buffer_size }, range.sample_format()))
}

fn record<T>(
    device: &Device,
    config: StreamConfig,
    mut ring: Producer<i16>,
    troubles: &mpsc::UnboundedSender<String>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    i16: FromSample<T>,
{
    let channels = usize::from(config.channels.max(1));
    let recorded = move |data: &[T], _: &cpal::InputCallbackInfo| {
        for frame in data.chunks_exact(channels) {
            // A real card never finds the ring full. A file that plays the card is read as fast as we let it.
            let full_since = ring.is_full().then(Instant::now);
            while full_since.is_some_and(|since| since.elapsed() < RECORD_WAIT)
                && ring.is_full()
                && !ring.is_abandoned()
            {
                thread::sleep(NAP);
            }
            let sum: i32 = frame.iter().map(|sample| i32::from(i16::from_sample_(*sample))).sum();
            let mean = sum / i32::try_from(channels).unwrap_or(1);
            // No room after all that waiting: nobody takes sound any more.
            let _nobody_listens = ring.push(i16::try_from(mean).unwrap_or_default());
        }
    };
    device.build_input_stream(config, recorded, teller("microphone", troubles), None)
}

fn play<T>(
    device: &Device,
    config: StreamConfig,
    mut ring: Consumer<i16>,
    troubles: &mpsc::UnboundedSender<String>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample + FromSample<i16>,
{
    let channels = usize::from(config.channels.max(1));
    let played = move |data: &mut [T], _: &cpal::OutputCallbackInfo| {
        let wanted = data.len() / channels;
        // Sound comes every 20 ms. Whoever asks sooner waits: a card that is a moment early, or a file that plays the card.
        let length = Duration::from_micros(wanted as u64 * 1_000_000 / u64::from(config.sample_rate.max(1)));
        let patience = Instant::now() + length + NAP;
        while ring.slots() < wanted && Instant::now() < patience {
            thread::sleep(NAP);
        }
        for frame in data.chunks_exact_mut(channels) {
            frame.fill(T::from_sample_(ring.pop().unwrap_or(0)));
        }
    };
    device.build_output_stream(config, played, teller("speaker", troubles), None)
}

/// Passes on what a person should know. A card that fell behind goes on by itself.
fn teller(
    what: &'static str,
    troubles: &mpsc::UnboundedSender<String>,
) -> impl FnMut(cpal::Error) + Send + 'static {
    let troubles = troubles.clone();
    move |error| match error.kind() {
        cpal::ErrorKind::Xrun | cpal::ErrorKind::DeviceChanged | cpal::ErrorKind::RealtimeDenied => {
            tracing::debug!(what, %error, "the sound card fell behind");
        }
        // The talk is over when nobody takes the word.
        _ => drop(troubles.send(format!("the {what} failed: {error}"))),
    }
}

fn none(way: Way, reason: &dyn std::fmt::Display) -> CardError {
    let (what, option) = match way {
        Way::In => ("listen with", "input"),
        Way::Out => ("speak through", "output"),
    };
    CardError::None { what, option, reason: reason.to_string() }
}

const fn ring_samples(rate: u32) -> usize {
    (rate / 1_000 * RING_MS) as usize
}

/// Whole multiples of our 16 kHz, best first: nearly all cards run at 48 kHz by themselves.
const RATES: [u32; 2] = [48_000, 16_000];
/// What the card is asked to deliver at a time: a frame.
const PERIOD_MS: u32 = 20;
/// Sound between the card and the leg. More would be heard as delay, less as gaps when the machine is busy.
const RING_MS: u32 = 200;
/// Long enough for a machine that is busy, short enough to end when the talk has.
const RECORD_WAIT: Duration = Duration::from_millis(1_000);
const NAP: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_chosen_by_name_number_or_a_part_that_only_it_has() {
        let device = |name: &str, what: &str| Listed {
            name: name.to_owned(),
            what: what.to_owned(),
            input: true,
            output: true,
        };
        let names = [device("default", "Default"), device("hw:0", "USB Headset"), device("hw:1", "Webcam")];
        for (wanted, place) in [
            ("default", Some(0)),
            ("hw:1", Some(2)),
            ("2", Some(1)),
            ("headset", Some(1)),
            ("hw", None),
            ("4", None),
            ("0", None),
            ("nothing", None),
        ] {
            assert_eq!(choose(wanted, &names), place, "{wanted}");
        }
    }
}
